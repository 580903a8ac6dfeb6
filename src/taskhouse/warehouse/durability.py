"""Bytes that must survive a power cut are flushed here, and nowhere by hope."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_PARALLEL_FROM = 16
_THREADS = 8


def flush(path: str | Path) -> None:
    """fsync one file or folder. A folder's flush makes the names in it durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_all(paths: Iterable[str | Path]) -> None:
    """fsync many, side by side when there are many: the disk orders them better than we do."""
    listed = list(paths)
    if len(listed) < _PARALLEL_FROM:
        for path in listed:
            flush(path)
        return
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="flush") as pool:
        for _ in pool.map(flush, listed):
            pass


def make_folders(base: Path, relative: Iterable[str]) -> set[str]:
    """Create folders below `base`; returns every folder whose names changed and that wants a flush, parents included."""
    changed: set[str] = set()
    known: set[str] = set()
    for path in relative:
        missing: list[str] = []
        at = path
        while at and at not in known and not os.path.isdir(base / at):
            missing.append(at)
            at = os.path.dirname(at)
        for folder in reversed(missing):
            (base / folder).mkdir(exist_ok=True)
            changed.add(str(base / os.path.dirname(folder)))
        known.add(path)
        changed.add(str(base / path))
    return changed
