"""Task instances: the queue, attempts and their outcomes, results and progress."""

from __future__ import annotations

from typing import Protocol


class InstanceStore(Protocol):
    """Verbs on the metadata store. Every method is synchronous, is one transaction, and takes the time as an argument."""
