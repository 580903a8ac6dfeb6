"""What every executor of a statement gets: the world, the session, the statement's place, and how to commit data."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from taskhouse.domain.access import Target, project_target, schema_target, table_target
from taskhouse.domain.catalogue import PartitionValues, Project, Table, TableName
from taskhouse.domain.faults import Fault, FaultCode, Place
from taskhouse.domain.instance import ResultKind
from taskhouse.ports.engine import RunControl
from taskhouse.ports.warehouse import CommitResult, CommitTag, TableCommit
from taskhouse.services.access.authorize import check
from taskhouse.services.catalogue import tables as catalogue_tables
from taskhouse.services.sql_session import SqlSession
from taskhouse.services.world import World
from taskhouse.sql.statements import TableRef


class Commit(Protocol):
    def __call__(self, commit: TableCommit, /, drops: Sequence[PartitionValues] = ()) -> CommitResult:
        """Make a change of data visible, unless the instance was stopped (then raise `Fault` CANCELLED). `drops` are partitions that the
        statement removes from the catalogue after it: recovery does so if nobody else can. The task runner passes its own."""
        ...


@dataclass(frozen=True, slots=True)
class StatementOutcome:
    """`text` is empty for a statement that only does something (kind NONE)."""

    text: str = ""
    kind: ResultKind = ResultKind.NONE


DONE = StatementOutcome()


def shown(text: str) -> StatementOutcome:
    return StatementOutcome(text, ResultKind.TEXT)


@dataclass(frozen=True, slots=True)
class Execution:
    """`attempt`: how often the statement was begun before and found the table changed under it."""

    world: World
    session: SqlSession
    control: RunControl
    commit: Commit
    attempt: int = 0

    @property
    def now(self) -> datetime:
        return self.session.now

    def tag(self) -> CommitTag:
        """Another one on each attempt: a commit whose tag is in the log already would not be made again."""
        return self.session.tag(self.attempt)

    def rewriting_tag(self) -> CommitTag:
        """The tag of a commit after which the table holds the same rows: it says nothing about what became of the instance."""
        return CommitTag(f"rewrite-{uuid.uuid4().hex}", self.session.task, self.session.attempt)

    # projects and schemas

    def project(self, name: str | None, place: Place) -> Project:
        """The named project, or the session's. Raises `Fault` NO_SUCH_PROJECT with the place."""
        if name is None or name == self.session.project.name:
            return self.session.project
        found = self.world.catalogue.project(name)
        if found is None:
            raise Fault(FaultCode.NO_SUCH_PROJECT, f"Project not found - project {name} cannot be resolved", place)
        return found

    def check(self, action: str, target: Target, creator: str = "") -> None:
        check(self.world, self.session.caller, action, target, creator)

    def check_create(self, action: str, project: str, schema: str) -> None:
        """The right to create something in a schema of a project."""
        self.check(action, project_target(project) if schema == "default" else schema_target(project, schema))

    # tables

    def find(self, ref: TableRef) -> Table | None:
        return self.world.catalogue.table(self.session.resolve(ref))

    def table(self, ref: TableRef, action: str) -> Table:
        """The table or view, if the user may do `action` to it. Raises `Fault` NO_SUCH_TABLE or NO_PERMISSION."""
        name = self.session.resolve(ref)
        found = self.world.catalogue.table(name)
        if found is None:
            raise missing(name, ref.place)
        self.check(action, table_target(name), found.owner)
        return found

    def managed(self, ref: TableRef, action: str) -> Table:
        """As `table`, but not a view."""
        found = self.table(ref, action)
        if found.is_view:
            raise Fault(FaultCode.SEMANTIC, f"{found.name} is a view, a table is expected here", ref.place)
        return found

    def replace(self, before: Table, after: Table, place: Place) -> Table:
        """Write a new definition; the table must still be as it was read."""
        try:
            return self.world.catalogue.replace_table(after, before.version)
        except Fault as fault:
            raise placed(fault, place) from None

    def record(self, table: Table, commit: CommitResult) -> None:
        self.world.catalogue.record_commit(table.id, commit, self.now)

    def remove_data(
        self, table: Table, partitions: frozenset[PartitionValues], drops: Sequence[PartitionValues] = ()
    ) -> CommitResult:
        """Commit the removal of every file of these partitions (`{()}`: of an unpartitioned table)."""
        return self.commit(TableCommit(table=table, files=(), tag=self.tag(), overwrite=partitions), drops)

    def new_id(self) -> str:
        return catalogue_tables.new_table_id(self.world)


def missing(name: TableName, place: Place | None) -> Fault:
    return Fault(FaultCode.NO_SUCH_TABLE, f"Table not found - table {name} cannot be resolved", place)


def placed(fault: Fault, place: Place) -> Fault:
    """The fault at a place; a name clash gets the number that statements print for it."""
    code = FaultCode.TABLE_EXISTS if fault.code is FaultCode.OBJECT_EXISTS else fault.code
    return Fault(code, fault.message, fault.place or place)
