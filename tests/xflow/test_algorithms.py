"""The algorithms by themselves: what they plan, and what their own code computes."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pytest

from taskhouse.domain.catalogue import Column, Table, TableKind, TableName
from taskhouse.domain.datatypes import BIGINT, DOUBLE, STRING
from taskhouse.domain.faults import Fault
from taskhouse.engines.algorithms import AlgorithmRegistry
from taskhouse.ports.algorithms import Algorithm, Arguments, Computation, SqlAction
from taskhouse.sql import parser

NOW = datetime(2026, 11, 20, tzinfo=UTC)
TABLE = Table(
    "t1",
    TableName("p", "default", "rows_in"),
    TableKind.MANAGED,
    (Column("id", BIGINT), Column("x", DOUBLE), Column("label", STRING)),
    "ALIYUN$a",
    NOW,
    NOW,
    NOW,
    partition_columns=(Column("ds", STRING),),
)


def _algorithm(name: str) -> Algorithm:
    found = AlgorithmRegistry().get(name)
    assert found is not None
    return found


def _plan(name: str, **texts: str) -> tuple[SqlAction | Computation, ...]:
    algorithm = _algorithm(name)
    given = {p.name: p.default for p in algorithm.parameters if p.default} | texts
    return algorithm.plan(Arguments(given, {"inputTableName": TABLE}))


def test_registry_knows_its_modules() -> None:
    assert AlgorithmRegistry().names() == ("AppendID", "LogisticRegression", "Normalize", "Sample")
    assert AlgorithmRegistry().get("appendid") is not None
    assert AlgorithmRegistry().get("nothing") is None


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("AppendID", {"outputTableName": "p.o"}),
        ("AppendID", {"outputTableName": "p.s.o", "inputTablePartitions": "ds=1;ds='2'", "lifecycle": "3"}),
        ("Sample", {"outputTableName": "p.o", "sampleSize": "3"}),
        ("Sample", {"outputTableName": "p.o", "sampleRatio": "0.5", "replace": "true", "randomSeed": "7"}),
        ("Normalize", {"outputTableName": "p.o", "outputParaTableName": "p.q", "keepOriginal": "true"}),
        ("LogisticRegression", {"labelColName": "label", "modelName": "m"}),
    ],
)
def test_every_planned_action_parses(name: str, texts: dict[str, str]) -> None:
    for action in _plan(name, **texts):
        assert parser.parse(action.query)


@pytest.mark.parametrize(
    ("name", "texts", "said"),
    [
        ("AppendID", {"outputTableName": "o", "IDColName": "X"}, "has a column 'X' already"),
        ("AppendID", {"outputTableName": "o", "selectedColNames": "id,nope"}, "no column 'nope'"),
        (
            "AppendID",
            {"outputTableName": "o", "inputTablePartitions": "id=1"},
            "not column=value of a partition column",
        ),
        ("Sample", {"outputTableName": "o"}, "exactly one of sampleSize and sampleRatio"),
        ("Sample", {"outputTableName": "o", "sampleSize": "1", "sampleRatio": "1"}, "exactly one"),
        ("Normalize", {"outputTableName": "o", "selectedColNames": "label"}, "'label' is string, not a number"),
        ("LogisticRegression", {"labelColName": "label,id", "modelName": "m"}, "exactly one column"),
        ("LogisticRegression", {"labelColName": "x", "featureColNames": "x", "modelName": "m"}, "other than the label"),
    ],
)
def test_arguments_that_do_not_fit_are_refused_by_name(name: str, texts: dict[str, str], said: str) -> None:
    with pytest.raises(Fault) as caught:
        _plan(name, **texts)
    assert said in str(caught.value)


def test_values_cannot_leave_their_quotes() -> None:
    (action,) = _plan("AppendID", outputTableName="p.o", inputTablePartitions="ds=1' or '1'='1")
    assert r"`ds` = '1\' or \'1\'=\'1'" in action.query


def _rows_file(folder: Path, labels: list[str | None]) -> str:
    count = len(labels)
    table = pa.table(
        {
            "x": pa.array([float(n) for n in range(count)]),
            "y": pa.array([float(n % 3) * 1000 for n in range(count)]),
            "label": pa.array(labels, pa.string()),
        }
    )
    path = folder / "rows.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return str(path)


ARGUMENTS = {
    "modelName": "m",
    "maxIter": "1000",
    "epsilon": "0.0001",
    "regularizedType": "l2",
    "regularizedLevel": "1.0",
}


@pytest.mark.parametrize("kind", ["l1", "l2", "None"])
def test_logistic_regression_learns_a_threshold(tmp_path: Path, kind: str) -> None:
    rows = _rows_file(tmp_path, ["low" if n < 50 else "high" for n in range(100)])
    done = _algorithm("LogisticRegression").compute(
        "Train", {**ARGUMENTS, "regularizedType": kind, "goodValue": "high"}, rows
    )
    assert done.model is not None
    assert done.figures["rows"] == 100 and float(str(done.figures["accuracy"])) > 0.95
    root = ElementTree.fromstring(done.model.document)
    table = root.find(".//{*}RegressionTable[@targetCategory='high']")
    assert table is not None
    weights = {p.get("name"): float(p.get("coefficient", "nan")) for p in table.iterfind("{*}NumericPredictor")}
    border = -float(table.get("intercept", "nan")) / weights["x"]
    assert weights["x"] > 0 and 45 < border < 55
    assert all(math.isfinite(w) for w in weights.values())


def test_logistic_regression_with_three_classes_leaves_out_rows_with_null(tmp_path: Path) -> None:
    labels: list[str | None] = [["a", "b", "c"][n // 30] for n in range(90)]
    labels[0] = None
    done = _algorithm("LogisticRegression").compute("Train", ARGUMENTS, _rows_file(tmp_path, labels))
    assert done.model is not None
    assert done.figures["rows_skipped"] == 1
    assert "1 with NULL left out" in done.report
    assert len(ElementTree.fromstring(done.model.document).findall(".//{*}RegressionTable")) == 3


def test_logistic_regression_refuses_one_class(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="at least 2 are needed"):
        _algorithm("LogisticRegression").compute("Train", ARGUMENTS, _rows_file(tmp_path, ["a"] * 5))
