"""The sections of workspace files and every key in them: the one description of the file format.

The reader follows it, `taskhouse schema` prints it as JSON Schema, and docs/workspace.md lists it.
"""

from __future__ import annotations

from taskhouse.domain.definition.metrics import PeriodUnit
from taskhouse.domain.definition.tables import (
    Cost,
    DimensionKind,
    FactKind,
    JoinType,
    MaterializationMode,
    ReadPartition,
)
from taskhouse.domain.definition.tasks import EndKind, Language, WriteMode
from taskhouse.domain.definition.tenant import ProjectMode
from taskhouse.domain.dependency import Policy, Window
from taskhouse.domain.recurring import Priority
from taskhouse.domain.roles import ProjectRole
from taskhouse.domain.schedule import Cycle, ScheduleType
from taskhouse.services.definitions.shapes import (
    Flag,
    Key,
    ListOf,
    Literal,
    MapOf,
    Number,
    Record,
    Text,
    TimeOfDay,
    TypeText,
    Word,
)

NAME = r"[A-Za-z_][A-Za-z0-9_]{0,63}"
_USER = r"[^\s$;,'\"`<>&]{1,128}"

name = Text("a name: a letter or '_', then up to 63 letters, digits and '_'", NAME, 64)
project_name = Text(
    "a project name: a small letter, then up to 58 small letters, digits and '_'", r"[a-z][a-z0-9_]{0,58}", 59
)
task_id = Text("a task, written project.name", rf"{NAME}\.{NAME}", 130)
upstream_id = Text("a task, written project.name, or root", rf"{NAME}\.{NAME}|root", 130)
table_id = Text("a table, written project.table", rf"{NAME}\.{NAME}", 130)
metric_name = name
period_name = Text("a name: letters, digits and '_'", r"[A-Za-z0-9_]{1,64}", 64)
user = Text("a user's name", _USER, 128)
label = Text("a text", max_chars=256, may_be_empty=True)
prose = Text("a text", max_chars=4_000, may_be_empty=True)
sql = Text("an SQL expression", max_chars=20_000)
code = Text("the code itself; a file of code is named with the key `file`", max_chars=1_000_000)
priority = Word(Priority, {"MEDIUM": Priority.MIDDLE})
_ROOT = "`root` for the tenant's root node"

DESCRIBED = {
    "label": Key(label, "Name for people, in any language"),
    "description": Key(prose, "What it is, for people"),
}

schedule = Record(
    "schedule",
    {
        "cycle": Key(Word(Cycle), "How often", default="DAY"),
        "at": Key(
            TimeOfDay(), "Time of day; of a list of hours its minute, of an interval its beginning", default="00:00"
        ),
        "weekdays": Key(ListOf(Number(1, 7), takes_one=True), "WEEK: the days, 1 is Monday"),
        "month_days": Key(
            ListOf(
                Text("a day from 1 to 31, or LAST", r"[1-9]|[12]\d|3[01]|LAST", 4, may_be_number=True), takes_one=True
            ),
            "MONTH and YEAR: the days; LAST is the last day of the month",
        ),
        "months": Key(ListOf(Number(1, 12), takes_one=True), "YEAR: the months"),
        "hours": Key(ListOf(Number(0, 23), takes_one=True), "HOUR: a list of hours, each at the minute of `at`"),
        "every_min": Key(Number(1, 1439), "HOUR and MINUTE: an interval in minutes, from `at` to `until`"),
        "until": Key(TimeOfDay(), "End of an interval, included", default="23:59"),
        "type": Key(
            Word(ScheduleType),
            "NORMAL; DRY_RUN succeeds at its time without running; SKIP fails at its time, which blocks downstream",
            default="NORMAL",
        ),
    },
    doc="When a task runs, in the tenant's time zone. Every cycle has instances every day; on days that are not a task's own they are "
    "dry runs.",
)

