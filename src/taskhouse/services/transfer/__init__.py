"""Integration tasks: rows from a file or a database into a table, or from a table out into one of them."""
