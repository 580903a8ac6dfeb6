"""MaxCompute statements as values: what `taskhouse.sql.parser.parse` makes of a query's text.

One frozen dataclass per kind of statement. A statement knows its place and its text, names tables as they were
written (`TableRef`, unresolved: the project and schema of the session are filled in by whoever executes it), and holds
queries as sqlglot trees of our own dialect (see `taskhouse.sql.dialect`). Nothing here looks at a catalogue.

All names of tables, columns, schemas, partitions columns and properties are lower case already; values are as written.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from sqlglot import exp

from taskhouse.domain.catalogue import Clustering, Column
from taskhouse.domain.faults import Place

PartitionSpec: TypeAlias = tuple[tuple[str, str | None], ...]
"""`(column, value as text)` in the order written; a value of None means a dynamic partition column (INSERT only)."""


@dataclass(frozen=True, slots=True)
class TableRef:
    """A table's name as written: `t`, `s.t` or `p.t` (two parts), `p.s.t`; parts lower case.

    Two written parts are ambiguous: with schemas switched on they mean schema and table, else project and table. The
    first part is then kept in `qualifier` and `project`/`schema` are None; see `resolve`.
    """

    project: str | None
    schema: str | None
    name: str
    place: Place
    qualifier: str | None = None

    def resolve(self, project: str, schema: str, *, schemas_enabled: bool) -> tuple[str, str, str]:
        """`(project, schema, name)` for a session in `project` and `schema`."""
        if self.qualifier is not None:
            if schemas_enabled:
                return project, self.qualifier, self.name
            return self.qualifier, schema if self.qualifier == project else "default", self.name
        return self.project or project, self.schema or schema, self.name

    def __str__(self) -> str:
        return ".".join(part for part in (self.project, self.schema, self.qualifier, self.name) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """`place` is where the statement starts in the submitted text; `text` is the statement without its `;`."""

    place: Place
    text: str


# --- settings and session ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFlag(Statement):
    """`SET name = value`: holds for the statements after it in the same text. The name keeps its case."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetProject(Statement):
    """`SETPROJECT name=value ...`; without settings it shows the project's properties."""

    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFlags(Statement):
    """`SHOW FLAGS`, or a bare `SET`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseProject(Statement):
    project: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseSchema(Statement):
    schema: str


# --- queries and writes -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Statement):
    """SELECT, WITH .. SELECT, VALUES, FROM .. SELECT, set operations."""

    query: exp.Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert(Statement):
    """INSERT INTO|OVERWRITE [TABLE] table [PARTITION (..)] [(columns)] query.

    `partition` is written order: static columns have a value, dynamic ones None. `columns` empty: all data columns by
    position. With dynamic partition columns their values are the last columns of the query, by position, unless
    `columns` names them. INSERT .. VALUES has an `exp.Values`-based query like any other.
    """

    table: TableRef
    overwrite: bool
    query: exp.Expression
    partition: PartitionSpec = ()
    columns: tuple[str, ...] = ()
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiInsert(Statement):
    """FROM source INSERT .. SELECT .. [INSERT .. SELECT ..]+.

    Each insert's query is complete by itself (the source stands in its FROM); `source` is given as well, so that an
    engine may compute it once. At least one insert; MaxCompute's limit of 255 is checked here.
    """

    source: exp.Expression
    inserts: tuple[Insert, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explain(Statement):
    statement: Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSql(Statement):
    """`COST SQL statement`."""

    statement: Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyze(Statement):
    """ANALYZE TABLE t [PARTITION (..)] COMPUTE STATISTICS [FOR COLUMNS (..)]."""

    table: TableRef
    partition: PartitionSpec = ()
    columns: tuple[str, ...] = ()
    for_columns: bool = False


# --- tables -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTable(Statement):
    """CREATE TABLE with a column list. `stored_as` and `stored_by` are recorded only; `lifecycle` in days.

    A column of AUTO PARTITIONED BY stands in `partition_columns` with its expression's text in `Column.generated`.
    """

    table: TableRef
    columns: tuple[Column, ...]
    partition_columns: tuple[Column, ...] = ()
    if_not_exists: bool = False
    or_replace: bool = False
    comment: str = ""
    lifecycle: int | None = None
    properties: tuple[tuple[str, str], ...] = ()
    clustering: Clustering | None = None
    primary_key: tuple[str, ...] = ()
    stored_as: str = ""
    shards: int = 0
    """INTO n SHARDS, recorded only; 0 when not written."""
    hub_lifecycle: int = 0
    """HUBLIFECYCLE n, recorded only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTableAs(Statement):
    """CREATE TABLE .. AS query. `partition_columns` names partition columns that are columns of the query (allowed last)."""

    table: TableRef
    query: exp.Expression
    if_not_exists: bool = False
    or_replace: bool = False
    comment: str = ""
    lifecycle: int | None = None
    properties: tuple[tuple[str, str], ...] = ()
    partition_columns: tuple[str, ...] = ()
    stored_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTableLike(Statement):
    """CREATE TABLE .. LIKE: columns, partition columns, comments and properties of `source`; not its data nor lifecycle."""

    table: TableRef
    source: TableRef
    if_not_exists: bool = False
    lifecycle: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTable(Statement):
    table: TableRef
    if_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TruncateTable(Statement):
    """`partitions` empty: the whole table (refused by the executor for a partitioned one)."""

    table: TableRef
    partitions: tuple[PartitionFilter, ...] = ()


