"""What is wrong in a workspace, with the file, line and column of it, and suggestions for what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from taskhouse.domain.definition.places import Mark, Place

MAX_ERRORS = 200


class Wrong:
    """What reading gives for a value that is wrong and has been reported."""

    def __repr__(self) -> str:
        return "WRONG"


WRONG = Wrong()


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem with its mark. `where` is the place in words, empty for a whole file."""

    mark: Mark
    where: str
    message: str
    hint: str = ""
    is_warning: bool = False

    def __str__(self) -> str:
        parts = [f"{self.mark}:", "warning:" if self.is_warning else "", f"{self.where}:" if self.where else ""]
        text = " ".join(part for part in (*parts, self.message) if part)
        return f"{text} ({self.hint})" if self.hint else text


@dataclass(slots=True)
class Findings:
    """Collects problems; `marks` remembers where each place stands, `starts` where the text at it begins."""

    found: list[Finding] = field(default_factory=list)
    marks: dict[Place, Mark] = field(default_factory=dict)
    starts: dict[Place, Mark] = field(default_factory=dict)
    _said: set[tuple[Mark, str]] = field(default_factory=set)

    @property
    def is_full(self) -> bool:
        return len(self.found) >= MAX_ERRORS

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.found if not finding.is_warning]

    def note(self, mark: Mark, place: Place, message: str, hint: str = "") -> Wrong:
        self._add(Finding(mark, where(place), message, hint))
        return WRONG

    def _add(self, finding: Finding) -> None:
        """What is wrong once in a file, but concerns many objects (a default, an alias), is said once."""
        said = (finding.mark, finding.message)
        if self.is_full or said in self._said:
            return
        self._said.add(said)
        self.found.append(finding)
        if self.is_full:
            self.found.append(Finding(finding.mark, "", f"there are more errors; these are the first {MAX_ERRORS}"))

    def locate(self, place: Place) -> Mark:
        """The mark of the place, or of the nearest part around it that stands in a file."""
        for length in range(len(place), 0, -1):
            mark = self.marks.get(place[:length])
            if mark is not None:
                return mark
        return Mark("workspace", 1, 1)

    def report(
        self,
        place: Place,
        message: str,
        hint: str = "",
        *,
        is_warning: bool = False,
        inside: tuple[int, int] | None = None,
    ) -> None:
        """`inside`: line and column, from 1, in the text at the place."""
        mark = self.locate(place)
        start = self.starts.get(place)
        if inside is not None and start is not None:
            line, column = inside
            mark = Mark(start.file, start.line + line - 1, start.column + column - 1)
        self._add(Finding(mark, where(place), message, hint, is_warning))


def where(place: Place) -> str:
    return ".".join(place)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that `word` most likely means, empty when none is near."""
    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    return names[near[0]] if near else ""


def suggestion(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?`, or empty."""
    near = nearest(word, known)
    return f"did you mean '{near}'?" if near else ""
