"""Use cases on projects, schemas, tables, partitions, resources and functions, as the protocol's metadata calls ask for them."""