# --- views ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ViewColumn:
    name: str
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateView(Statement):
    """CREATE [OR REPLACE] VIEW. `query_text` is the query as written: what the catalogue keeps as the view's text."""

    table: TableRef
    query: exp.Expression
    query_text: str
    columns: tuple[ViewColumn, ...] = ()
    comment: str = ""
    if_not_exists: bool = False
    or_replace: bool = False
    properties: tuple[tuple[str, str], ...] = ()
    materialized: bool = False
    """CREATE MATERIALIZED VIEW; the four below are written with it only."""
    rewrite: bool = True
    """False for DISABLE REWRITE."""
    partitioned_on: tuple[str, ...] = ()
    lifecycle: int | None = None
    clustering: Clustering | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterViewQuery(Statement):
    """ALTER VIEW v AS query."""

    table: TableRef
    query: exp.Expression
    query_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropView(Statement):
    table: TableRef
    if_exists: bool = False
    materialized: bool = False


# --- partition predicates ---------------------------------------------------------------------------------------------


class Comparison(Enum):
    EQ = "="
    NE = "<>"
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True)
class PartitionComparison:
    """`column operator value`; the value as text, compared as the column's type."""

    column: str
    operator: Comparison
    value: str
    place: Place


@dataclass(frozen=True, slots=True)
class PartitionIn:
    column: str
    values: tuple[str, ...]
    place: Place
    negated: bool = False


@dataclass(frozen=True, slots=True)
class PartitionAll:
    """Every part holds; a plain `PARTITION (a='1', b='2')` is this, of equalities."""

    parts: tuple[PartitionFilter, ...]


@dataclass(frozen=True, slots=True)
class PartitionAny:
    parts: tuple[PartitionFilter, ...]


@dataclass(frozen=True, slots=True)
class PartitionNot:
    part: PartitionFilter


PartitionFilter: TypeAlias = PartitionComparison | PartitionIn | PartitionAll | PartitionAny | PartitionNot
"""See `taskhouse.sql.partition_filter` for `matches` and `as_spec`."""


