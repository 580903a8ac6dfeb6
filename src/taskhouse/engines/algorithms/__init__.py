"""The algorithms of `algo_public`: one module each, which defines `ALGORITHM`. A new module is a new algorithm."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from taskhouse.ports.algorithms import Algorithm

NOT_ALGORITHMS = frozenset({"sql_text", "pmml"})
"""Modules of this package that algorithms share."""


class AlgorithmRegistry:
    """Finds the modules of this package once. Their imports are light: heavy libraries are imported when they compute."""

    def __init__(self) -> None:
        modules = [m.name for m in iter_modules(__path__) if m.name not in NOT_ALGORITHMS]
        found: list[Algorithm] = [import_module(f"{__name__}.{name}").ALGORITHM for name in modules]
        self._by_name = {algorithm.name.lower(): algorithm for algorithm in found}

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(algorithm.name for algorithm in self._by_name.values()))

    def get(self, name: str) -> Algorithm | None:
        return self._by_name.get(name.lower())