dependency = Record(
    "dependency",
    {
        "task": Key(upstream_id, f"The upstream task, or {_ROOT}", is_required=True),
        "cycle": Key(
            Word(Window), "Where to look for its instances, counted in nightly generations", default="THIS_CYCLE"
        ),
        "cycles": Key(Number(1, 366), "PREVIOUS_N_CYCLES: how many", default="1"),
        "policy": Key(Word(Policy), "Which of the instances found", default="chosen by the two schedules"),
        "fields": Key(ListOf(name), "Of a logical upstream: the fields to wait for", default="all that are read"),
        "readers": Key(ListOf(name), "The fields of this table that wait", default="those that read it"),
    },
    short="task",
)

source = Record(
    "source",
    {
        "table": Key(table_id, "A logical table or a physical one, written project.table", is_required=True),
        "alias": Key(name, "What expressions call it", default="the table's name"),
        "where": Key(sql, "Which of its rows; for a physical table this chooses the partition"),
        "ready_at": Key(TimeOfDay(), "When a physical table is usually complete; automatic splitting goes by it"),
    },
    short="table",
)

join = Record(
    "join",
    {
        **source.keys,
        "on": Key(sql, "The condition, over this alias and those before it", is_required=True),
        "type": Key(Word(JoinType), "LEFT or INNER", default="LEFT"),
    },
)

_FIELD = {
    "name": Key(name, "Name of the field", is_required=True),
    "type": Key(TypeText(), "Its type", is_required=True),
    "expression": Key(sql, "SQL over the aliases", default="the field of this name of the main source"),
    **DESCRIBED,
    "cost": Key(Word(Cost), "HEAVY fields get nodes of their own in automatic splitting", default="NORMAL"),
    "unit": Key(label, "Unit of its values"),
}
_REFERENCE = {
    "dimension": Key(table_id, "The dimension table that its values are keys of"),
    "role": Key(name, "Tells references to the same dimension apart"),
    "default": Key(
        Text("a text", max_chars=128, may_be_empty=True), "Stands where the source has no value", default="-110"
    ),
}
plain_field = Record("field", _FIELD)
attribute = Record("attribute", {**_FIELD, **_REFERENCE})
reference = Record(
    "dimension_reference",
    {**_FIELD, **_REFERENCE, "dimension": Key(table_id, "The dimension table", is_required=True)},
)

node_wish = Record(
    "node",
    {
        "name": Key(name, "Name of the node, unique in the project", is_required=True),
        "fields": Key(ListOf(name, least=1), "What it writes besides the keys", is_required=True),
        "shared": Key(
            Flag(),
            "Another table of the project that names the node shares it: same sources, same key",
            default="false",
        ),
    },
)
materialization = Record(
    "materialization",
    {
        "mode": Key(
            Word(MaterializationMode), "AUTOMATIC splits by rules; CUSTOM takes `nodes`", default="AUTOMATIC"
        ),
        "nodes": Key(ListOf(node_wish), "CUSTOM: every field is in at least one node; one in several is redundant"),
        "lifecycle_days": Key(Number(1, 36_500), "Days that partitions are kept; 36500 is for ever", default="36500"),
        "read": Key(
            Word(ReadPartition), "Which partition derived metrics read: that of the data timestamp, or the latest",
            default="BIZDATE",
        ),
        "partitions": Key(
            MapOf(Text("a value, such as ${bizdate}", max_chars=128), NAME, "a name"),
            "Partition columns with their values",
            default='{ds: "${bizdate}"}',
        ),
        "max_fields": Key(Number(1, 1000), "AUTOMATIC: the widest node", default="100"),
    },
)  # fmt: skip

RUNS = {
    "timeout_h": Key(Number(0.01, 168, is_whole=False), "Hours after which an attempt is stopped", default="48"),
    "retries": Key(Number(0, 10), "Automatic reruns after a failure", default="1"),
    "retry_interval_min": Key(Number(1, 60), "Minutes between them", default="5"),
    "retry_after_timeout": Key(Flag(), "Whether a timeout is retried, too", default="false"),
}

