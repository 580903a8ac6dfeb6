"""What a check of a diagnosis found: a code with values, from which every language builds its sentence, and the English one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import Enum

Value = str | int


class Finding(Enum):
    """The value is the sentence, with the names of its values in braces."""

    UPSTREAM_MET = "all upstream succeeded"
    UPSTREAM_UNMET = "{count} upstream not succeeded"
    FORCED = "not asked for: the attempt is forced"
    DUE = "the scheduled time has come"
    NOT_DUE = "waits for {at}"
    ROOM = "no throttling rule holds it"
    NO_ROOM = "a throttling rule has no room"
    SLOT = "it had a slot of resource group '{group}'"
    NO_SLOT = "no free slot in resource group '{group}': {taken} of {slots} are taken"
    NOT_CHECKED = "not checked yet"
    PAUSED = "it is paused; resume it first"
    NOT_RELEASED = "nothing runs by itself in the development environment; force a rerun"
    RUNNING = "attempt {attempt} runs"
    RUNNING_SLOWLY = "attempt {attempt} runs, slower than usual"
    FAILED = "attempt {attempt} failed: {reason}{detail}"
    RETRY_COMES = "attempt {attempt} failed: {reason}{detail}; it is tried again at {at}"
    NEVER_RAN = "it failed without running: {reason}"
    SKIPPED = "its schedule says to skip execution: it fails at its time without running"
    SUCCEEDED = "attempt {attempt} succeeded"
    DRY_RUN = "dry run: marked Succeeded without running"
    SET_TO_SUCCESS = "set to success by hand"
    NEXT = "nothing holds it: the scheduler looks at it next"


@dataclass(frozen=True, slots=True)
class Found:
    finding: Finding
    values: Mapping[str, Value] = field(default_factory=dict)

    def text(self, zone: tzinfo) -> str:
        """In English; times on the tenant's clocks."""
        known = dict(self.values)
        if "at" in known:
            known["at"] = f"{datetime.fromisoformat(str(known['at'])).astimezone(zone):%Y-%m-%d %H:%M:%S}"
        known["detail"] = f", {known['detail']}" if known.get("detail") else ""
        return self.finding.value.format_map(known)


def at(moment: datetime) -> dict[str, Value]:
    """A time among the values."""
    return {"at": moment.isoformat()}
