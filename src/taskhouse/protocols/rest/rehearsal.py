"""Routes that only a rehearsal has: its clock, generation on demand, and how attempts end.

They answer when the schedulers have worked through what follows, and so do operations on a rehearsal: what is read afterwards is final
until the next call.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import msgspec

from taskhouse.domain.attempts import FailReason
from taskhouse.domain.calendar import bizdate_of, bizdate_text, read_bizdate
from taskhouse.domain.node_state import NodeState
from taskhouse.domain.recurring import Environment
from taskhouse.domain.status import NodeStatus, display_label
from taskhouse.protocols.rest.errors import bad_request, forbidden
from taskhouse.protocols.rest.operations import word
from taskhouse.protocols.rest.routing import Call, Nothing, Routes
from taskhouse.services.recurring.rehearsal import Rehearsal

_EARLIEST, _LATEST = date(1970, 1, 3), date(9000, 1, 1)


class ClockBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`now` with its zone: `2026-03-01T18:00:00+08:00`, or with `Z` for UTC."""

    now: Annotated[str, msgspec.Meta(max_length=64, examples=["2026-03-01T18:00:00+08:00"])]


class ClockView(msgspec.Struct, frozen=True):
    """`now` in UTC, `local` in the tenant's `time_zone`."""

    now: datetime
    local: datetime
    time_zone: str


class GenerateBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`run_date`: the day on which the instances are scheduled (`2026-03-02`); their data timestamp is the day before."""

    run_date: Annotated[str, msgspec.Meta(max_length=16)]
    environment: str = "PROD"


class GeneratedView(msgspec.Struct, frozen=True):
    """`added`: how many instances are new; generating a date again adds what is missing."""

    added: int
    bizdate: str
    environment: str


class FinishBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`outcome`: success or failed. `reason` of a failure: ERROR, TIMEOUT, LOST, QUALITY_STRONG; ERROR without it. `message` goes
    to the run log."""

    outcome: str
    reason: str | None = None
    message: Annotated[str, msgspec.Meta(max_length=10_000)] = ""


class StatusBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`status`: INIT, WAIT_SCHEDULE, DISPATCH_BLOCKED, WAIT_RESOURCE, RUNNING, SUCCESS or FAILED. The scheduler moves the node on
    from there; `paused` keeps it where it is."""

    status: str
    paused: bool = False


class NodeStateView(msgspec.Struct, frozen=True):
    """A node instance after what followed. `label`: the status as pages show it. `run`: the serial of the latest entry of its run log."""

    id: int
    status: str
    label: str
    paused: bool
    attempt: int
    run: int
    reason: str | None
    started_at: datetime | None
    ended_at: datetime | None
    retry_at: datetime | None


def rehearsal_routes(rehearsal: Rehearsal) -> Routes:
    routes = Routes("rehearsal")

    def clock_view() -> ClockView:
        now, zone = rehearsal.clock.now(), rehearsal.zone()
        return ClockView(now, now.astimezone(zone), str(zone))

    @routes.get("/rehearsal/clock", reply=ClockView)
    def get_rehearsal_clock(call: Call[Nothing, None]) -> ClockView:
        """What time it is in the rehearsal."""
        return clock_view()

    @routes.put(
        "/rehearsal/clock",
        body=ClockBody,
        reply=ClockView,
        errors=(403,),
        example=ClockBody("2026-03-01T18:00:00+08:00"),
    )
    def set_rehearsal_clock(call: Call[Nothing, ClockBody]) -> ClockView:
        """Set the rehearsal's clock; whatever is due by then happens then."""
        _check(call)
        rehearsal.set_clock(_moment(call.body.now))
        return clock_view()

    @routes.post(
        "/rehearsal/generate",
        body=GenerateBody,
        reply=GeneratedView,
        errors=(403,),
        example=GenerateBody("2026-03-02"),
    )
    def generate_in_rehearsal(call: Call[Nothing, GenerateBody]) -> GeneratedView:
        """Generate the instances of a run date now, whatever the clock says."""
        _check(call)
        run_date = read_bizdate(call.body.run_date)
        if not _EARLIEST <= run_date <= _LATEST:
            raise bad_request(f"'run_date' must lie between {_EARLIEST} and {_LATEST}", "run_date")
        environment = word(Environment, "environment", call.body.environment)
        added = rehearsal.generate(run_date, environment)
        return GeneratedView(added, bizdate_text(bizdate_of(run_date)), environment.value)

    @routes.post(
        "/rehearsal/node-instances/{id}/finish",
        body=FinishBody,
        reply=NodeStateView,
        errors=(403, 404, 409),
        example=FinishBody("success"),
    )
    def finish_attempt(call: Call[Nothing, FinishBody]) -> NodeStateView:
        """End the attempt that a node instance is held with."""
        _check(call)
        body = call.body
        outcome = body.outcome.lower()
        if outcome not in ("success", "failed"):
            raise bad_request(f"'outcome': '{body.outcome}' is not one of success, failed", "outcome")
        reason = None
        if outcome == "failed":
            reason = word(FailReason, "reason", body.reason or FailReason.ERROR.value)
        elif body.reason is not None:
            raise bad_request("'reason' belongs to the outcome failed", "reason")
        return _node_view(rehearsal.finish(call.number(), reason, body.message))

    @routes.put(
        "/rehearsal/node-instances/{id}/status",
        body=StatusBody,
        reply=NodeStateView,
        errors=(403, 404, 409),
        example=StatusBody("FAILED"),
    )
    def put_node_in_status(call: Call[Nothing, StatusBody]) -> NodeStateView:
        """Put a node instance in a status, as if it had got there by itself."""
        _check(call)
        status = word(NodeStatus, "status", call.body.status)
        return _node_view(rehearsal.set_status(call.number(), status, paused=call.body.paused))

    return routes


def _check(call: Call[Any, Any]) -> None:
    if not call.actor.super_admin:
        raise forbidden("only administrators direct a rehearsal")


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise bad_request(f"'now': '{text}' is not a time; write it like 2026-03-01T18:00:00+08:00", "now") from None
    if found.tzinfo is None:
        raise bad_request(f"'now': '{text}' needs a zone; write it like 2026-03-01T18:00:00+08:00", "now")
    if not _EARLIEST.year <= found.year <= _LATEST.year:
        raise bad_request(f"'now' must lie between {_EARLIEST} and {_LATEST}", "now")
    return found


def _node_view(state: NodeState) -> NodeStateView:
    return NodeStateView(
        state.id,
        state.status.value,
        display_label(state.status, paused=state.paused),
        state.paused,
        state.attempt,
        state.run,
        None if state.reason is None else state.reason.value,
        state.started_at,
        state.ended_at,
        state.retry_at,
    )