_COMMON = {
    "schedule": Key(schedule, "When it runs", default="every day at 00:00"),
    "owner": Key(ListOf(user, takes_one=True, least=1, most=20), "Who answers for it", default="the project's owner"),
    "priority": Key(priority, "Whose turn it is when slots are scarce", default="MEDIUM"),
    "tags": Key(
        ListOf(Text("a tag", r"\S.{0,63}", 64), takes_one=True, most=50), "Free labels, inherited by instances"
    ),
    **RUNS,
}
_TASK = {
    "name": Key(name, "Name, unique among the tasks and nodes of the project", is_required=True),
    "project": Key(project_name, "Its project", default="that of the file's `defaults`"),
    **DESCRIBED,
    **_COMMON,
    "dependencies": Key(ListOf(dependency), f"Upstream tasks by hand; {_ROOT}"),
    "auto_dependencies": Key(Flag(), "Whether upstream tasks are also found in sources and code", default="true"),
    "ignored_dependencies": Key(ListOf(task_id), "Tasks that must not be found so"),
}
_GROUP = {"resource_group": Key(name, "The resource group that it runs in", default="shared")}
_PARAMETERS = {
    "parameters": Key(
        MapOf(Text("a value", max_chars=1_000, may_be_empty=True), NAME, "a name"), "Custom parameters of the code"
    )
}

_TABLE = {
    "joins": Key(ListOf(join), "Further sources"),
    "where": Key(sql, "Which rows, over all aliases"),
    "event_time": Key(name, "The field that says when something happened"),
    "latency_days": Key(Number(0, 15), "Data latency: each run rewrites so many last days", default="0"),
    "materialization": Key(materialization, "How it becomes nodes and physical tables"),
}

level = Record(
    "level",
    {
        "name": Key(name, "Name of the level", is_required=True),
        "key": Key(name, "The attribute that identifies its members", is_required=True),
        "attributes": Key(ListOf(name), "Attributes that belong to the level"),
    },
)
hierarchy = Record(
    "hierarchy",
    {
        "name": Key(name, "Name of the hierarchy", is_required=True),
        "levels": Key(
            ListOf(level, least=1), "From the coarsest to the finest; each yields `<table>__<level>`", is_required=True
        ),
    },
)
dimension_table = Record(
    "dimension_table",
    {
        **_TASK,
        "kind": Key(
            Word(DimensionKind),
            "NORMAL; ENUMERATION has its rows here; VIRTUAL is a key without a table",
            default="NORMAL",
        ),
        "key": Key(plain_field, "The primary key", is_required=True),
        "attributes": Key(ListOf(attribute), "The other fields"),
        "source": Key(source, "NORMAL: the main source"),
        **_TABLE,
        "rows": Key(ListOf(MapOf(Literal(), NAME, "a name")), "ENUMERATION: the rows, by names of fields"),
        "hierarchies": Key(ListOf(hierarchy), "Levels of its members"),
    },
    doc="A logical dimension table.",
)
fact_table = Record(
    "fact_table",
    {
        **_TASK,
        "kind": Key(
            Word(FactKind), "TRANSACTION: events of the day; PERIODIC_SNAPSHOT: the state at the end of the day",
            default="TRANSACTION",
        ),
        "business_process": Key(label, "What happens"),
        "source": Key(source, "The main source", is_required=True),
        "keys": Key(ListOf(plain_field), "The primary key, if there is one"),
        "dimensions": Key(ListOf(reference), "References to dimensions"),
        "measures": Key(ListOf(plain_field), "What is measured"),
        "attributes": Key(ListOf(plain_field), "Fact attributes"),
        **_TABLE,
    },
    doc="A logical fact table.",
)  # fmt: skip

