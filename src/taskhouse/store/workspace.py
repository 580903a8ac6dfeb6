"""The tenant with its projects and members in the metadata store: one document, replaced by each publication.

Permissions ask on every request, so the document is decoded once a revision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text, select
from sqlalchemy.dialects.sqlite import insert

from taskhouse.domain.definition.tenant import Organisation, Project, Tenant
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.roles import ProjectRole
from taskhouse.store.database import Database
from taskhouse.store.schema import metadata, to_micros

T = TypeVar("T")

organisation_table = Table(
    "organisation",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)
"""A single row with `one` = 1, or none."""

_REVISION = select(organisation_table.c.revision)
_GET = select(organisation_table.c.revision, organisation_table.c.document)
_INSERT = insert(organisation_table)
_PUT = _INSERT.on_conflict_do_update(
    index_elements=[organisation_table.c.one],
    set_={
        "revision": organisation_table.c.revision + 1,
        "saved_at": _INSERT.excluded.saved_at,
        "document": _INSERT.excluded.document,
    },
)
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Organisation)


class SqlWorkspaceStore:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept = (0, Organisation())

    def organisation(self) -> tuple[int, Organisation]:
        kept = self._kept

        def work(connection: Connection) -> tuple[int, Organisation]:
            revision = connection.execute(_REVISION).scalar_one_or_none() or 0
            if revision == kept[0]:
                return kept
            row = connection.execute(_GET).one()
            return row.revision, _DECODER.decode(row.document)

        self._kept = found = self._db.read(work)
        return found

    def tenant(self) -> Tenant:
        return self.organisation()[1].tenant

    def projects(self) -> Mapping[str, Project]:
        return self.organisation()[1].projects

    def roles_of(self, user: str) -> Mapping[str, frozenset[ProjectRole]]:
        return self.organisation()[1].roles_of(user)

    def is_super_admin(self, user: str) -> bool:
        return self.organisation()[1].is_super_admin(user)

    def save(self, organisation: Organisation, now: datetime, publish: Callable[[], T], *, expected: int) -> T:
        """`publish` runs on the writer's thread inside the transaction: what it writes to stores of this database is part of it."""
        values = {
            "one": 1,
            "revision": 1,
            "saved_at": to_micros(now),
            "document": _ENCODER.encode(organisation).decode(),
        }

        def work(connection: Connection) -> T:
            if (connection.execute(_REVISION).scalar_one_or_none() or 0) != expected:
                raise Fault(FaultCode.INVALID_STATE, "the projects of the workspace were changed meanwhile; plan anew")
            connection.execute(_PUT, values)
            return publish()

        return self._db.write(work)
