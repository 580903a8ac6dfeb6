"""The tunnel: bulk transfer of tables and results, as records or as Arrow."""
