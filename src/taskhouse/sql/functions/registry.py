"""The registry: every function that a query may call, as data.

A row has signatures with a template of engine SQL each, or a rule (Python) where a template cannot say it. In a template `{0}`,
`{1}` are arguments, `{args}` all of them; `{d}` is DISTINCT in an aggregate, `{o}` its ORDER BY, `{w}` its FILTER and
OVER: an aggregate's or window function's template must place `{w}` right behind the engine's call. Templates give atoms, and exactly the
engine type of the result. Examples are MaxCompute expressions with the text or value expected; tests run every one.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NoReturn, Protocol

from taskhouse.domain.datatypes import STRING, VOID, DataType, Kind
from taskhouse.domain.faults import Fault, FaultCode, Place
from taskhouse.sql.backends.duckdb import engine_type
from taskhouse.sql.casts import CastRules, civil, convert
from taskhouse.sql.catalogue import BindContext
from taskhouse.sql.functions.signature import Fit, Signature, fit, read_signature, result_type
from taskhouse.sql.typed import Typed


class FunctionKind(Enum):
    SCALAR = "scalar"
    AGGREGATE = "aggregate"
    WINDOW = "window"
    """Needs OVER; aggregates may have it too."""
    TABLE = "table"
    """Gives rows: LATERAL VIEW, or alone in SELECT. Bound by `sql.binder.laterals`."""


class UnboundLambda(Protocol):
    """A lambda argument, `x -> e`; its parameters get types when the function's rule binds it."""

    @property
    def arity(self) -> int: ...

    def bind(self, types: list[DataType]) -> Typed:
        """The whole engine lambda as `sql`, the type of its body as `type`."""
        ...


@dataclass(slots=True)
class Call:
    """One call while it is bound. `args` hold Typed values; a lambda stands in `lambdas` under its index."""

    name: str
    args: list[Typed]
    context: BindContext
    rules: CastRules
    place: Place | None
    lambdas: dict[int, UnboundLambda] = field(default_factory=dict)
    distinct: bool = False
    order: str = ""
    """` ORDER BY ..` of WITHIN GROUP, or empty."""
    tail: str = ""
    """` FILTER (..) OVER (..)`, or empty."""
    ignore_nulls: bool = False
    random: str = ""
    """A random number of the row, for CLUSTER_SAMPLE."""

    @property
    def hive(self) -> bool:
        """odps.sql.hive.compatible."""
        return self.context.flag("odps.sql.hive.compatible", False)

    def fail(self, message: str) -> NoReturn:
        raise Fault(FaultCode.SEMANTIC, f"Semantic analysis exception - {message}", self.place)

    def refuse(self, message: str) -> NoReturn:
        raise Fault(FaultCode.NOT_SUPPORTED, message, self.place)

    def to(self, index: int, target: DataType) -> Typed:
        """Argument `index` as `target`; a fault if there is no such conversion."""
        made = convert(self.args[index], target, self.rules)
        if made is None:
            self.fail(
                f"function {self.name}: argument {index + 1} is {shown(self.args[index].type)}, {shown(target)} is needed"
            )
        return made

    def constant(self, index: int, what: str) -> Any:
        """The constant value of an argument; a fault if it is no constant."""
        value = self.args[index].value
        if value is None:
            self.fail(f"function {self.name}: {what} must be a constant")
        return value

    def text(self, index: int, what: str) -> str:
        value = self.constant(index, what)
        if not isinstance(value, str):
            self.fail(f"function {self.name}: {what} must be a STRING constant")
        return value

    def render(self, template: str, *args: str) -> str:
        distinct = "DISTINCT " if self.distinct else ""
        return template.format(*args, args=", ".join(args), d=distinct, o=self.order, w=self.tail)


Rule = Callable[[Call], Typed]
Example = tuple[str, object]


@dataclass(frozen=True, slots=True)
class Overload:
    signature: Signature
    template: str
    """Empty when the function has a rule."""


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    group: str
    kind: FunctionKind
    overloads: tuple[Overload, ...]
    summary: str
    examples: tuple[Example, ...] = ()
    difference: str = ""
    """How it differs from MaxCompute, or empty."""
    rule: Rule | None = None
    aliases: tuple[str, ...] = ()


FUNCTIONS: dict[str, Function] = {}
"""By lower-case name, aliases included."""
MISSING: dict[str, str] = {}
"""Functions of MaxCompute that are refused by name, with the reason."""


