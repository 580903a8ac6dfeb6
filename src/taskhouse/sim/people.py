"""People who operate: they look, read, ask; between looking and asking the world goes on.

They go through the use cases that the console, the CLI and programs go through. Some ask again with the same request id when no
answer came, some present what they saw long ago.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

from taskhouse.domain.calendar import bizdate_of
from taskhouse.domain.faults import Fault
from taskhouse.domain.limits import Limits
from taskhouse.domain.operations.plan import Plan
from taskhouse.domain.operations.request import Batch, Request
from taskhouse.domain.recurring import Environment
from taskhouse.domain.roles import Actor, ProjectRole
from taskhouse.ports.recurring_store import RecurringStore
from taskhouse.services.recurring.apply_operation import Applied, apply
from taskhouse.services.recurring.book import Books
from taskhouse.services.recurring.preview_operation import decided, preview
from taskhouse.services.world import ABSENT, World
from taskhouse.sim.naive import check_plan
from taskhouse.sim.requests import random_request

ACTORS = (
    Actor("root", super_admin=True),
    Actor("ann", roles={"shop": frozenset({ProjectRole.OPERATOR})}),
    Actor("bob", roles={"shop": frozenset({ProjectRole.DEVELOPER}), "crm": frozenset({ProjectRole.VISITOR})}),
)


@dataclass
class _Clock:
    now: Callable[[], datetime]


class _NobodyWaits:
    def publish(self, topic: str) -> None:
        """The schedulers of the simulated world are woken by chance."""

    def watch(self, topic: str, callback: Callable[[], None]) -> Callable[[], None]:
        return lambda: None


@dataclass
class _Ids:
    """Counted, so that a seed gives the same world again."""

    last: int = 0

    def token(self) -> str:
        self.last += 1
        return f"batch-{self.last}"


@dataclass
class Asked:
    """A request whose answer never came."""

    actor: Actor
    request: Request | Batch
    digest: str
    id: str


@dataclass
class Desk:
    """From where people work: a process with books of its own over the store as it sees it."""

    name: str
    store: RecurringStore
    rng: Random
    now: Callable[[], datetime]
    wrong: list[str]
    say: Callable[[str], None]
    shown: Callable[[Plan], None]
    """Told of each plan that somebody was shown and may apply."""
    unanswered: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        absent: dict[str, Any] = dict.fromkeys(
            ("instances", "catalogue", "access", "sessions", "models", "algorithms", "warehouse", "engine"), ABSENT
        )
        ids: Any = _Ids()
        clock: Any = _Clock(self.now)
        self.world = World(
            **absent,
            events=_NobodyWaits(),
            clock=clock,
            ids=ids,
            limits=Limits(),
            blobs=Path(),
            recurring=self.store,
            books=Books(self.store),
        )

    def ask(self, environment: Environment, meanwhile: Callable[[], None]) -> None:
        """Somebody looks at an environment and asks for something. `meanwhile` is what happens while they read the preview."""
        rng = self.rng
        if self.unanswered and rng.random() < 0.5:
            self._apply(self.unanswered.pop())
            return
        actor = rng.choice(ACTORS) if rng.random() < 0.4 else ACTORS[0]
        book = self.world.books.of(environment)
        book.cover(map(bizdate_of, self.store.generated(environment, date.min)))
        book.refresh()
        snapshot = book.snapshot(actor)
        if not snapshot.graph.instances:
            return
        request = random_request(rng, snapshot)
        in_full = rng.random() < 0.2
        seen = preview(self.world, actor, request) if in_full else decided(self.world, book, actor, request)
        if seen.plan is not None and seen.is_accepted and not isinstance(request, Batch):
            self.wrong.extend(check_plan(request, seen.plan, seen.moment.snapshot))
            self.shown(seen.plan)
        if rng.random() < 0.3:
            meanwhile()
        self._apply(Asked(actor, request, seen.digest, f"r{rng.getrandbits(40)}" if rng.random() < 0.5 else ""))

    def _apply(self, asked: Asked) -> None:
        if asked.id:
            self.unanswered.append(asked)
        try:
            applied = apply(self.world, asked.actor, asked.request, digest=asked.digest, request_id=asked.id)
        except Fault as fault:
            self.say(f"{asked.actor.user} is told: {fault.message}")
        else:
            self._tell(asked, applied)
        if asked.id:
            self.unanswered.pop()

    def _tell(self, asked: Asked, applied: Applied) -> None:
        if applied.refusals:
            name = type(asked.request).__name__
            self.say(f"{asked.actor.user} is refused {name}: {applied.refusals[0].code.value}")