# --- ALTER TABLE ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterTable(Statement):
    """Base of every ALTER TABLE. `view` tells that it was written ALTER VIEW (rename, owner, properties, comment)."""

    table: TableRef
    view: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddColumns(AlterTable):
    columns: tuple[Column, ...]
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropColumns(AlterTable):
    columns: tuple[str, ...]
    if_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeColumn(AlterTable):
    """CHANGE COLUMN in all its forms; None means: leave as it is.

    `new_name` RENAME TO or the second name; `type` the new type; `comment` the new comment; `nullable` True for
    `CHANGE COLUMN c NULL`, False for NOT NULL; `first`/`after` the new place among the columns; `default` the text
    of SET DEFAULT; `drop_default` for DROP DEFAULT.
    """

    column: str
    column_place: Place
    new_name: str | None = None
    definition: Column | None = None
    comment: str | None = None
    nullable: bool | None = None
    first: bool = False
    after: str | None = None
    default: str | None = None
    drop_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTableComment(AlterTable):
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLifecycle(AlterTable):
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnableLifecycle(AlterTable):
    """ALTER TABLE t [PARTITION (..)] ENABLE|DISABLE LIFECYCLE."""

    enabled: bool
    partition: PartitionSpec = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOwner(AlterTable):
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameTable(AlterTable):
    """`new_name` alone: a table never moves to another project or schema."""

    new_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchTable(AlterTable):
    partition: PartitionSpec = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetProperties(AlterTable):
    properties: tuple[tuple[str, str], ...]
    partition: PartitionSpec = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsetProperties(AlterTable):
    names: tuple[str, ...]
    if_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetClustering(AlterTable):
    """CLUSTERED BY .. / RANGE CLUSTERED BY .. ; None for NOT CLUSTERED."""

    clustering: Clustering | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildView(AlterTable):
    """ALTER MATERIALIZED VIEW v REBUILD [PARTITION (..)]."""

    partitions: tuple[PartitionFilter, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRewrite(AlterTable):
    """ALTER MATERIALIZED VIEW v ENABLE|DISABLE REWRITE."""

    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPartitions(AlterTable):
    partitions: tuple[PartitionSpec, ...]
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropPartitions(AlterTable):
    """A filter of equalities over all partition columns names one partition (see `partition_filter.as_spec`)."""

    filters: tuple[PartitionFilter, ...]
    if_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenamePartition(AlterTable):
    partition: PartitionSpec
    new: PartitionSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePartitions(AlterTable):
    """MERGE [IF EXISTS] PARTITION (..), .. OVERWRITE PARTITION (target) [PURGE]."""

    filters: tuple[PartitionFilter, ...]
    target: PartitionSpec
    if_exists: bool = False
    purge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSmallFiles(AlterTable):
    """MERGE SMALLFILES (`compact` empty) or COMPACT MAJOR|MINOR."""

    partition: PartitionSpec = ()
    compact: str = ""


# --- looking at things ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Describe(Statement):
    """DESC [EXTENDED] table [PARTITION (..)]; also views."""

    table: TableRef
    extended: bool = False
    partition: PartitionSpec = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeSchema(Statement):
    project: str | None
    schema: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeProject(Statement):
    """`project` None: the session's."""

    project: str | None = None
    extended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeFunction(Statement):
    project: str | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeResource(Statement):
    project: str | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowTables(Statement):
    """SHOW TABLES|VIEWS [IN project[.schema]] [LIKE 'pattern'] ; the pattern has `*` and `|` as MaxCompute has.

    A single name is a schema where names have three tiers."""

    project: str | None = None
    schema: str | None = None
    like: str | None = None
    views: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPartitions(Statement):
    table: TableRef
    partition: PartitionSpec = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCreateTable(Statement):
    table: TableRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowColumns(Statement):
    table: TableRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFunctions(Statement):
    """SHOW|LIST [BUILTIN] FUNCTIONS [LIKE 'pattern']."""

    builtin: bool = False
    like: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowResources(Statement):
    """SHOW|LIST RESOURCES [LIKE 'pattern']."""

    like: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSchemas(Statement):
    project: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowProjects(Statement):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowInstances(Statement):
    """SHOW|LIST P|INSTANCES|PROC [n]: the project's recent task instances."""

    limit: int | None = None


# --- schemas, functions, resources ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSchema(Statement):
    project: str | None
    schema: str
    if_not_exists: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropSchema(Statement):
    project: str | None
    schema: str
    if_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateFunction(Statement):
    """CREATE [OR REPLACE] FUNCTION name AS 'class' USING 'resource, resource'. Registration only."""

    project: str | None
    name: str
    class_name: str
    resources: tuple[str, ...]
    or_replace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropFunction(Statement):
    project: str | None
    name: str
    if_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTableResource(Statement):
    """ADD TABLE t [PARTITION (..)] [AS name] [COMMENT '..']. Files are never added by a statement: they are uploaded."""

    table: TableRef
    partition: PartitionSpec = ()
    name: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropResource(Statement):
    project: str | None
    name: str


# --- security ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityStatement(Statement):
    """GRANT, REVOKE, CREATE ROLE, SHOW GRANTS, WHOAMI, ...: the text is read by the access service's own parser."""
