"""Use cases of recurring instances: generation, what runs, operations, and what pages show of them."""
