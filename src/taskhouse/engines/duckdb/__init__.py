"""The embedded engine: DuckDB inside the server's process."""