grain = Record(
    "grain",
    {
        "dimension": Key(table_id, "A dimension table", is_required=True),
        "role": Key(name, "The role of the facts' reference, when there are several"),
        "column": Key(name, "Name of the column in the aggregate table", default="the role, else the dimension's key"),
    },
    short="dimension",
)
granularity = ListOf(grain, takes_one=True, least=1, most=20)
_OWN = {
    "project": Key(project_name, "The project whose members may operate it", default="the table's"),
    "owner": Key(user, "Who answers for the metric", default="the table's owners"),
    "priority": Key(priority, "The metric's own", default="the table's"),
}
custom_metric = Record(
    "custom_metric",
    {
        "name": Key(metric_name, "Name of the metric", is_required=True),
        "type": Key(TypeText(), "Its type", is_required=True),
        "expression": Key(
            sql, "SQL over other metrics of the table; with a `source` an aggregate over its fields", is_required=True
        ),
        "source": Key(table_id, "A logical dimension or fact table"),
        "where": Key(sql, "Which rows of the source"),
        "period": Key(period_name, "Which days of the source", default="1d"),
        **_OWN,
        **DESCRIBED,
        "cost": Key(Word(Cost), "As of fields", default="NORMAL"),
    },
)
aggregate_table = Record(
    "aggregate_table",
    {
        **_TASK,
        "granularity": Key(granularity, "The dimensions by which its rows are grouped", is_required=True),
        "metrics": Key(
            ListOf(custom_metric), "Custom metrics; derived ones of the same granularity join by themselves"
        ),
        "materialization": Key(materialization, "How it becomes nodes and physical tables"),
    },
    doc="A logical aggregate table: all metrics of one granularity.",
)
atomic_metric = Record(
    "atomic_metric",
    {
        "name": Key(metric_name, "Name", is_required=True),
        "table": Key(table_id, "The logical table it is computed from", default="that of its parts"),
        "type": Key(TypeText(), "Its type", is_required=True),
        "expression": Key(
            sql, "An SQL aggregate over the table's fields; other atomic metrics of the table in braces: {paid} / {orders}",
            is_required=True,
        ),
        **DESCRIBED,
        "unit": Key(label, "Unit of its values"),
    },
    doc="What is computed.",
)  # fmt: skip
business_filter = Record(
    "business_filter",
    {
        "name": Key(name, "Name", is_required=True),
        "table": Key(table_id, "The logical table whose rows it chooses", is_required=True),
        "condition": Key(sql, "A condition over its fields, without the time range", is_required=True),
        **DESCRIBED,
    },
    doc="Of which rows.",
)
statistical_period = Record(
    "statistical_period",
    {
        "name": Key(period_name, "Name", is_required=True),
        "unit": Key(Word(PeriodUnit), "DAYS, or from a beginning up to the data timestamp", default="DAYS"),
        "days": Key(Number(1, 3_660), "DAYS: how many, the data timestamp included", default="1"),
        "label": DESCRIBED["label"],
    },
    doc="Of which days. Built in: 1d, 7d, 14d, 30d, wtd, mtd, qtd, ytd, all.",
)
derived_metric = Record(
    "derived_metric",
    {
        "name": Key(metric_name, "Name, and that of the field in the aggregate table", is_required=True),
        "atomic": Key(metric_name, "The atomic metric", is_required=True),
        "filters": Key(ListOf(name, takes_one=True, most=20), "Business filters, all of which must hold"),
        "period": Key(period_name, "The statistical period", is_required=True),
        "granularity": Key(granularity, "The statistical granularity", is_required=True),
        **(_OWN | {"project": Key(project_name, "Its project", default="that of the file's `defaults`")}),
        **DESCRIBED,
        "cost": Key(Word(Cost), "As of fields", default="NORMAL"),
    },
    doc="An atomic metric, of some rows, of some days, per something.",
)
script = Record(
    "script",
    {
        **_TASK,
        **_GROUP,
        "type": Key(Word(Language), "SQL, PYTHON or SHELL", is_required=True),
        "code": Key(code, "The code"),
        "file": Key(Text("a path inside the workspace", max_chars=512), "A file with the code, relative to this file"),
        "outputs": Key(ListOf(table_id, takes_one=True), "Tables that it writes; those in SQL are found"),
        **_PARAMETERS,
        "settings": Key(MapOf(Text("a value", max_chars=1_000)), "Settings of its task instances"),
    },
    doc="A script: one node, no fields.",
)
end = Record(
    "transfer_end",
    {
        "kind": Key(Word(EndKind), "FILE, DATABASE or TABLE", is_required=True),
        "path": Key(Text("a path", max_chars=1_024), "FILE: where it lies, in the server's folder of files"),
        "format": Key(
            Text("csv, parquet or jsonl", "csv|parquet|jsonl", 16), "FILE: its format", default="by the file's ending"
        ),
        "url": Key(Text("a database's URL", max_chars=1_024), "DATABASE: its URL"),
        "table": Key(Text("a table's name", max_chars=256), "TABLE: project.table; DATABASE: a table"),
        "query": Key(sql, "DATABASE: what to read instead of a whole table"),
        "partition": Key(Text("a partition, such as ds=${bizdate}", max_chars=512), "TABLE: the partition"),
        "options": Key(
            MapOf(
                Text("a value", max_chars=256, may_be_empty=True),
                "header|delimiter|null|encoding",
                "an option; there are header, delimiter, null and encoding",
            ),
            "FILE: header, delimiter, null, encoding of CSV",
        ),
    },
)
integration_task = Record(
    "integration_task",
    {
        **_TASK,
        **_GROUP,
        "source": Key(end, "From where", is_required=True),
        "target": Key(end, "To where; one of the two is a TABLE", is_required=True),
        "mode": Key(Word(WriteMode), "OVERWRITE or APPEND", default="OVERWRITE"),
        "columns": Key(
            MapOf(Text("a column of the source", max_chars=256), r"\S.{0,127}", "a column"),
            "Column of the target: column of the source",
            default="by name",
        ),
        **_PARAMETERS,
    },
    doc="Moves data between a file or a database and a table.",
)
virtual_node = Record(
    "virtual_node",
    {**_TASK, "outputs": Key(ListOf(table_id, takes_one=True), "Tables that somebody else writes by then")},
    doc="Runs nothing: a knot that several tasks wait for.",
)

