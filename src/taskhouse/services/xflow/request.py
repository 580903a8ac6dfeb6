"""From a request's parameters to checked arguments: everything that can be known to be wrong is a fault at submission."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from taskhouse.domain.access import table_target
from taskhouse.domain.catalogue import DEFAULT_SCHEMA, Project, Table, TableName
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import JobSpec
from taskhouse.ports.algorithms import Algorithm, Arguments, Parameter, ParameterKind
from taskhouse.services.access import authorize
from taskhouse.services.world import Caller, World

ALGORITHM_PROJECT = "algo_public"
"""The project whose XFlows are the algorithms that come with the server."""
MAX_VALUE = 65_536
"""Characters of one parameter's value."""


@dataclass(frozen=True, slots=True)
class XFlowRequest:
    """Algorithm `xflow` of `xflow_project` with its parameters as they were sent."""

    xflow_project: str
    xflow: str
    parameters: Mapping[str, str]


def read_request(job: JobSpec) -> XFlowRequest:
    """The request inside a job whose one task is of type `XFlow`: a JSON document with `project`, `xflow`, `parameters`."""
    document = json.loads(job.tasks[0].body)
    return XFlowRequest(document["project"], document["xflow"], document["parameters"])


def algorithm_of(world: World, xflow_project: str, xflow: str) -> Algorithm:
    """Raises `Fault` NO_SUCH_OBJECT, saying what there is."""
    found = world.algorithms.get(xflow)
    if xflow_project.lower() != ALGORITHM_PROJECT:
        hint = f"; '{found.name}' is in project '{ALGORITHM_PROJECT}'" if found else ""
        raise Fault(
            FaultCode.NO_SUCH_OBJECT, f"Object not found - project '{xflow_project}' has no xflow '{xflow}'{hint}"
        )
    if found is None:
        raise Fault(
            FaultCode.NO_SUCH_OBJECT,
            f"Object not found - '{ALGORITHM_PROJECT}' has no xflow '{xflow}'; it has {', '.join(world.algorithms.names())}",
        )
    return found


def check_arguments(
    world: World, caller: Caller, project: Project, algorithm: Algorithm, given: Mapping[str, str]
) -> Arguments:
    """Raises `Fault`: INVALID_PARAMETER naming an unknown, missing or unusable parameter, NO_SUCH_TABLE for an input table,
    OBJECT_EXISTS for an output table, NO_PERMISSION for a table that the caller may not read."""
    known = {p.name.lower(): p for p in algorithm.parameters}
    texts: dict[str, str] = {p.name: p.default for p in algorithm.parameters if p.default}
    for name, value in given.items():
        parameter = known.get(name.lower())
        if parameter is None:
            raise _bad(
                algorithm,
                f"there is no parameter '{name[:100]}'; there are {', '.join(p.name for p in algorithm.parameters)}",
            )
        if len(value) > MAX_VALUE:
            raise _bad(algorithm, f"parameter '{parameter.name}' has {len(value)} characters; {MAX_VALUE} are allowed")
        if value.strip():
            texts[parameter.name] = value.strip()
    tables: dict[str, Table] = {}
    outputs: set[TableName] = set()
    for parameter in algorithm.parameters:
        text = texts.get(parameter.name, "")
        if not text:
            if parameter.required:
                raise _bad(algorithm, f"parameter '{parameter.name}' is missing: {parameter.meaning}")
            continue
        _check_value(algorithm, parameter, text)
        if parameter.kind is ParameterKind.INPUT_TABLE:
            tables[parameter.name] = _input_table(world, caller, project, text)
        elif parameter.kind is ParameterKind.OUTPUT_TABLE:
            target = _table_name(world, project, text)
            if target in outputs or target in (t.name for t in tables.values()):
                raise _bad(
                    algorithm, f"parameter '{parameter.name}': table {target} is named by another parameter, too"
                )
            if world.catalogue.table(target) is not None:
                raise Fault(FaultCode.OBJECT_EXISTS, f"Table or view already exists - {target}")
            outputs.add(target)
            texts[parameter.name] = _full_text(target)
        elif parameter.kind is ParameterKind.MODEL:
            texts[parameter.name] = _model_name(project, text)
    return Arguments(texts, tables)


def _check_value(algorithm: Algorithm, parameter: Parameter, text: str) -> None:
    if parameter.choices and text not in parameter.choices:
        raise _bad(
            algorithm, f"parameter '{parameter.name}' is '{text[:100]}', not one of {', '.join(parameter.choices)}"
        )
    match parameter.kind:
        case ParameterKind.FLAG:
            if text.lower() not in ("true", "false"):
                raise _bad(algorithm, f"parameter '{parameter.name}' is '{text[:100]}', not true or false")
        case ParameterKind.INTEGER | ParameterKind.NUMBER:
            whole = parameter.kind is ParameterKind.INTEGER
            try:
                value = float(int(text)) if whole else float(text)
            except (ValueError, OverflowError):
                raise _bad(
                    algorithm,
                    f"parameter '{parameter.name}' is '{text[:100]}', not a{'n integer' if whole else ' number'}",
                ) from None
            low = -math.inf if parameter.minimum is None else parameter.minimum
            high = math.inf if parameter.maximum is None else parameter.maximum
            if not math.isfinite(value) or not low <= value <= high:
                raise _bad(
                    algorithm, f"parameter '{parameter.name}' is {text[:100]}; it must lie between {low:g} and {high:g}"
                )


def _table_name(world: World, project: Project, text: str) -> TableName:
    """`t`, `p.t`, `s.t` where the project has schemas, or `p.s.t`."""
    parts = [part.strip().strip("`").lower() for part in text.split(".")]
    if not all(parts) or len(parts) > 3:
        raise Fault(FaultCode.INVALID_PARAMETER, f"'{text[:200]}' is not a table's name")
    if len(parts) == 3:
        return TableName(*parts)
    if len(parts) == 1:
        return TableName(project.name, DEFAULT_SCHEMA, parts[0])
    other = world.catalogue.project(parts[0])
    if other is None and project.schemas_enabled and world.catalogue.schema(project.name, parts[0]) is not None:
        return TableName(project.name, parts[0], parts[1])
    return TableName(parts[0], DEFAULT_SCHEMA, parts[1])


def _full_text(name: TableName) -> str:
    parts = [name.project, name.name] if name.schema == DEFAULT_SCHEMA else [name.project, name.schema, name.name]
    return ".".join(parts)


def _input_table(world: World, caller: Caller, project: Project, text: str) -> Table:
    name = _table_name(world, project, text)
    table = world.catalogue.table(name)
    authorize.check(world, caller, "Select", table_target(name), table.owner if table else "")
    if table is None:
        raise Fault(FaultCode.NO_SUCH_TABLE, f"Table not found - {name}")
    return table


def _model_name(project: Project, text: str) -> str:
    """Clients send `project/offlinemodels/name`; models are kept in the project that the XFlow runs in."""
    prefix, _, name = text.rpartition("/")
    if prefix and prefix.lower() != f"{project.name}/offlinemodels":
        raise Fault(FaultCode.INVALID_PARAMETER, f"'{text[:200]}' is not a model of project {project.name}")
    if not name or not name.replace("_", "").isalnum() or len(name) > 128:
        raise Fault(
            FaultCode.INVALID_PARAMETER,
            f"'{name[:200]}' is not a model's name: letters, digits and _ only, at most 128",
        )
    return name


def _bad(algorithm: Algorithm, what: str) -> Fault:
    return Fault(FaultCode.INVALID_PARAMETER, f"{algorithm.name}: {what}")
