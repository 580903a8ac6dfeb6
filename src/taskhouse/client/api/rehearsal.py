"""What only a rehearsal has (`taskhouse serve --rehearsal`): its clock, generation on demand, how attempts end."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from taskhouse.client.api.transport import Transport


class Clock(msgspec.Struct, frozen=True):
    """`now` in UTC, `local` in the tenant's `time_zone`."""

    now: datetime
    local: datetime | None = None
    time_zone: str = ""


class Generated(msgspec.Struct, frozen=True):
    """`added`: how many instances are new."""

    added: int
    bizdate: str = ""
    environment: str = ""


class NodeState(msgspec.Struct, frozen=True):
    """A node instance after what followed. `label`: the status as pages show it."""

    id: int
    status: str = ""
    label: str = ""
    paused: bool = False
    attempt: int = 0
    run: int = 0
    reason: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    retry_at: datetime | None = None


class Rehearsal:
    """Requests answer when the schedulers have worked through what follows."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def clock(self) -> Clock:
        return self._transport.get("/rehearsal/clock", Clock)

    def set_clock(self, now: datetime | str) -> Clock:
        """`now` with its zone. Whatever is due by then happens."""
        text = now if isinstance(now, str) else now.isoformat()
        return self._transport.put("/rehearsal/clock", {"now": text}, Clock)

    def generate(self, run_date: date | str, environment: str = "PROD") -> Generated:
        """The instances of a run date, whatever the clock says."""
        text = run_date if isinstance(run_date, str) else run_date.isoformat()
        return self._transport.post("/rehearsal/generate", {"run_date": text, "environment": environment}, Generated)

    def finish(
        self, node_instance: int, outcome: str = "success", *, reason: str | None = None, message: str = ""
    ) -> NodeState:
        """End the attempt that a node instance is held with: `success`, or `failed` for a `reason`."""
        body = {"outcome": outcome, "reason": reason, "message": message}
        return self._transport.post(f"/rehearsal/node-instances/{node_instance}/finish", body, NodeState)

    def set_status(self, node_instance: int, status: str, *, paused: bool = False) -> NodeState:
        """Put a node instance in a status, as if it had got there by itself."""
        body = {"status": status, "paused": paused}
        return self._transport.put(f"/rehearsal/node-instances/{node_instance}/status", body, NodeState)
