"""EXPLAIN: the plan of a query or write, bound as it would be when it runs, without running it."""

from __future__ import annotations

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.services.sql_query import bind_context, engine_query
from taskhouse.services.sql_session import SqlSession
from taskhouse.services.world import World
from taskhouse.sql import binder
from taskhouse.sql.bound import BoundQuery
from taskhouse.sql.statements import CreateTableAs, Explain, Insert, MultiInsert, Query, Statement


def bind_reads(world: World, session: SqlSession, statement: Statement) -> tuple[BoundQuery, ...]:
    """What a statement would read: one bound query for a SELECT, CREATE TABLE AS or INSERT, one a target for several
    inserts, none for any other. The session's user needs SELECT on all of it."""
    context = bind_context(world, session)
    queries: tuple[BoundQuery, ...]
    match statement:
        case Query() | CreateTableAs():
            queries = (binder.bind_query(statement.query, context),)
        case Insert():
            queries = (binder.bind_insert(statement, context).query,)
        case MultiInsert():
            queries = tuple(binder.bind_insert(each, context).query for each in statement.inserts)
        case Explain():
            queries = bind_reads(world, session, statement.statement)
        case _:
            queries = ()
    return queries


def explain(world: World, session: SqlSession, statement: Statement) -> str:
    """The engine's plans as text."""
    queries = bind_reads(world, session, statement)
    if not queries:
        raise Fault(FaultCode.NOT_SUPPORTED, f"EXPLAIN of {type(statement).__name__} is not supported", statement.place)
    return "\n".join(world.engine.explain(engine_query(world, query)) for query in queries)
