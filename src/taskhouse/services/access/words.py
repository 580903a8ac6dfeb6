"""A security statement as words, read from left to right."""

from __future__ import annotations

import re

from taskhouse.domain.faults import Fault, FaultCode

_TOKEN = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`([^`]*)`|([,=();])|([^\s,=();'"`]+))""")


class Words:
    """The statement's words, read from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self._words: list[tuple[str, bool]] = []
        self._at = 0
        position = 0
        body = self.text.rstrip(";").rstrip()
        while position < len(body):
            match = _TOKEN.match(body, position)
            if match is None:
                raise self.fault(f"cannot read '{body[position : position + 20]}'")
            quoted = next((group for group in match.group(1, 2, 3) if group is not None), None)
            word = quoted if quoted is not None else match.group(4) or match.group(5)
            self._words.append((word, quoted is not None))
            position = match.end()

    def fault(self, problem: str) -> Fault:
        return Fault(FaultCode.PARSE_ERROR, f"Parse exception - {problem} in '{self.text[:200]}'")

    def peek(self) -> str:
        return self._words[self._at][0] if self._at < len(self._words) else ""

    def take(self, what: str) -> str:
        if self._at >= len(self._words):
            raise self.fault(f"{what} expected at the end")
        self._at += 1
        return self._words[self._at - 1][0]

    def skip(self, *words: str) -> bool:
        """Take these words if they come next, whatever their case."""
        upcoming = self._words[self._at : self._at + len(words)]
        if len(upcoming) < len(words):
            return False
        if any(quoted or word.upper() != wanted for (word, quoted), wanted in zip(upcoming, words, strict=True)):
            return False
        self._at += len(words)
        return True

    def need(self, word: str) -> None:
        if not self.skip(word):
            raise self.fault(f"'{word}' expected instead of '{self.peek() or 'the end'}'")

    def several(self, what: str) -> list[str]:
        found = [self.take(what)]
        while self.skip(","):
            found.append(self.take(what))
        return found

    def end(self) -> None:
        if self._at < len(self._words):
            raise self.fault(f"nothing expected after '{self._words[self._at - 1][0]}', but there is '{self.peek()}'")