tenant = Record(
    "tenant",
    {
        "name": Key(name, "Name", is_required=True),
        "time_zone": Key(
            Text("a time zone, such as Asia/Shanghai", r"[A-Za-z0-9_+\-/]{1,64}", 64),
            "Zone of scheduled times",
            default="UTC",
        ),
        "admins": Key(ListOf(user, takes_one=True), "Super administrators"),
        "resource_groups": Key(
            MapOf(Number(1, 10_000), NAME, "a name"), "How many nodes may run in each at once", default="{shared: 20}"
        ),
        "runs": Key(Record("runs", RUNS), "What holds for tasks that do not say otherwise"),
    },
    doc="Whose workspace it is; once in all files.",
)
business_unit = Record("business_unit", {"name": Key(name, "Name", is_required=True), **DESCRIBED})
project = Record(
    "project",
    {
        "name": Key(project_name, "Its English name", is_required=True),
        "label": Key(label, "Its Chinese name"),
        "description": DESCRIBED["description"],
        "mode": Key(Word(ProjectMode), "BASIC: production only; DEV_PROD: `<name>` and `<name>_dev`", default="BASIC"),
        "business_unit": Key(name, "Its business unit"),
        "owner": Key(user, "Administers it and owns what names no owner", is_required=True),
        "members": Key(
            MapOf(ListOf(Word(ProjectRole), takes_one=True, least=1), _USER, "a user's name"), "User: roles"
        ),
    },
)
defaults = Record(
    "defaults",
    {"project": Key(project_name, "The project"), **_COMMON, **_GROUP},
    doc="Hold for everything in the same file that does not say otherwise.",
)

SECTIONS: dict[str, Record] = {
    "business_units": business_unit,
    "projects": project,
    "dimension_tables": dimension_table,
    "fact_tables": fact_table,
    "atomic_metrics": atomic_metric,
    "business_filters": business_filter,
    "statistical_periods": statistical_period,
    "derived_metrics": derived_metric,
    "aggregate_tables": aggregate_table,
    "scripts": script,
    "integration_tasks": integration_task,
    "virtual_nodes": virtual_node,
}
"""Lists of objects; `tenant` and `defaults` are single ones."""

OF_A_PROJECT = frozenset(
    ("dimension_tables", "fact_tables", "aggregate_tables", "scripts", "integration_tasks", "virtual_nodes")
)
"""Sections whose objects are called `project.name`."""

FILE = Record(
    "file",
    {
        "tenant": Key(tenant, "Whose workspace it is"),
        "defaults": Key(defaults, "What holds for this file"),
        **{
            word: Key(ListOf(record, most=100_000), record.doc or word.replace("_", " "))
            for word, record in SECTIONS.items()
        },
    },
    doc="A file of a Taskhouse workspace.",
)
