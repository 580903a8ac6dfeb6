"""Projects, schemas, tables, partitions, resources and functions."""

from __future__ import annotations

from typing import Protocol


class CatalogueStore(Protocol):
    """Verbs on the metadata store. Every method is synchronous, is one transaction, and takes the time as an argument."""
