"""A node's code with its parameters filled in, as the attempts of one instance run it (D-39)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from taskhouse.domain.parameters import Parameters, read_parameters
from taskhouse.domain.published import ProgramKind, PublishedNode, PublishedTask
from taskhouse.domain.recurring import Environment

_KEEPS_UNKNOWN = (ProgramKind.SHELL, ProgramKind.PYTHON)
"""In these languages `${name}` may mean something of their own."""


@dataclass(frozen=True, slots=True)
class Times:
    """Of an instance. `zone` is the tenant's, in which scheduled times are written."""

    bizdate: date
    due_at: datetime
    zone: tzinfo

    @property
    def wall_clock(self) -> datetime:
        return self.due_at.astimezone(self.zone).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Filled:
    code: str
    parameters: Mapping[str, str]


def fill(task: PublishedTask, node: PublishedNode, instance: int, times: Times) -> Filled:
    """Raises `Fault` when the code or a parameter names what does not exist. `instance`: id of the recurring instance."""
    program = node.program
    system = {"nodeid": node.id, "taskid": str(instance), "project": program.project, "unit": _unit(task)}
    parameters = Parameters(times.bizdate, times.wall_clock, read_parameters(program.parameters), system)
    code = parameters.substitute(program.code, keep_unknown=program.kind in _KEEPS_UNKNOWN)
    return Filled(code, parameters.values())


def fill_again(node: PublishedNode, values: Mapping[str, str], times: Times) -> str:
    """The code of an attempt from the parameters that it was recorded with. Raises `Fault` as `fill`."""
    parameters = Parameters(times.bizdate, times.wall_clock, values)
    return parameters.substitute(node.program.code, keep_unknown=node.program.kind in _KEEPS_UNKNOWN)


def _unit(task: PublishedTask) -> str:
    """The business unit's name as code sees it: the development environment has one of its own."""
    suffix = "_dev" if task.environment is Environment.DEV and task.business_unit else ""
    return task.business_unit + suffix
