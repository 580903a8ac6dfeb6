"""Crashes, and what happens between two calls.

A scheduler or a person's request reaches the store only through a faulty store. Around any call the process may die: before, then
nothing happened, or after, then all of it did and nobody was told (an ambiguous commit). And around any call others may act, so that
whatever was read a moment ago is old.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, cast

from taskhouse.ports.recurring_store import RecurringStore

_VERBS = frozenset(name for name in vars(RecurringStore) if not name.startswith("_"))


class Crash(BaseException):
    """The process that made a call dies: nobody catches it, and everything that the process kept in memory is lost."""


class Interruptions(Protocol):
    """What may happen around a call of `who`. Raises `Crash` when its process dies there."""

    def around(self, who: str, verb: str, *, after: bool) -> None: ...


def faulty(store: RecurringStore, who: str, interruptions: Interruptions) -> RecurringStore:
    """The store as one process sees it."""
    return cast(RecurringStore, _FaultyStore(store, who, interruptions))


class _FaultyStore:
    def __init__(self, store: RecurringStore, who: str, interruptions: Interruptions) -> None:
        self._store = store
        self._who = who
        self._interruptions = interruptions

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        if verb not in _VERBS:
            raise AttributeError(verb)
        call = partial(self._call, verb, getattr(self._store, verb))
        setattr(self, verb, call)
        return call

    def _call(self, verb: str, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._interruptions.around(self._who, verb, after=False)
        found = method(*args, **kwargs)
        self._interruptions.around(self._who, verb, after=True)
        return found
