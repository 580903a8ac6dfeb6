"""Running attempts in this process: how they are cancelled, and how far they are.

Progress is told many times a second and read now and then, so it lives in memory; the store gets it every
`PERSIST_SECONDS` for the case that the process dies, and once more with the outcome.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Attempt, Instance, Stage, Task

PERSIST_SECONDS = 5.0

Persist = Callable[[Attempt, tuple[Stage, ...]], None]


class Control:
    """One attempt's line to the outside; implements `ports.engine.RunControl`. Safe from any thread.

    `cancel` is called at most a few times: by a stop (`CANCELLED`) or by the server's end (`INTERRUPTED`); the first one counts.
    """

    def __init__(self, attempt: Attempt, persist: Persist) -> None:
        self.attempt = attempt
        self._persist = persist
        self._persisted_at = time.monotonic()
        self._lock = threading.Lock()
        self._stages: tuple[Stage, ...] = ()
        self._interrupt: Callable[[], None] | None = None
        self._fault: Fault | None = None
        self._output: Callable[[], str] | None = None

    @property
    def output(self) -> str:
        """What the attempt has written so far, of those that write a log (scripts, transfers)."""
        return self._output() if self._output is not None else ""

    def show_output(self, output: Callable[[], str]) -> None:
        """From now on `output` tells it; called from any thread."""
        self._output = output

    @property
    def stages(self) -> tuple[Stage, ...]:
        return self._stages

    def report(self, stages: tuple[Stage, ...]) -> None:
        self._stages = stages
        now = time.monotonic()
        if now - self._persisted_at >= PERSIST_SECONDS:
            self._persisted_at = now
            self._persist(self.attempt, stages)

    def on_cancel(self, interrupt: object) -> None:
        with self._lock:
            self._interrupt = cast("Callable[[], None] | None", interrupt)
            call = self._interrupt if self._fault is not None else None
        if call is not None:
            call()

    def check(self) -> None:
        if self._fault is not None:
            raise Fault(self._fault.code, self._fault.message)

    @property
    def fault(self) -> Fault | None:
        """Why the attempt was cancelled, or None."""
        return self._fault

    def cancel(self, fault: Fault) -> None:
        with self._lock:
            if self._fault is None:
                self._fault = fault
            call = self._interrupt
        if call is not None:
            call()


@dataclass(frozen=True, slots=True)
class TaskRun:
    """What a task's runner gets: the whole instance as it was claimed, its task, and the control of this attempt."""

    instance: Instance
    task: Task
    attempt: Attempt
    control: Control


class LiveRuns:
    """The attempts that run in this process, by instance."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._controls: dict[str, Control] = {}
        self.step_aside: Callable[[], None] = lambda: None
        """Said by the runner of a task that waits for a process: its thread does no work of this server from now on, so another may take
        its place in the queue. The process may itself submit tasks and wait for them. The dispatcher puts its own function here."""

    def begin(self, attempt: Attempt, persist: Persist) -> Control:
        control = Control(attempt, persist)
        with self._lock:
            self._controls[attempt.instance_id] = control
        return control

    def end(self, control: Control) -> None:
        with self._lock:
            if self._controls.get(control.attempt.instance_id) is control:
                del self._controls[control.attempt.instance_id]

    def find(self, instance_id: str) -> Control | None:
        return self._controls.get(instance_id)

    def cancel(self, instance_id: str) -> None:
        """Interrupt the attempt that runs for this instance, if one does: its user stopped it."""
        control = self.find(instance_id)
        if control is not None:
            control.cancel(Fault(FaultCode.CANCELLED, f"instance {instance_id} was stopped"))

    def interrupt_all(self, reason: str) -> int:
        """Interrupt everything because the server ends; how many there were."""
        with self._lock:
            controls = list(self._controls.values())
        for control in controls:
            control.cancel(Fault(FaultCode.INTERRUPTED, reason))
        return len(controls)


@dataclass(frozen=True, slots=True)
class Unwatched:
    """The control (`ports.engine.RunControl`) of work that no instance stands for: nobody stops it or asks how far it is."""

    def report(self, stages: tuple[Stage, ...]) -> None:
        pass

    def on_cancel(self, interrupt: object) -> None:
        pass

    def check(self) -> None:
        pass
