"""Offline models in the metadata store."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, Row, Table, Text, bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from taskhouse.domain.paging import Page
from taskhouse.ports.model_store import OfflineModel
from taskhouse.store.database import Database
from taskhouse.store.schema import from_micros, metadata, to_micros

models = Table(
    "offline_models",
    metadata,
    Column("project", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("instance_id", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("modified_at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)

_ONE = (models.c.project == bindparam("in_project")) & (models.c.name == bindparam("in_name"))
_GET = select(models).where(_ONE)
_DELETE = delete(models).where(_ONE)
_HEADS = select(*(c for c in models.c if c.name != "document")).order_by(models.c.name)
_INSERT = insert(models)
_PUT = _INSERT.on_conflict_do_update(
    index_elements=[models.c.project, models.c.name],
    set_={name: _INSERT.excluded[name] for name in ("owner", "algorithm", "instance_id", "modified_at", "document")},
)


class SqlModelStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    def put(self, model: OfflineModel) -> None:
        values = {
            "project": model.project,
            "name": model.name.lower(),
            "owner": model.owner,
            "algorithm": model.algorithm,
            "instance_id": model.instance_id,
            "created_at": to_micros(model.created_at),
            "modified_at": to_micros(model.modified_at),
            "document": model.document,
        }
        self._db.write(lambda c: c.execute(_PUT, values))

    def get(self, project: str, name: str) -> OfflineModel | None:
        row = self._db.read(lambda c: c.execute(_GET, {"in_project": project, "in_name": name.lower()}).one_or_none())
        return None if row is None else _model(row, row.document)

    def page(self, project: str, prefix: str, owner: str, marker: str, limit: int) -> Page[OfflineModel]:
        query = _HEADS.where(models.c.project == project).limit(limit + 1)
        if prefix:
            query = query.where(models.c.name.startswith(prefix.lower(), autoescape=True))
        if owner:
            query = query.where(models.c.owner == owner)
        if marker:
            query = query.where(models.c.name > marker)

        def run(connection: Connection) -> list[OfflineModel]:
            return [_model(row, "") for row in connection.execute(query)]

        found = self._db.read(run)
        return Page(tuple(found[:limit]), found[limit - 1].name if len(found) > limit else "")

    def delete(self, project: str, name: str) -> bool:
        given = {"in_project": project, "in_name": name.lower()}
        return bool(self._db.write(lambda c: c.execute(_DELETE, given).rowcount))


def _model(row: Row[tuple[object, ...]], document: str) -> OfflineModel:
    return OfflineModel(
        row.project,
        row.name,
        row.owner,
        row.algorithm,
        row.instance_id,
        from_micros(row.created_at),
        from_micros(row.modified_at),
        document,
    )
