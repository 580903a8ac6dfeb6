"""What a server offers beyond the core, and how it names things: switches of whoever runs it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Features:
    """`aiops`: the Gantt chart with its critical path. `download_name`: how the file begins that holds the list of instances."""

    aiops: bool = True
    download_name: str = "Dataphin_recurring_instance"
