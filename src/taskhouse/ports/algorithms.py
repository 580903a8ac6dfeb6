"""What the XFlow use cases need of an algorithm: its parameters, its plan of actions, and what its own code computes.

An algorithm turns a request into *actions*, each of which becomes a sub-instance. An action is SQL text that runs like any
other (so it has stages, progress, privileges and a result of its own), or a *computation*: rows chosen by SQL, handed to the
algorithm's code. Planning happens when the XFlow is submitted, against the tables as they are then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from taskhouse.domain.catalogue import Table


class ParameterKind(Enum):
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "true or false"
    INPUT_TABLE = "name of an existing table"
    OUTPUT_TABLE = "name of a new table"
    PARTITIONS = "partitions such as ds=20240101,region=a; several separated by ;"
    COLUMNS = "column names separated by commas"
    MODEL = "name of a model"


@dataclass(frozen=True, slots=True)
class Parameter:
    """`default` is used when the parameter is absent; empty means absent. `choices`, if any, are the only values.
    `minimum` and `maximum` (inclusive) bound numbers."""

    name: str
    kind: ParameterKind
    meaning: str
    required: bool = False
    default: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Arguments:
    """Checked values of a request. `texts` holds every parameter that was given or has a default. `tables` the input tables
    by parameter name."""

    texts: Mapping[str, str]
    tables: Mapping[str, Table] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The value, empty when absent."""
        return self.texts.get(name, "")

    def number(self, name: str) -> float:
        return float(self.texts[name])

    def flag(self, name: str) -> bool:
        return self.texts.get(name, "false").lower() == "true"

    def columns(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text(name).split(",") if part.strip())


@dataclass(frozen=True, slots=True)
class SqlAction:
    """One or more statements in script mode."""

    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Computation:
    """`query` chooses the rows; `Algorithm.compute` gets them."""

    name: str
    query: str


Action = SqlAction | Computation


@dataclass(frozen=True, slots=True)
class Model:
    """A trained model. `document` is PMML text."""

    name: str
    document: str


@dataclass(frozen=True, slots=True)
class Computed:
    """`report` is shown as the sub-instance's result. `figures` are facts for its summary."""

    report: str
    model: Model | None = None
    figures: Mapping[str, object] = field(default_factory=dict)


class Algorithm(Protocol):
    """All of it is a pure function of its arguments: no store, no clock, no files but the given one."""

    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        ...

    @property
    def parameters(self) -> tuple[Parameter, ...]: ...

    def plan(self, arguments: Arguments) -> tuple[Action, ...]:
        """The actions in the order they run. Raises `Fault` INVALID_PARAMETER when the arguments do not fit one another or the table."""
        ...

    def compute(self, action: str, arguments: Mapping[str, str], rows_file: str) -> Computed:
        """Run the computation `action`. `rows_file` is an Arrow IPC file in the stored form. Raises `Fault` RUNTIME for data it
        cannot work with."""
        ...


class Algorithms(Protocol):
    """The registry."""

    def names(self) -> tuple[str, ...]: ...

    def get(self, name: str) -> Algorithm | None:
        """By name, in any case of letters."""
        ...
