"""SET, USE, SHOW, DESC, EXPLAIN, COST, ANALYZE as values."""

from __future__ import annotations

import pytest

from taskhouse.sql import statements as st
from taskhouse.sql.parser import parse, parse_one

CASES: list[tuple[str, type[st.Statement], dict[str, object]]] = [
    ("show tables", st.ShowTables, {"project": None, "like": None, "views": False}),
    ("show tables in P.S like 'a*|b*'", st.ShowTables, {"project": "p", "schema": "s", "like": "a*|b*"}),
    ("show tables from p 'x*'", st.ShowTables, {"project": "p", "like": "x*"}),
    ("list tables", st.ShowTables, {}),
    ("show views", st.ShowTables, {"views": True}),
    ("show partitions p.t partition (ds='1')", st.ShowPartitions, {"partition": (("ds", "1"),)}),
    ("show create table `T`", st.ShowCreateTable, {}),
    ("show columns from t", st.ShowColumns, {}),
    ("show columns in t", st.ShowColumns, {}),
    ("show functions like 'x*'", st.ShowFunctions, {"builtin": False, "like": "x*"}),
    ("show builtin functions", st.ShowFunctions, {"builtin": True}),
    ("list functions", st.ShowFunctions, {}),
    ("list resources", st.ShowResources, {"like": None}),
    ("SHOW SCHEMAS IN P", st.ShowSchemas, {"project": "p"}),
    ("show schemas", st.ShowSchemas, {"project": None}),
    ("list projects", st.ShowProjects, {}),
    ("show flags", st.ShowFlags, {}),
    ("show p 10", st.ShowInstances, {"limit": 10}),
    ("show instances", st.ShowInstances, {"limit": None}),
    ("desc t", st.Describe, {"extended": False, "partition": ()}),
    ("describe extended p.s.t partition (ds='1', h=2)", st.Describe, {"extended": True}),
    ("desc t extended", st.Describe, {"extended": True}),
    ("DESC SCHEMA P.S", st.DescribeSchema, {"project": "p", "schema": "s"}),
    ("desc schema", st.Describe, {}),
    ("desc project extended p", st.DescribeProject, {"project": "p", "extended": True}),
    ("desc function F", st.DescribeFunction, {"project": None, "name": "f"}),
    ("desc resource p:X.py", st.DescribeResource, {"project": "p", "name": "X.py"}),
    ("use p", st.UseProject, {"project": "p"}),
    ("use schema S", st.UseSchema, {"schema": "s"}),
    ("analyze table t compute statistics", st.Analyze, {"for_columns": False}),
    (
        "analyze table t partition (ds='1') compute statistics for columns (a, B)",
        st.Analyze,
        {"for_columns": True, "columns": ("a", "b"), "partition": (("ds", "1"),)},
    ),
    ("set odps.sql.type.system.odps2 = true", st.SetFlag, {"name": "odps.sql.type.system.odps2", "value": "true"}),
    ("SET PARAM.KEY=VALUE", st.SetFlag, {"name": "PARAM.KEY", "value": "VALUE"}),
    ('set a={"k":"v;w", "x": 1}', st.SetFlag, {"value": '{"k":"v;w", "x": 1}'}),
    ("set a=${b}\\c 名字 #x", st.SetFlag, {"value": "${b}\\c 名字 #x"}),
    ("set a=", st.SetFlag, {"value": ""}),
    ("set a=b=c -- no", st.SetFlag, {"value": "b=c"}),
    ("set", st.ShowFlags, {}),
    ("setproject odps.a=b c.d=e", st.SetProject, {"settings": (("odps.a", "b"), ("c.d", "e"))}),
    ("setproject", st.SetProject, {"settings": ()}),
]


@pytest.mark.parametrize(("text", "kind", "expected"), CASES)
def test_statements(text: str, kind: type[st.Statement], expected: dict[str, object]) -> None:
    (statement,) = parse(text + ";")
    assert type(statement) is kind
    assert {name: getattr(statement, name) for name in expected} == expected


def test_explain_and_cost_hold_a_statement() -> None:
    explained = parse_one("explain insert into t select 1")
    assert isinstance(explained, st.Explain)
    assert isinstance(explained.statement, st.Insert)
    costed = parse_one("cost sql select 1 from t")
    assert isinstance(costed, st.CostSql)
    assert isinstance(costed.statement, st.Query)
