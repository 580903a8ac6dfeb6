"""A server's settings: where each may be set, and which place wins.

From weak to strong: the defaults here, a TOML file, environment variables, flags of the command line. The file:

    host = "127.0.0.1"
    port = 8440
    [limits]
    running_tasks = 8

and the variables `TASKHOUSE_HOST`, `TASKHOUSE_PORT`, ..., `TASKHOUSE_LIMITS_RUNNING_TASKS`. The tables are `limits`, `features` and
`operations`. Unknown names are errors: a misspelt
setting that is silently ignored is worse than a server that does not start.
"""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from taskhouse.domain.features import Features
from taskhouse.domain.limits import MAY_BE_ZERO, Limits
from taskhouse.domain.snapshot import OperationSettings

DEFAULT_PROJECT = "taskhouse"
PREFIX = "TASKHOUSE_"
TABLES = {"limits": "limit", "features": "feature", "operations": "setting of operations"}
"""Tables of the file, and of the environment as `TASKHOUSE_<TABLE>_<NAME>`; what one of their names is called."""
_OF_CLIENTS = frozenset({"url", "token"})
"""Variables that commands read which ask a server; a server does not mind them."""
LOG_FORMATS = ("console", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")


class ConfigError(ValueError):
    """A setting is unknown or its value is not of its kind; the message names it and where it was set."""


def default_home() -> Path:
    """Where a server keeps everything when nobody says otherwise: the user's data folder."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "taskhouse"


def machine_time_zone() -> str:
    """The machine's time zone as an IANA name; UTC when it cannot be told."""
    candidates = [os.environ.get("TZ", "").lstrip(":")]
    try:
        candidates.append(str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2])
        candidates.append(Path("/etc/timezone").read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        pass
    return next((name for name in candidates if name and is_time_zone(name)), "UTC")


def is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Config:
    """`port` 0 picks a free one. `grace_s`: how long a server that is told to end lets running tasks finish (seconds) before it
    interrupts them. `public_url`: how clients reach the server, when that is not the address it listens on
    (behind a proxy); without a path."""

    home: Path = field(default_factory=default_home)
    host: str = "127.0.0.1"
    port: int = 8440
    ready_file: Path | None = None
    public_url: str = ""
    log_format: str = "console"
    log_level: str = "info"
    grace_s: float = 5.0
    project: str = DEFAULT_PROJECT
    """Name of the project that a new home starts with."""
    time_zone: str = field(default_factory=machine_time_zone)
    """IANA name of the zone that SQL works in when neither the statement nor its project says otherwise. By default the
    machine's: clients read times in their own zone, and mostly that is the same one."""
    workspace: Path | None = None
    """Folder of the workspace's files, which the console then edits; without it the folder `workspace` of the home, if there is one."""
    rehearsal: bool = False
    """Serve a home for trying operations: its clock stands still until it is set, and no code of recurring instances is run."""
    limits: Limits = field(default_factory=Limits)
    features: Features = field(default_factory=Features)
    operations: OperationSettings = field(default_factory=OperationSettings)


def load(file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any]) -> Config:
    """The settings in force. `flags` of None were not given. Raises `ConfigError`."""
    config = Config()
    if file is None and environment.get(PREFIX + "CONFIG"):
        file = Path(environment[PREFIX + "CONFIG"])
    if file is not None:
        config = _from_file(config, file)
    config = _from_environment(config, environment)
    given = {name: value for name, value in flags.items() if value is not None}
    return _with(config, given, "the command line")


def _from_file(config: Config, file: Path) -> Config:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}") from None
    tables = {table: document.pop(table, {}) for table in TABLES}
    for table, values in tables.items():
        if not isinstance(values, dict):
            raise ConfigError(f"{file}: {table} must be a table, [{table}]")
    config = _with(config, document, str(file))
    for table, values in tables.items():
        config = _with_table(config, table, values, f"{file}, [{table}]")
    return config


