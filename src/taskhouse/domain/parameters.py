"""Parameters of code: system values, custom parameters, and time expressions on two bases.

`${...}` counts from the data timestamp (midnight), `$[...]` from the scheduled time: on 2018-01-10 `${yyyymmdd}` is 20180109 and
`$[yyyymmdd]` is 20180110. A trailing offset moves the base: `-7` by days (by months or years when the format is no finer),
`-1/24` by hours, `-5/24/60` by minutes. Lower-case `mm` is the month unless the format shows a time of day; then it is the
minute, and the month is `MM`.

Everything is computed from the instance's own times, so a rerun days later sees the same values (D-39).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from taskhouse.domain.calendar import bizdate_text
from taskhouse.domain.faults import Fault, FaultCode

_OFFSET = re.compile(r"\s*(?P<sign>[+-])\s*(?P<n>\d+)\s*(?P<unit>/\s*24(?:\s*/\s*60)?)?\s*$")
_LETTERS = re.compile(r"[A-Za-z]+(?:24)?")
_TOKEN = re.compile(r"yyyy|yy|MM|mm|dd|DD|HH24|hh24|HH|hh|ss|SS")
_PLACE = re.compile(r"\$\{(?P<biz>[^{}]*)\}|\$\[(?P<due>[^\[\]]*)\]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_REFERENCE = re.compile(r"\$([A-Za-z_][A-Za-z0-9_.]*)")


def is_time_format(text: str) -> bool:
    """Whether `text`, without an offset, consists of date and time letters and separators only."""
    form = _OFFSET.sub("", text)
    runs = _LETTERS.findall(form)
    return bool(runs) and all(_TOKEN.sub("", run) == "" for run in runs)


def time_expression(expression: str, base: datetime) -> str:
    """The value of what stands between the brackets. Raises `Fault` (InvalidArgument) when it is no time expression."""
    if not is_time_format(expression):
        raise Fault(FaultCode.INVALID_ARGUMENT, f"'{expression}' is neither a parameter nor a time expression")
    offset = _OFFSET.search(expression)
    form = expression[: offset.start()] if offset else expression
    tokens = _TOKEN.findall(form)
    has_time = any(token[0] in "Hh" or token.lower() == "ss" for token in tokens)
    if offset:
        n = int(offset["n"]) * (-1 if offset["sign"] == "-" else 1)
        try:
            base = _moved(base, n, (offset["unit"] or "").replace(" ", ""), tokens, has_time=has_time)
        except (OverflowError, ValueError):
            raise Fault(FaultCode.INVALID_ARGUMENT, f"'{expression}' leaves the calendar") from None
    return _TOKEN.sub(lambda match: _part(match[0], base, has_time=has_time), form)


def _moved(base: datetime, n: int, unit: str, tokens: list[str], *, has_time: bool) -> datetime:
    if unit == "/24":
        return base + timedelta(hours=n)
    if unit == "/24/60":
        return base + timedelta(minutes=n)
    has_day = any(token.lower() == "dd" for token in tokens)
    if has_day or has_time:
        return base + timedelta(days=n)
    months = n if any(token.lower() == "mm" for token in tokens) else 12 * n
    year, month0 = divmod(base.year * 12 + base.month - 1 + months, 12)
    return base.replace(year=year, month=month0 + 1, day=min(base.day, monthrange(year, month0 + 1)[1]))


def _part(token: str, at: datetime, *, has_time: bool) -> str:
    match token:
        case "yyyy":
            return f"{at.year:04}"
        case "yy":
            return f"{at.year % 100:02}"
        case "mm" if has_time:
            return f"{at.minute:02}"
        case "MM" | "mm":
            return f"{at.month:02}"
        case "dd" | "DD":
            return f"{at.day:02}"
        case "ss" | "SS":
            return f"{at.second:02}"
        case _:
            return f"{at.hour:02}"


def read_parameters(text: str) -> dict[str, str]:
    """Custom parameters from `KeyA=ValueA;KeyB=ValueB`, keys in lower case, values as they stand. Raises `Fault`
    (InvalidArgument) for a part without `=`, a key that is no name, and a key given twice."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        name = key.strip().lower()
        if not equals or not _NAME.fullmatch(name):
            raise Fault(FaultCode.INVALID_ARGUMENT, f"'{part.strip()}' is not a parameter; write key=value")
        if name in found:
            raise Fault(FaultCode.INVALID_ARGUMENT, f"parameter '{name}' is given twice")
        found[name] = value.strip()
    return found


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the code of one instance may name. `due_at` is the scheduled time on the tenant's clocks, without a zone. `system` and `custom` have lower-case keys; custom values win over system values."""

    bizdate: date
    due_at: datetime
    custom: Mapping[str, str] = field(default_factory=dict)
    system: Mapping[str, str] = field(default_factory=dict)

    def values(self) -> dict[str, str]:
        """Every parameter with references and time expressions resolved. Raises `Fault` for an unknown reference or a cycle."""
        raw = {"bizdate": bizdate_text(self.bizdate), **self.system, **self.custom}
        done: dict[str, str] = {}
        for name in raw:
            self._resolve(name, raw, done)
        return done

    def _resolve(self, name: str, raw: Mapping[str, str], done: dict[str, str]) -> None:
        """Depth first over references with a stack of our own; what is on it and asked again is a cycle."""
        stack = [name]
        while stack:
            current = stack[-1]
            if current in done:
                stack.pop()
                continue
            wanted = [m.lower() for m in _REFERENCE.findall(_PLACE.sub("", raw[current]))]
            braced = (match["biz"] or "" for match in _PLACE.finditer(raw[current]))
            wanted += [name for name in (text.strip().lower() for text in braced) if name in raw]
            for other in wanted:
                if other not in raw:
                    raise Fault(
                        FaultCode.INVALID_ARGUMENT, f"parameter '{current}' refers to '{other}', which does not exist"
                    )
                if other in stack:
                    ring = [*stack[stack.index(other) :], other]
                    raise Fault(FaultCode.INVALID_ARGUMENT, f"parameters refer to one another: {' -> '.join(ring)}")
            missing = [other for other in wanted if other not in done]
            if missing:
                stack.append(missing[0])
                continue
            text = self._fill(raw[current], done)
            done[current] = _REFERENCE.sub(lambda match: done[match[1].lower()], text) if wanted else text
            stack.pop()

    def _fill(self, text: str, values: Mapping[str, str], *, keep_unknown: bool = False) -> str:
        def value(match: re.Match[str]) -> str:
            if match["due"] is not None:
                if not is_time_format(match["due"]):
                    return match[0]
                return time_expression(match["due"], self.due_at)
            name = match["biz"].strip().lower()
            if name in values:
                return values[name]
            if keep_unknown and not is_time_format(match["biz"]):
                return match[0]
            return time_expression(match["biz"], datetime.combine(self.bizdate, time()))

        return _PLACE.sub(value, text)

    def substitute(self, code: str, *, keep_unknown: bool = False) -> str:
        """`code` with each `${...}` and `$[...]` replaced; a parameter's name comes before a time format.

        Raises `Fault` (InvalidArgument) for a `${...}` that is neither, so that code never runs with a hole in it. `$[...]` that is no
        time expression stays as it is: JSON paths are written so. `keep_unknown` leaves such a `${...}` as it is, too, for
        languages in which it means something.
        """
        return self._fill(code, self.values(), keep_unknown=keep_unknown)
