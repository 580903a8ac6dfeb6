"""LogisticRegression: a linear classifier of two or more classes, trained with scikit-learn, kept as an offline model.

Prediction is not offered: the model is PMML, which can be read with `get_model()` and scored elsewhere.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.engines.algorithms import pmml, sql_text
from taskhouse.ports.algorithms import (
    Action,
    Arguments,
    Computation,
    Computed,
    Model,
    Parameter,
    ParameterKind,
    SqlAction,
)

MAX_CLASSES = 1_000


class LogisticRegression:
    name = "LogisticRegression"
    summary = "Trains a linear classifier of two or more classes and keeps it as an offline model."
    parameters = (
        sql_text.INPUT,
        sql_text.INPUT_PARTITIONS,
        Parameter("featureColNames", ParameterKind.COLUMNS, "numeric columns; every other numeric one when absent"),
        Parameter("labelColName", ParameterKind.COLUMNS, "the column with the classes", required=True),
        Parameter("goodValue", ParameterKind.TEXT, "with two classes, the positive one; the greater when absent"),
        Parameter("modelName", ParameterKind.MODEL, "the model to create or replace", required=True),
        Parameter("maxIter", ParameterKind.INTEGER, "most iterations", default="100", minimum=1, maximum=100_000),
        Parameter(
            "epsilon", ParameterKind.NUMBER, "stop when the gradient is below this", default="0.000001", minimum=0
        ),
        Parameter("regularizedType", ParameterKind.TEXT, "penalty", default="l2", choices=("l1", "l2", "None")),
        Parameter("regularizedLevel", ParameterKind.NUMBER, "strength of the penalty", default="1.0", minimum=1e-12),
        sql_text.CORES,
        sql_text.MEMORY,
    )

    def plan(self, arguments: Arguments) -> tuple[Action, ...]:
        table = arguments.tables["inputTableName"]
        labels = sql_text.chosen_columns(table, arguments.columns("labelColName"), "labelColName")
        if len(labels) != 1 or labels[0].type.is_complex:
            raise Fault(FaultCode.INVALID_PARAMETER, "labelColName: exactly one column of a simple type is needed")
        label = labels[0]
        wanted = arguments.columns("featureColNames")
        if wanted:
            features = sql_text.chosen_columns(table, wanted, "featureColNames")
            sql_text.require_numbers(features, "featureColNames")
        else:
            features = tuple(c for c in table.columns if c.type.is_number and c != label)
        if not features or label in features:
            raise Fault(
                FaultCode.INVALID_PARAMETER,
                "featureColNames: at least one numeric column other than the label is needed",
            )
        source = sql_text.source(arguments)
        quoted = sql_text.quoted(label.name)
        classes = f"select {quoted} as label, count(*) as cnt\n{source}\ngroup by {quoted}\norder by label\nlimit {MAX_CLASSES};"
        casts = ",\n       ".join(
            f"cast({sql_text.quoted(c.name)} as double) as {sql_text.quoted(c.name)}" for c in features
        )
        rows = f"select {casts},\n       cast({quoted} as string) as {quoted}\n{source};"
        scan = "set odps.sql.allow.fullscan=true;\n"
        return SqlAction("Classes", scan + classes), Computation("Train", scan + rows)

    def compute(self, action: str, arguments: Mapping[str, str], rows_file: str) -> Computed:
        if action != "Train":
            raise Fault(FaultCode.INVALID_ARGUMENT, f"LogisticRegression has no computation '{action}'")
        with pa.memory_map(rows_file) as source:
            table = pa.ipc.open_file(source).read_all()
        *features, label = table.column_names
        complete = table.drop_null()
        skipped = table.num_rows - complete.num_rows
        classes = _classes(complete.column(label), arguments.get("goodValue", ""))
        fitted, notes = _fit(complete, features, label, arguments)
        tables = _tables(fitted, classes)
        report = _report(complete.num_rows, skipped, features, tables, fitted["accuracy"], fitted["iterations"], notes)
        name = arguments["modelName"].rsplit("/", 1)[-1]
        document = pmml.classifier(name, label, features, classes, tables)
        figures = {
            "rows": complete.num_rows,
            "rows_skipped": skipped,
            "accuracy": fitted["accuracy"],
            "iterations": fitted["iterations"],
        }
        return Computed(report, Model(name, document), figures)


def _classes(labels: pa.ChunkedArray, good: str) -> list[str]:
    """The classes; of two, the positive one first."""
    classes = sorted(labels.unique().to_pylist())
    if len(classes) < 2:
        raise Fault(
            FaultCode.RUNTIME, f"the label has {len(classes)} classes in the rows without NULL; at least 2 are needed"
        )
    if len(classes) > MAX_CLASSES:
        raise Fault(FaultCode.RUNTIME, f"the label has {len(classes)} classes; at most {MAX_CLASSES} are allowed")
    if good and good not in classes:
        raise Fault(FaultCode.RUNTIME, f"goodValue: the label never is '{good}'")
    if len(classes) == 2:
        positive = good or classes[1]
        return [positive, next(c for c in classes if c != positive)]
    return classes


def _fit(
    table: pa.Table, features: Sequence[str], label: str, arguments: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    import numpy as np
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression as Model

    rows = np.column_stack([table.column(name).to_numpy() for name in features])
    if not np.isfinite(rows).all():
        raise Fault(FaultCode.RUNTIME, "a feature is infinite or not a number")
    # scaled for the solver, unscaled again in the coefficients: features of very different size then converge alike
    center, scale = rows.mean(axis=0), rows.std(axis=0)
    scale[scale == 0] = 1.0
    labels = np.asarray(table.column(label).to_pylist(), dtype=object)
    kind = arguments["regularizedType"]
    model = Model(
        C=math.inf if kind == "None" else 1.0 / float(arguments["regularizedLevel"]),
        l1_ratio=1.0 if kind == "l1" else 0.0,
        solver="saga" if kind == "l1" else "lbfgs",
        max_iter=int(arguments["maxIter"]),
        tol=float(arguments["epsilon"]) or 1e-12,
        random_state=0,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit((rows - center) / scale, labels)
    stopped = any(issubclass(w.category, ConvergenceWarning) for w in caught)
    notes = ["stopped at maxIter before epsilon was reached"] if stopped else []
    coefficients = model.coef_ / scale
    intercepts = model.intercept_ - coefficients @ center
    predicted = model.predict((rows - center) / scale)
    found = {
        "classes": [str(c) for c in model.classes_],
        "coefficients": coefficients.tolist(),
        "intercepts": intercepts.tolist(),
        "iterations": int(max(model.n_iter_)),
        "accuracy": float((predicted == labels).mean()),
    }
    return found, notes


def _tables(fitted: Mapping[str, Any], classes: Sequence[str]) -> dict[str, tuple[float, list[float]]]:
    """Intercept and coefficients of each class. With two classes scikit-learn gives one row, for its second class."""
    if len(classes) > 2:
        rows = zip(fitted["classes"], fitted["intercepts"], fitted["coefficients"], strict=True)
        return {name: (intercept, coefficients) for name, intercept, coefficients in rows}
    sign = 1.0 if fitted["classes"][1] == classes[0] else -1.0
    row = [sign * c for c in fitted["coefficients"][0]]
    return {classes[0]: (sign * fitted["intercepts"][0], row), classes[1]: (0.0, [0.0] * len(row))}


def _report(
    rows: int,
    skipped: int,
    features: Sequence[str],
    tables: Mapping[str, tuple[float, Sequence[float]]],
    accuracy: float,
    iterations: int,
    notes: Sequence[str],
) -> str:
    lines = [
        f"rows            {rows}" + (f" ({skipped} with NULL left out)" if skipped else ""),
        f"classes         {len(tables)}",
        f"iterations      {iterations}",
        f"accuracy        {accuracy:.4f} on the training rows",
        *(f"note            {note}" for note in notes),
        "",
    ]
    width = max(len("intercept"), *(len(name) for name in features))
    for label, (intercept, coefficients) in tables.items():
        lines.append(f"class {label}")
        lines.append(f"  {'intercept'.ljust(width)}  {intercept: .6f}")
        lines += [f"  {n.ljust(width)}  {c: .6f}" for n, c in zip(features, coefficients, strict=True)]
    return "\n".join(lines) + "\n"


ALGORITHM = LogisticRegression()