def _from_environment(config: Config, environment: Mapping[str, str]) -> Config:
    known = {f.name for f in fields(Config)} - TABLES.keys() | {"config"}
    own = {name: value for name, value in environment.items() if name.startswith(PREFIX) and value != ""}
    plain = {name.removeprefix(PREFIX).lower(): value for name, value in own.items()}
    tables: dict[str, dict[str, str]] = {table: {} for table in TABLES}
    for name in list(plain):
        table, _, rest = name.partition("_")
        if table in TABLES and rest:
            tables[table][rest] = plain.pop(name)
    plain = {name: value for name, value in plain.items() if name not in _OF_CLIENTS}
    unknown = sorted(plain.keys() - known)
    if unknown:
        raise ConfigError(f"the environment: there is no setting {PREFIX}{unknown[0].upper()}")
    plain.pop("config", None)
    config = _with(config, plain, "the environment")
    for table, values in tables.items():
        config = _with_table(config, table, values, f"the environment ({PREFIX}{table.upper()}_...)")
    return config


def _with(config: Config, values: Mapping[str, Any], where: str) -> Config:
    converted: dict[str, Any] = {}
    for name, value in values.items():
        match name:
            case "home" | "ready_file" | "workspace":
                converted[name] = Path(str(value)).expanduser()
            case "host" | "public_url" | "project":
                converted[name] = str(value)
            case "time_zone":
                if not is_time_zone(str(value)):
                    raise ConfigError(f"{where}: time_zone = {value!r} is not an IANA time zone")
                converted[name] = str(value)
            case "rehearsal":
                converted[name] = _truth(name, value, where)
            case "port":
                converted[name] = _number(int, name, value, where)
                if not 0 <= converted[name] <= 65535:
                    raise ConfigError(f"{where}: port {value} is not between 0 and 65535")
            case "grace_s":
                converted[name] = _number(float, name, value, where)
            case "log_format":
                converted[name] = _choice(name, value, LOG_FORMATS, where)
            case "log_level":
                converted[name] = _choice(name, value, LOG_LEVELS, where)
            case "limits" if isinstance(value, Limits):
                converted[name] = value
            case "features" if isinstance(value, Features):
                converted[name] = value
            case "operations" if isinstance(value, OperationSettings):
                converted[name] = value
            case _:
                raise ConfigError(f"{where}: there is no setting '{name}'")
    return replace(config, **converted)


def _with_table(config: Config, table: str, values: Mapping[str, Any], where: str) -> Config:
    before = getattr(config, table)
    kinds = {f.name: type(getattr(before, f.name)) for f in fields(before)}
    converted: dict[str, Any] = {}
    for name, value in values.items():
        if name not in kinds:
            raise ConfigError(f"{where}: there is no {TABLES[table]} '{name}'")
        if kinds[name] is bool:
            converted[name] = _truth(name, value, where)
        elif kinds[name] is str:
            converted[name] = _file_name(name, value, where)
        else:
            converted[name] = _number(kinds[name], name, value, where)
            if converted[name] == 0 and name not in MAY_BE_ZERO:
                raise ConfigError(f"{where}: {name} = {value!r} must be more than 0")
    return replace(config, **{table: replace(before, **converted)})


def _file_name(name: str, value: Any, where: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[\w .()-]{1,100}", value):
        raise ConfigError(f"{where}: {name} = {value!r} cannot begin the name of a file")
    return value


def _number(kind: type, name: str, value: Any, where: str) -> Any:
    try:
        if isinstance(value, bool):
            raise ValueError
        number = kind(value)
        if not math.isfinite(number):
            raise ValueError
    except (TypeError, ValueError):
        raise ConfigError(f"{where}: {name} = {value!r} is not a number") from None
    if number < 0:
        raise ConfigError(f"{where}: {name} = {value!r} is less than 0")
    return number


def _truth(name: str, value: Any, where: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    found = words.get(str(value).lower())
    if found is None:
        raise ConfigError(f"{where}: {name} = {value!r} is neither true nor false")
    return found


def _choice(name: str, value: Any, choices: tuple[str, ...], where: str) -> str:
    if value not in choices:
        raise ConfigError(f"{where}: {name} = {value!r} is not one of {', '.join(choices)}")
    return str(value)