class Group:
    """Fills the registry: one per module of functions."""

    def __init__(self, name: str) -> None:
        self.name = name

    def _add(
        self,
        kind: FunctionKind,
        overloads: str | list[tuple[str, str]],
        template: str | Rule,
        summary: str,
        examples: tuple[Example, ...],
        difference: str,
        aliases: str,
    ) -> None:
        rule = None if isinstance(template, str) else template
        if isinstance(overloads, str):
            overloads = [(text.strip(), template if isinstance(template, str) else "") for text in overloads.split(";")]
        made = tuple(Overload(read_signature(text), body) for text, body in overloads)
        name = made[0].signature.name
        function = Function(name, self.name, kind, made, summary, examples, difference, rule, tuple(aliases.split()))
        for key in (name, *function.aliases):
            if key in FUNCTIONS:
                raise ValueError(f"function {key} is registered twice")
            FUNCTIONS[key] = function

    def scalar(
        self,
        overloads: str | list[tuple[str, str]],
        template: str | Rule,
        summary: str,
        *examples: Example,
        difference: str = "",
        aliases: str = "",
    ) -> None:
        self._add(FunctionKind.SCALAR, overloads, template, summary, examples, difference, aliases)

    def aggregate(
        self,
        overloads: str | list[tuple[str, str]],
        template: str | Rule,
        summary: str,
        *examples: Example,
        difference: str = "",
        aliases: str = "",
    ) -> None:
        self._add(FunctionKind.AGGREGATE, overloads, template, summary, examples, difference, aliases)

    def window(
        self,
        overloads: str | list[tuple[str, str]],
        template: str | Rule,
        summary: str,
        *examples: Example,
        difference: str = "",
        aliases: str = "",
    ) -> None:
        self._add(FunctionKind.WINDOW, overloads, template, summary, examples, difference, aliases)

    def table(self, signature: str, summary: str, *examples: Example, difference: str = "") -> None:
        self._add(FunctionKind.TABLE, signature, _no_rule, summary, examples, difference, "")

    def missing(self, reason: str, names: str) -> None:
        """Names of MaxCompute functions that are refused."""
        for name in names.split():
            MISSING[name] = reason


def _no_rule(call: Call) -> Typed:
    call.fail(f"table function {call.name} can stand only in LATERAL VIEW or alone in SELECT")


def shown(type_: DataType) -> str:
    """A type as error messages print it."""
    return type_.in_capitals()


def bind_call(function: Function, call: Call) -> Typed:
    """Choose the overload, convert the arguments, and render. Raises `Fault` (SEMANTIC) if none fits."""
    given: list[DataType | None] = [None if i in call.lambdas else a.type for i, a in enumerate(call.args)]
    best: tuple[Fit, Overload] | None = None
    for overload in function.overloads:
        found = fit(overload.signature, given)
        if found is not None and (best is None or found.cost < best[0].cost):
            best = (found, overload)
    if best is None:
        _no_overload(function, call, given)
    chosen, overload = best
    for i, target in enumerate(chosen.targets):
        if i in call.lambdas:
            continue
        if target is not None and target.kind is not Kind.VOID:
            call.args[i] = call.to(i, target)
        name = overload.signature.pattern_at(i).name
        if name in ("civil", "clock"):
            call.args[i] = _wall_clock(call.args[i], keep_date=name == "civil")
    if function.rule is not None:
        return function.rule(call)
    sql = call.render(overload.template, *(a.sql for a in call.args))
    first = call.args[0].type if call.args else None
    return Typed(sql, result_type(overload.signature.result, chosen.variables, first))


def _wall_clock(typed: Typed, *, keep_date: bool) -> Typed:
    if typed.is_null:
        return Typed("CAST(NULL AS TIMESTAMP)", typed.type)
    if keep_date and typed.kind is Kind.DATE:
        return typed
    sql = civil(typed)
    assert sql is not None
    return Typed(sql, typed.type, typed.value)


def _no_overload(function: Function, call: Call, given: list[DataType | None]) -> NoReturn:
    types = ",".join("LAMBDA" if t is None else shown(t) for t in given)
    candidates = "; ".join(o.signature.text for o in function.overloads)
    call.fail(f"function {call.name} cannot match any overloaded functions with ({types}), candidates are {candidates}")


def find(name: str, place: Place | None, context: BindContext) -> Function:
    """The function of that name. Raises `Fault`: NOT_SUPPORTED for one that is known to be missing or is the user's own,
    SEMANTIC with a suggestion for one that nobody knows."""
    key = name.lower()
    found = FUNCTIONS.get(key)
    if found is not None:
        return found
    if key in MISSING:
        raise Fault(FaultCode.NOT_SUPPORTED, f"function {key} is not supported: {MISSING[key]}", place)
    if context.catalogue.function_exists(context.project, key):
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"function {key} is a user function; running user functions is not supported",
            place,
        )
    close = difflib.get_close_matches(key, FUNCTIONS, 1, 0.75)
    hint = f", did you mean {close[0]}?" if close else ""
    raise Fault(FaultCode.SEMANTIC, f"Semantic analysis exception - function {key} cannot be resolved{hint}", place)


def null_of(type_: DataType) -> str:
    return f"CAST(NULL AS {engine_type(type_ if type_ != VOID else STRING)})"
