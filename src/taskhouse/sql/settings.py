"""The flags of SQL: which are known, what they mean here, and which values they can have.

A flag is set by `SET name=value`, by a client's hint, or as a property of the project. Names do not care for case. A flag
that is not in the table is kept, shown by SHOW FLAGS and given back to the client, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from taskhouse.domain.faults import Fault, FaultCode, Place

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


class FlagKind(Enum):
    BOOLEAN = "true or false"
    NAME = "a name"
    TIME_ZONE = "an IANA time zone"
    NUMBER = "a number"
    TEXT = "text"


class Effect(Enum):
    OBEYED = "obeyed"
    RECORDED = "recorded"
    """Kept and shown; says how MaxCompute's own machinery should work, which is not here."""


@dataclass(frozen=True, slots=True)
class Flag:
    """`default` is what holds when the flag is set nowhere; `aliases` are other names of the same."""

    name: str
    kind: FlagKind
    default: str
    meaning: str
    effect: Effect = Effect.OBEYED
    aliases: tuple[str, ...] = ()


FLAGS: tuple[Flag, ...] = (
    Flag(
        "odps.sql.type.system.odps2",
        FlagKind.BOOLEAN,
        "true",
        "Type edition 2.0: whole-number literals are INT, TINYINT to TIMESTAMP exist. False: they are BIGINT.",
    ),
    Flag(
        "odps.sql.hive.compatible",
        FlagKind.BOOLEAN,
        "false",
        "Hive-compatible edition: functions and conversions answer as Hive does where the two differ.",
    ),
    Flag(
        "odps.sql.decimal.odps2",
        FlagKind.BOOLEAN,
        "true",
        "DECIMAL without precision is the legacy DECIMAL(54,18), of which 38 digits are kept, whatever this says.",
        Effect.RECORDED,
    ),
    Flag(
        "odps.sql.decimal.tostring.trimzero",
        FlagKind.BOOLEAN,
        "true",
        "A DECIMAL turned into text loses the zeros at its end.",
    ),
    Flag(
        "odps.sql.timezone",
        FlagKind.TIME_ZONE,
        "UTC",
        "The zone in which DATETIME and TIMESTAMP are read, computed and shown.",
    ),
    Flag(
        "odps.function.strictmode",
        FlagKind.BOOLEAN,
        "false",
        "A conversion that cannot be done fails instead of giving NULL.",
        aliases=("odps.sql.udf.strict.mode",),
    ),
    Flag(
        "odps.sql.allow.fullscan",
        FlagKind.BOOLEAN,
        "true",
        "A query may read all partitions of a partitioned table. False: one without a condition on them is refused.",
    ),
    Flag(
        "odps.sql.validate.orderby.limit",
        FlagKind.BOOLEAN,
        "false",
        "True: ORDER BY without LIMIT is refused.",
    ),
    Flag(
        "odps.sql.groupby.orderby.position.alias",
        FlagKind.BOOLEAN,
        "false",
        "A whole number in GROUP BY or ORDER BY is the position of a column. False: a constant.",
    ),
    Flag(
        "odps.sql.groupby.position.alias",
        FlagKind.BOOLEAN,
        "false",
        "The same for GROUP BY alone.",
        aliases=("hive.groupby.position.alias",),
    ),
    Flag(
        "odps.sql.orderby.position.alias",
        FlagKind.BOOLEAN,
        "false",
        "The same for ORDER BY alone.",
        aliases=("hive.orderby.position.alias",),
    ),
    Flag("odps.default.schema", FlagKind.NAME, "default", "The schema of names written without one."),
    Flag(
        "odps.namespace.schema",
        FlagKind.BOOLEAN,
        "false",
        "Names have three parts: `a.b` is schema and table. False: project and table.",
    ),
    Flag(
        "odps.sql.allow.namespace.schema",
        FlagKind.BOOLEAN,
        "false",
        "Sent by clients with odps.namespace.schema.",
        Effect.RECORDED,
    ),
    Flag(
        "odps.sql.submit.mode",
        FlagKind.TEXT,
        "",
        "`script` for several statements and variables; a text may always have both.",
        Effect.RECORDED,
    ),
    Flag(
        "odps.instance.priority",
        FlagKind.NUMBER,
        "9",
        "Priority of the instance, 0 first; the job's own element counts.",
        Effect.RECORDED,
    ),
    Flag("odps.task.wlm.quota", FlagKind.TEXT, "", "The quota to run in; there is one.", Effect.RECORDED),
    Flag("odps.sql.mapper.split.size", FlagKind.NUMBER, "256", "Megabytes of input per mapper.", Effect.RECORDED),
    Flag("odps.sql.reducer.instances", FlagKind.NUMBER, "", "Number of reducers.", Effect.RECORDED),
    Flag("odps.sql.joiner.instances", FlagKind.NUMBER, "", "Number of joiners.", Effect.RECORDED),
    Flag("odps.stage.num", FlagKind.NUMBER, "", "Workers of each stage.", Effect.RECORDED),
    Flag("odps.stage.mem", FlagKind.NUMBER, "", "Megabytes of each worker.", Effect.RECORDED),
    Flag("odps.sql.executionengine.batch.rowcount", FlagKind.NUMBER, "1024", "Rows of one batch.", Effect.RECORDED),
    Flag(
        "odps.sql.cfile2.field.maxsize",
        FlagKind.NUMBER,
        "8192",
        "Kilobytes of one value; clients read it from the project.",
        Effect.RECORDED,
    ),
    Flag("odps.sql.python.version", FlagKind.TEXT, "cp37", "The Python of user-defined functions.", Effect.RECORDED),
)

_BY_NAME: Mapping[str, Flag] = {name: flag for flag in FLAGS for name in (flag.name, *flag.aliases)}


def known(name: str) -> Flag | None:
    """The flag of that name or alias, in any case."""
    return _BY_NAME.get(name.strip().lower())


def check(name: str, value: str, place: Place | None = None) -> None:
    """Raise `Fault` (INVALID_ARGUMENT) when a flag that is obeyed is given a value it cannot have. Empty means: the default."""
    flag = known(name)
    text = value.strip()
    if flag is None or flag.effect is Effect.RECORDED or not text:
        return
    bad = False
    match flag.kind:
        case FlagKind.BOOLEAN:
            bad = text.lower() not in _TRUE | _FALSE
        case FlagKind.TIME_ZONE:
            bad = not is_time_zone(text)
        case FlagKind.NAME:
            bad = not text.replace("_", "a").isalnum()
    if bad:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"flag {flag.name}: '{text}' is not {flag.kind.value}", place)


def is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
