"""From text to tokens: MaxCompute's literals, names, comments and hints, each with its 1-based line and column.

One regular expression, one pass, no stepping back. Source followed: MaxCompute's "Escape characters", "Data type
editions" (literal suffixes) and "Keywords" pages.
"""

from __future__ import annotations

import re
from enum import Enum

from taskhouse.domain.faults import Fault, FaultCode, Place


class TokenKind(Enum):
    WORD = "word"
    """A name or keyword, unquoted."""
    QUOTED = "quoted"
    """A name in back-ticks; `value` is without them."""
    STRING = "string"
    """`value` has its escapes resolved."""
    NUMBER = "number"
    """`value` is without its suffix, `suffix` is Y, S, L, F, D, BD or empty."""
    HINT = "hint"
    """`value` is what stands between `/*+` and `*/`."""
    OPERATOR = "operator"
    OTHER = "other"
    """A character that no statement knows; harmless only in the value of a SET."""
    END = "end"


class Token:
    """One token. `text` as written, `upper` its upper case for words, `start` and `end` offsets in the whole text."""

    __slots__ = ("column", "end", "kind", "line", "start", "suffix", "text", "upper", "value")

    def __init__(
        self, kind: TokenKind, text: str, value: str, start: int, line: int, column: int, suffix: str = ""
    ) -> None:
        self.kind = kind
        self.text = text
        self.value = value
        self.upper = text.upper() if kind is TokenKind.WORD else text
        self.start = start
        self.end = start + len(text)
        self.line = line
        self.column = column
        self.suffix = suffix

    @property
    def place(self) -> Place:
        return Place(self.line, self.column)

    @property
    def shown(self) -> str:
        """How the token is named in an error: its text, shortened."""
        if self.kind is TokenKind.END:
            return "<EOF>"
        return self.text if len(self.text) <= 40 else self.text[:37] + "..."


_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>--[^\n]*|/\*(?!\+).*?\*/)
    | (?P<hint>/\*\+.*?\*/)
    | (?P<string>'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")
    | (?P<quoted>`[^`]*(?:``[^`]*)*`)
    | (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<word>[^\W\d]\w*)
    | (?P<operator><=>|->|:=|\|\||<>|!=|>=|<=|==|=>|&&|[-+*/%(),.;:=<>!&|^~\[\]@])
    """,
    re.DOTALL | re.VERBOSE,
)
_TAIL = re.compile(r"\w+")
_DIGITS_WORD = re.compile(r"\d\w*")
_SUFFIXES = frozenset({"Y", "S", "L", "F", "D", "BD"})
_MAX_NUMBER_LENGTH = 400
_OPENED = {
    "'": "a string that starts here is not closed",
    '"': "a string that starts here is not closed",
    "`": "a quoted name that starts here is not closed",
}


def tokenize(text: str) -> list[Token]:
    """All tokens of `text`, ending with one END token. Raises `Fault` (PARSE_ERROR) for an unclosed string or comment.

    A hint is a token only right after SELECT; elsewhere it is a comment.
    """
    tokens: list[Token] = []
    at, line, line_start = 0, 1, 0
    size = len(text)
    if text.startswith("\ufeff"):
        at = line_start = 1
    while at < size:
        match = _TOKEN.match(text, at)
        column = at - line_start + 1
        if match is None or (match.lastgroup == "operator" and text.startswith("/*", at)):
            char = text[at]
            if char in _OPENED:
                raise parse_fault(_OPENED[char], Place(line, column))
            if text.startswith("/*", at):
                raise parse_fault("a comment that starts here is not closed", Place(line, column))
            tokens.append(Token(TokenKind.OTHER, char, char, at, line, column))
            at += 1
            continue
        group, found, end = match.lastgroup, match.group(), match.end()
        match group:
            case "word":
                tokens.append(Token(TokenKind.WORD, found, found, at, line, column))
            case "operator":
                tokens.append(Token(TokenKind.OPERATOR, found, found, at, line, column))
            case "string":
                tokens.append(Token(TokenKind.STRING, found, unescape(found[1:-1]), at, line, column))
            case "quoted":
                name = found[1:-1].replace("``", "`")
                if not name:
                    raise parse_fault("invalid token '``', a name is expected", Place(line, column))
                tokens.append(Token(TokenKind.QUOTED, found, name, at, line, column))
            case "number":
                token = _number(text, match, line, column)
                tokens.append(token)
                end = token.end
            case "hint":
                if tokens and tokens[-1].upper == "SELECT" and tokens[-1].kind is TokenKind.WORD:
                    tokens.append(Token(TokenKind.HINT, found, found[3:-2], at, line, column))
        if group in ("space", "comment", "hint", "string", "quoted"):
            breaks = text.count("\n", at, end)
            if breaks:
                line += breaks
                line_start = text.rfind("\n", at, end) + 1
        at = end
    tokens.append(Token(TokenKind.END, "", "", size, line, size - line_start + 1))
    return tokens


def _number(text: str, match: re.Match[str], line: int, column: int) -> Token:
    """A number with its suffix, or a name that starts with a digit (`7d_users`)."""
    at, found = match.start(), match.group()
    tail = _TAIL.match(text, match.end())
    if len(found) > _MAX_NUMBER_LENGTH:
        raise parse_fault(f"a number has more than {_MAX_NUMBER_LENGTH} characters", Place(line, column))
    if tail is None:
        return Token(TokenKind.NUMBER, found, found, at, line, column)
    suffix = tail.group().upper()
    if suffix in _SUFFIXES:
        return Token(TokenKind.NUMBER, found + tail.group(), found, at, line, column, suffix)
    word = _DIGITS_WORD.match(text, at)
    if word is None or "." in found:
        raise parse_fault(f"invalid number '{found}{tail.group()[:20]}'", Place(line, column))
    return Token(TokenKind.WORD, word.group(), word.group(), at, line, column)


_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[0-3][0-7]{2}|.)", re.DOTALL)
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "r": "\r", "0": "\0", "Z": "\x1a", "%": "\\%", "_": "\\_"}


def unescape(body: str) -> str:
    """The value of a string literal's body. `\\%` and `\\_` stay as they are, for LIKE; an unknown escape is its character."""
    if "\\" not in body:
        return body
    return _join_surrogates(_ESCAPE.sub(_escape, body))


def _escape(match: re.Match[str]) -> str:
    code = match.group(1)
    if code[0] == "u" and len(code) == 5:
        return chr(int(code[1:], 16))
    if len(code) == 3:
        return chr(int(code, 8))
    return _ESCAPES.get(code, code)


def _join_surrogates(value: str) -> str:
    """`\\ud83d\\ude00` is one character; a surrogate alone is no character and becomes `?`."""
    if not any("\ud800" <= char <= "\udfff" for char in value):
        return value
    joined = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\ufffd", "?") if "\ufffd" not in value else joined


def parse_fault(message: str, place: Place) -> Fault:
    """A syntax error in MaxCompute's words: `ODPS-0130161:[l,c] Parse exception - ...`."""
    return Fault(FaultCode.PARSE_ERROR, f"Parse exception - {message}", place)
