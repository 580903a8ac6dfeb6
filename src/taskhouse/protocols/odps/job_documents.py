"""Jobs as clients submit them, and as `?source` gives them back."""

from __future__ import annotations

import json
from xml.etree.ElementTree import Element

from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.instance import Instance, JobSpec, TaskSpec
from taskhouse.domain.json_text import read_json
from taskhouse.protocols.odps import xml
from taskhouse.protocols.odps.xml import Xml, element, text_of

TASK_TYPES = ("SQL", "SQLCost", "Merge")
"""Task elements of a job that can run here. XFlows are submitted in a document of their own."""

_ABSENT = {
    "SQLPlan": "query plans as tasks",
    "PLSQL": "PL/SQL",
    "MapReduce": "MapReduce",
    "LOT": "MapReduce (LOT)",
    "Graph": "Graph",
    "CUPID": "Spark on CUPID",
    "MaxFrame": "MaxFrame sessions",
    "COPY": "COPY tasks",
    "DT": "data transfer tasks",
    "Moye": "Moye",
    "Galaxy": "Galaxy",
    "XLib": "XLib",
    "AlgoTask": "AlgoTask",
    "Admin": "administration tasks",
    "Lineage": "lineage tasks",
    "Matrix": "Matrix",
    "Stat": "statistics tasks",
    "Dup": "duplication tasks",
    "CTR": "CTR",
    "Backup": "backup tasks",
    "SubJob": "sub-jobs",
    "Mock": "mock tasks",
}


def read_job(project: str, body: bytes) -> JobSpec:
    """The job of a submitted document, `<Instance><Job>` or `<Instance><XflowInstance>`.
    Raises `Fault`: InvalidArgument for what is malformed, NotSupported for task types that do not exist here."""
    root = xml.parse(body, "job")
    job = root if root.tag == "Job" else root.find("Job")
    if job is not None:
        return _read_tasks(project, job)
    flow = root.find("XflowInstance")
    if flow is not None:
        return _read_xflow(project, flow, body)
    raise Fault(FaultCode.INVALID_ARGUMENT, f"<{root.tag}> holds neither a <Job> nor an <XflowInstance>")


def _read_tasks(project: str, job: Element) -> JobSpec:
    tasks = job.find("Tasks")
    if tasks is None or not len(tasks):
        raise Fault(FaultCode.INVALID_ARGUMENT, "the job holds no task")
    mode = text_of(job, "DAG/RunMode").strip()
    if mode not in ("", "Sequence"):
        raise Fault(FaultCode.NOT_SUPPORTED, f"run mode '{mode}' is not supported; tasks run in sequence")
    return JobSpec(
        project=project,
        tasks=tuple(_read_task(task) for task in tasks),
        priority=_priority(job),
        name=text_of(job, "Name").strip(),
        comment=text_of(job, "Comment"),
        guid=text_of(job, "Guid").strip(),
        source=xml.dump(job),
    )


def _priority(job: Element) -> int:
    text = text_of(job, "Priority").strip()
    if not text:
        return 9
    try:
        priority = int(text)
    except ValueError:
        priority = -1
    if not 0 <= priority <= 9:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"priority '{text}' is not a number from 0 to 9")
    return priority


def _read_task(task: Element) -> TaskSpec:
    kind = task.tag
    if kind == "SQLRT":
        raise Fault(
            FaultCode.SESSION_UNAVAILABLE,
            "interactive sessions (SQLRT) are not supported; submit the query as an SQL task",
        )
    if kind not in TASK_TYPES:
        what = _ABSENT.get(kind, "this type")
        raise Fault(
            FaultCode.NOT_SUPPORTED,
            f"task type '{kind}' is not supported: {what}; supported are {', '.join(TASK_TYPES)} and XFlow instances",
        )
    name = xml.required_text(task, "Name")
    config = _properties(task)
    return TaskSpec(
        name=name,
        type=kind,
        body=xml.required_text(task, "TableName") if kind == "Merge" else _query(task, name),
        settings=_settings(config.pop("settings", ""), name),
        config=config,
        comment=text_of(task, "Comment"),
    )


def _query(task: Element, name: str) -> str:
    query = text_of(task, "Query")
    if not query.strip():
        raise Fault(FaultCode.INVALID_ARGUMENT, f"task '{name}' has no <Query>")
    return query


def _properties(node: Element) -> dict[str, str]:
    found = {}
    for item in node.iterfind("Config/Property"):
        found[text_of(item, "Name").strip()] = text_of(item, "Value")
    return found


def _settings(text: str, task: str) -> dict[str, str]:
    if not text.strip():
        return {}
    values = read_json(text, f"the value of 'settings' of task '{task}'")
    if not isinstance(values, dict):
        raise Fault(FaultCode.INVALID_ARGUMENT, f"the settings of task '{task}' are not a JSON object")
    return {name: _setting(value) for name, value in values.items()}


def _setting(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def _read_xflow(project: str, flow: Element, body: bytes) -> JobSpec:
    algorithm = xml.required_text(flow, "Xflow")
    config = _properties(flow)
    parameters = {
        text_of(item, "Key").strip(): text_of(item, "Value") for item in flow.iterfind("Parameters/Parameter")
    }
    document = {
        "project": text_of(flow, "Project").strip() or project,
        "xflow": algorithm,
        "parameters": parameters,
        "config": config,
    }
    settings = _settings(config.get("settings", ""), algorithm)
    task = TaskSpec(algorithm, "XFlow", json.dumps(document, ensure_ascii=False), settings, config)
    return JobSpec(
        project=project,
        tasks=(task,),
        priority=_priority(flow),
        guid=text_of(flow, "Guid").strip(),
        source=_text(body),
    )


def _text(body: bytes) -> str:
    """The document as it was sent; one in another encoding than UTF-8 is written anew."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        return xml.document(xml.dump(xml.parse(body))).decode()


def source_document(instance: Instance) -> bytes:
    """The job of an instance: as it was submitted, or made from its tasks when the server planned it."""
    if instance.source.startswith("<Job"):
        return xml.document(Xml(instance.source))
    tasks = [_task_element(task.spec) for task in instance.tasks]
    return xml.document(
        element(
            "Job",
            element("Name", instance.name) if instance.name else None,
            element("Comment", instance.comment) if instance.comment else None,
            element("Priority", instance.priority),
            element("Guid", instance.guid) if instance.guid else None,
            element("Tasks", tasks),
            element("DAG", element("RunMode", "Sequence")),
        )
    )


def _task_element(spec: TaskSpec) -> Xml:
    properties = dict(spec.config)
    if spec.settings:
        properties["settings"] = json.dumps(spec.settings, ensure_ascii=False)
    config = [element("Property", element("Name", name), element("Value", value)) for name, value in properties.items()]
    return element(
        spec.type,
        element("Name", spec.name),
        element("Comment", spec.comment) if spec.comment else None,
        element("Config", config),
        element("TableName" if spec.type == "Merge" else "Query", spec.body),
    )
