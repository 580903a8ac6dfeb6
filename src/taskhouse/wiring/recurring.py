"""The recurring side of a server: a scheduler for each environment, with the executor that fits what the server is for."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import date, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from taskhouse.domain.recurring import Environment
from taskhouse.ports.executor import Executor
from taskhouse.ports.instance_store import StoreUnusableError
from taskhouse.scheduler.clock import SettableClock
from taskhouse.scheduler.recurring.core import RecurringScheduler
from taskhouse.scheduler.recurring.loop import RecurringLoop
from taskhouse.services.recurring.held_executor import HeldExecutor
from taskhouse.services.recurring.rehearsal import Placed, Rehearsal
from taskhouse.services.recurring.run_attempt import TaskInstanceExecutor
from taskhouse.services.world import World

TOPIC = "recurring"
"""Of `ports.events`: recurring instances were changed by an operation, or the clock was set."""

_REHEARSAL_FILE = "rehearsal.clock"


class RehearsalError(StoreUnusableError):
    """The home is for rehearsals and the server is not, or the other way round."""


def check_purpose(home: Path, world: World, *, rehearsal: bool) -> None:
    """Raises `RehearsalError`: what was rehearsed never mixes with what is real."""
    is_of_rehearsal = (home / _REHEARSAL_FILE).exists()
    if is_of_rehearsal and not rehearsal:
        raise RehearsalError(f"the home {home} is one of rehearsals; serve it with --rehearsal, or another one without")
    if rehearsal and not is_of_rehearsal and has_instances(world):
        raise RehearsalError(f"the home {home} has real recurring instances; rehearse in another home (--home)")


def has_instances(world: World) -> bool:
    return any(world.recurring.generated(environment, date.min) for environment in Environment)


def rehearsing(home: Path, world: World) -> World:
    """The same world with a clock of its own for everything recurring."""
    clock = SettableClock(home / _REHEARSAL_FILE, lambda: world.events.publish(TOPIC))
    return replace(world, clock=clock)


def tenant_zone(world: World) -> tzinfo:
    """The tenant's once there is one, before that the zone that the server works in."""
    revision, organisation = world.workspace.organisation()
    return ZoneInfo(organisation.tenant.time_zone if revision else world.time_zone)


class Recurring:
    """Schedulers of both environments. `world` has the clock that they go by."""

    def __init__(self, world: World, *, rehearsal: bool) -> None:
        self._zone: Callable[[], tzinfo] = lambda: tenant_zone(world)
        placed: Placed = {}
        held = (
            {environment: HeldExecutor(world.recurring, self._zone) for environment in Environment} if rehearsal else {}
        )
        name = f"scheduler-{secrets.token_hex(4)}"
        self._loops = [
            self._loop(
                world, environment, held.get(environment) or TaskInstanceExecutor(world, self._zone), name, placed
            )
            for environment in Environment
        ]
        self.world = world
        if rehearsal:
            assert isinstance(world.clock, SettableClock)
            stage = Rehearsal(
                world.recurring, world.books, world.clock, held, self._zone, self.settle, placed, self.owner_of
            )
            self.world = replace(world, rehearsal=stage)

    def owner_of(self, environment: Environment) -> str:
        """The scheduler that answers for an environment's live runs now."""
        return self._loops[list(Environment).index(environment)].owner

    def start(self) -> None:
        """After the task instances of a dead server were settled."""
        for loop in self._loops:
            loop.start()

    def drain(self) -> None:
        """Begin no attempt any more."""
        for loop in self._loops:
            loop.drain()

    def stop(self) -> None:
        """Write what has ended, and end."""
        for loop in self._loops:
            loop.stop()

    def settle(self, timeout_s: float) -> bool:
        """Wait until the schedulers have worked through what is known now; False when that takes longer."""
        return all(loop.settle(timeout_s) for loop in self._loops)

    def _loop(
        self, world: World, environment: Environment, executor: Executor, name: str, placed: Placed
    ) -> RecurringLoop:
        scheduler = RecurringScheduler(
            world.recurring,
            world.books.of(environment),
            executor,
            name,
            self._zone,
            slots=lambda: world.workspace.tenant().resource_groups,
            placed=placed,
        )
        return RecurringLoop(
            scheduler,
            world.recurring,
            environment,
            executor,
            world.clock,
            self._zone,
            lambda callback: world.events.watch(TOPIC, callback),
        )
