"""Scripts, integration tasks and virtual nodes: one node each, and what SQL says about what they read and write."""

from __future__ import annotations

from dataclasses import dataclass, replace

from taskhouse.domain.definition.tasks import EndKind, IntegrationTask, Language, ScriptTask, TransferEnd, VirtualNode
from taskhouse.domain.definition.tenant import ProjectMode
from taskhouse.domain.faults import Fault
from taskhouse.domain.published import Program, ProgramKind
from taskhouse.services.materialization.context import Context
from taskhouse.services.materialization.expressions import with_sample_values
from taskhouse.services.transfer.document import document_of, write_document
from taskhouse.sql.lineage import WHOLE, ScriptLineage, script_lineage
from taskhouse.sql.renaming import with_projects

PlainTask = ScriptTask | IntegrationTask | VirtualNode
_KINDS = {Language.SQL: ProgramKind.SQL, Language.PYTHON: ProgramKind.PYTHON, Language.SHELL: ProgramKind.SHELL}


@dataclass(frozen=True, slots=True)
class PlainReading:
    """`outputs` are tables by the names of definitions, lower case. `lineage` is None of what is no SQL."""

    outputs: tuple[str, ...]
    lineage: ScriptLineage | None = None


def read_task(context: Context, task: PlainTask) -> PlainReading:
    """What the task writes, as declared and as its SQL says. Reported: SQL that cannot be parsed, and tables of another project, which
    attempts have no right to write; a virtual node only says who has written them."""
    reading = _read_task(context, task)
    if not isinstance(task, VirtualNode):
        for output in reading.outputs:
            if output.partition(".")[0] != task.project.lower():
                key = "target" if isinstance(task, IntegrationTask) else "code" if reading.lineage else "outputs"
                message = f"'{output}' is a table of another project; a task writes tables of its own project"
                context.refuse((*task.place, key), message, f"move the task there, or the table to '{task.project}'")
    return reading


def _read_task(context: Context, task: PlainTask) -> PlainReading:
    match task:
        case ScriptTask():
            declared = [output.lower() for output in task.outputs]
            if task.language is not Language.SQL:
                return PlainReading(tuple(declared))
            try:
                text = with_sample_values(task.code, task.parameters, task.project)
                lineage = script_lineage(text, task.project.lower(), context.columns_of)
            except Fault as fault:
                context.refuse((*task.place, "code"), fault)
                return PlainReading(tuple(declared))
            written = [f"{table.project}.{table.name}".lower() for table in lineage.writes]
            return PlainReading(tuple(dict.fromkeys((*declared, *written))), lineage)
        case IntegrationTask():
            return PlainReading((task.target.name.lower(),) if task.target.kind is EndKind.TABLE else ())
        case VirtualNode():
            return PlainReading(tuple(output.lower() for output in task.outputs))


def program(context: Context, task: PlainTask) -> Program:
    project = context.workspace.maxcompute(task.project, context.environment)
    match task:
        case ScriptTask():
            code = _in_environment(context, task) if task.language is Language.SQL else task.code
            return Program(_KINDS[task.language], code, project, task.parameters, dict(task.options))
        case IntegrationTask():
            moved = replace(task, source=_end(context, task.source), target=_end(context, task.target))
            return Program(ProgramKind.TRANSFER, write_document(document_of(moved)), project, task.parameters)
        case VirtualNode():
            return Program(ProgramKind.VIRTUAL, project=project)


def _end(context: Context, end: TransferEnd) -> TransferEnd:
    return replace(end, name=context.physical(end.name)) if end.kind is EndKind.TABLE else end


def _in_environment(context: Context, task: ScriptTask) -> str:
    """SQL that names projects of the workspace reads and writes, in development, their development twins."""
    renamed = {
        project.name.lower(): context.workspace.maxcompute(project.name, context.environment)
        for project in context.workspace.projects.values()
        if project.mode is ProjectMode.DEV_PROD
    }
    renamed = {name: new for name, new in renamed.items() if new.lower() != name}
    if not renamed:
        return task.code
    try:
        return with_projects(task.code, with_sample_values(task.code, task.parameters, task.project), renamed)
    except Fault:
        return task.code  # reported where it was read


def reads(context: Context, task: PlainTask, reading: PlainReading) -> dict[str, frozenset[str]] | None:
    """Upstream task -> fields read, none for all and for scripts; None when nobody knows what the task reads."""
    if isinstance(task, IntegrationTask):
        if task.source.kind is not EndKind.TABLE:
            return {}
        return {id: frozenset() for id in context.upstream_tasks(task.source.name)}
    if reading.lineage is None:
        return None
    found: dict[str, frozenset[str]] = {}
    whole: set[str] = set()
    for table, columns in reading.lineage.reads.items():
        name = f"{table.project}.{table.name}"
        shape = context.shape(name)
        for id in context.upstream_tasks(name):
            if id == task.id:
                continue
            if shape is not None:
                known = shape.field_names
                fields = frozenset(known[column] for column in columns if column in known and WHOLE not in columns)
            else:
                fields = context.node_fields.get(name, frozenset())
            if not fields:
                whole.add(id)
            found[id] = found.get(id, frozenset()) | fields
    return {id: frozenset() if id in whole else fields for id, fields in found.items()}
