"""Users, access keys, roles, grants, policies and tokens."""

from __future__ import annotations

from typing import Protocol


class AccessStore(Protocol):
    """Verbs on the metadata store. Every method is synchronous, is one transaction, and takes the time as an argument."""
