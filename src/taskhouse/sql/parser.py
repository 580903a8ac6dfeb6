"""The way in: `parse` reads a submitted text into statement values.

Whatever the text is, `parse` returns or raises `Fault`: PARSE_ERROR in MaxCompute's words with the place, NOT_SUPPORTED for
what is recognised and not had. Its time and memory grow linearly with the text, nesting is bounded.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from taskhouse.domain.faults import Fault, FaultCode, Place
from taskhouse.domain.limits import Limits
from taskhouse.sql.grammar import alterations, definitions, inspections, removals, writes
from taskhouse.sql.grammar.queries import Queries
from taskhouse.sql.lexer import TokenKind, parse_fault
from taskhouse.sql.script import Piece, Variables, split
from taskhouse.sql.statements import CostSql, Explain, Insert, MultiInsert, Query, SetFlag, Statement

_FRAMES_NEEDED = 6_000
"""Interpreter frames that MAX_DEPTH levels may take here and in whoever walks the trees; Python's own limit is 1,000 and
counts frames that no longer use the machine's stack."""
if sys.getrecursionlimit() < _FRAMES_NEEDED:
    sys.setrecursionlimit(_FRAMES_NEEDED)

MAX_STATEMENTS = 10_000
"""Statements of one text."""


def parse(text: str, *, max_bytes: int = Limits().query_bytes) -> list[Statement]:
    """All statements of `text` in order, script variables already in their places; at least one.

    Raises `Fault`: PARSE_ERROR with the place (1-based line and column in `text`), also for an empty or too long text;
    NOT_SUPPORTED naming the construct.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > max_bytes:
        raise parse_fault(f"the text has {size} bytes, more than {max_bytes}", Place(1, 1))
    variables = Variables()
    statements: list[Statement] = []
    count = 0
    for piece in split(text):
        count += 1
        if count > MAX_STATEMENTS:
            raise parse_fault(f"the text has more than {MAX_STATEMENTS} statements", piece.place)
        read = Queries(text, piece.tokens)
        variables.give_to(read)
        if read.sees_operator("@"):
            variables.assign(read)
            continue
        statements.append(_statement(read))
    if not statements:
        what = "only variables and nothing that uses them" if count else "no statement"
        raise parse_fault(f"the text has {what}", Place(1, 1))
    return statements


def parse_one(text: str) -> Statement:
    """The only statement of `text` besides leading SETs; for views' texts and the like. Raises as `parse` does."""
    rest = [statement for statement in parse(text) if not isinstance(statement, SetFlag)]
    if len(rest) != 1:
        raise parse_fault(f"one statement is expected, not {len(rest)}", Place(1, 1))
    return rest[0]


def pieces(text: str) -> list[Piece]:
    """The statements of `text` as tokens, unread. Raises PARSE_ERROR for unclosed strings, names or comments."""
    return list(split(text))


def _statement(read: Queries) -> Statement:
    statement = _read(read)
    read.expect_end()
    return statement


def _read(read: Queries) -> Statement:
    token = read.token
    if token.kind is TokenKind.OPERATOR and token.text == "(":
        return writes.query_or_write(read)
    if token.kind is TokenKind.WORD:
        rule = _RULES.get(token.upper)
        if rule is not None:
            return rule(read)
        refused = _refusal(read)
        if refused is not None:
            raise Fault(FaultCode.NOT_SUPPORTED, f"{refused} is not supported", token.place)
    return read.fail("a statement")


def _explain(read: Queries) -> Explain:
    first = read.expect("EXPLAIN")
    read.accept("EXTENDED")
    if read.token.kind is TokenKind.END or read.sees("EXPLAIN") or read.sees("COST"):
        read.fail("a query or a write")
    inner = _read(read)
    if not isinstance(inner, Query | Insert | MultiInsert) and not hasattr(inner, "query"):
        read.refuse("EXPLAIN of this statement", inner.place)
    return Explain(place=first.place, text=read.slice(first), statement=inner)


def _cost(read: Queries) -> CostSql:
    first = read.expect("COST")
    read.expect("SQL")
    if read.token.kind is TokenKind.END or read.sees("EXPLAIN") or read.sees("COST"):
        read.fail("a query or a write")
    inner = _read(read)
    return CostSql(place=first.place, text=read.slice(first), statement=inner)


_RULES: Mapping[str, Callable[[Queries], Statement]] = {
    **dict.fromkeys(("SELECT", "WITH", "FROM", "VALUES", "INSERT"), writes.query_or_write),
    "CREATE": definitions.create,
    "DROP": removals.drop,
    "TRUNCATE": removals.truncate,
    "ADD": definitions.add,
    "ALTER": alterations.alter,
    "SET": inspections.set_flag,
    "SETPROJECT": inspections.set_project,
    "UNSET": inspections.unset,
    "USE": inspections.use,
    "SHOW": inspections.show,
    "LIST": inspections.show,
    "LS": inspections.show,
    "DESC": inspections.describe,
    "DESCRIBE": inspections.describe,
    "ANALYZE": inspections.analyze,
    "EXPLAIN": _explain,
    "COST": _cost,
    **dict.fromkeys(("GRANT", "REVOKE", "REMOVE", "WHOAMI", "ALLOW", "DISALLOW", "PURGE"), inspections.security),
}

_REFUSED = frozenset(
    "UPDATE DELETE CLONE MSCK UNDO RESTORE KILL STATUS WAIT READ ALIAS EXPORT IMPORT COPY ATTACH DETACH INSTALL LOAD UNLOAD "
    "UNINSTALL PRAGMA CALL CHECKPOINT VACUUM SUMMARIZE PREPARE EXECUTE DEALLOCATE BEGIN COMMIT ROLLBACK DECLARE IF LOOP WHILE "
    "FOR RETURN RESET REPLACE REFRESH REBUILD TUNNEL JAR PAI MERGE ARCHIVE FREEZE TABLE PIVOT UNPIVOT UPSERT OPTIMIZE COMMENT "
    "FORCE PUT GET DUMP BACKUP LOCK UNLOCK RELOAD COUNT REDO CLEAR FUNCTION".split()
)
"""First words of statements that are known and not had: of MaxCompute, of its console, and of engines."""
_TWO_WORDS = {
    "MERGE": ("INTO",),
    "CLONE": ("TABLE",),
    "INSTALL": ("PACKAGE",),
    "UNINSTALL": ("PACKAGE",),
    "LOAD": ("OVERWRITE", "INTO", "DATA"),
    "MSCK": ("REPAIR",),
    "UNDO": ("TABLE",),
    "RESTORE": ("TABLE",),
}


def _refusal(read: Queries) -> str | None:
    word = read.token.upper
    if word not in _REFUSED:
        return None
    following = read.ahead().upper
    return f"{word} {following}" if following in _TWO_WORDS.get(word, ()) else word
