"""Projects and schemas."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, insert, literal, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from taskhouse.domain.catalogue import DEFAULT_SCHEMA, Project, Schema
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.paging import Page
from taskhouse.ports.catalogue_store import TrashKind
from taskhouse.store.catalogue import rows
from taskhouse.store.catalogue.schema import functions, partitions, projects, resources, schemas, tables, trash
from taskhouse.store.database import Database
from taskhouse.store.schema import to_micros

_PROJECT = select(projects).where(projects.c.name == bindparam("name"))
_SCHEMA = select(schemas).where(schemas.c.project == bindparam("project"), schemas.c.name == bindparam("name"))


def no_project(name: str) -> Fault:
    return Fault(FaultCode.NO_SUCH_PROJECT, f"Project not found - '{name}'")


def no_schema(project: str, name: str) -> Fault:
    return Fault(FaultCode.NO_SUCH_SCHEMA, f"Schema not found - '{project}.{name}'")


def require_schema(connection: Connection, project: str, name: str) -> None:
    """Raises NoSuchProject or NoSuchSchema."""
    if connection.execute(_SCHEMA, {"project": project, "name": name}).first() is None:
        if connection.execute(_PROJECT, {"name": project}).first() is None:
            raise no_project(project)
        raise no_schema(project, name)


def _project(connection: Connection, name: str) -> Project | None:
    row = connection.execute(_PROJECT, {"name": name}).mappings().first()
    return None if row is None else rows.project_value(row)


class ProjectVerbs:
    def __init__(self, database: Database) -> None:
        self._db = database

    def create_project(self, project: Project) -> None:
        def write(connection: Connection) -> None:
            if connection.execute(_PROJECT, {"name": project.name}).first() is not None:
                raise Fault(FaultCode.OBJECT_EXISTS, f"Project already exists - '{project.name}'")
            created, modified = to_micros(project.created_at), to_micros(project.modified_at)
            connection.execute(
                insert(projects),
                {
                    "name": project.name,
                    "owner": project.owner,
                    "comment": project.comment,
                    "created_at": created,
                    "modified_at": modified,
                    "schemas_enabled": project.schemas_enabled,
                    "properties": rows.dumps(project.properties),
                },
            )
            connection.execute(
                insert(schemas),
                {
                    "project": project.name,
                    "name": DEFAULT_SCHEMA,
                    "owner": project.owner,
                    "comment": "",
                    "created_at": created,
                    "modified_at": modified,
                },
            )

        self._db.write(write)

    def project(self, name: str) -> Project | None:
        return self._db.read(lambda connection: _project(connection, name))

    def projects(self, *, prefix: str = "", owner: str = "", marker: str = "", limit: int = 1000) -> Page[Project]:
        query = select(projects).where(*rows.page_conditions(projects.c.name, prefix, marker))
        if owner:
            query = query.where(projects.c.owner == owner)
        query = query.order_by(projects.c.name).limit(limit + 1)
        found = self._db.read(lambda connection: connection.execute(query).mappings().all())
        items = tuple(rows.project_value(row) for row in found[:limit])
        return Page(items, rows.marker_of(items[-1].name) if len(found) > limit else "")

    def change_project(
        self,
        name: str,
        now: datetime,
        *,
        comment: str | None = None,
        owner: str | None = None,
        schemas_enabled: bool | None = None,
        properties: Mapping[str, str | None] | None = None,
    ) -> Project:
        def write(connection: Connection) -> Project:
            row = connection.execute(_PROJECT, {"name": name}).mappings().first()
            if row is None:
                raise no_project(name)
            changes: dict[str, Any] = {"modified_at": to_micros(now)}
            if comment is not None:
                changes["comment"] = comment
            if owner is not None:
                changes["owner"] = owner
            if schemas_enabled is not None:
                changes["schemas_enabled"] = schemas_enabled
            if properties:
                changes["properties"] = rows.merge(row["properties"], properties)
            connection.execute(update(projects).where(projects.c.name == name).values(changes))
            changed = _project(connection, name)
            assert changed is not None
            return changed

        return self._db.write(write)

    def holds_objects(self, project: str) -> bool:
        held = select(or_(*(exists().where(t.c.project == project) for t in (tables, resources, functions))))
        return bool(self._db.read(lambda connection: connection.execute(held).scalar()))

    def drop_project(self, name: str, now: datetime) -> None:
        def write(connection: Connection) -> None:
            if connection.execute(delete(projects).where(projects.c.name == name)).rowcount == 0:
                raise no_project(name)
            since = literal(to_micros(now))
            managed = tables.c.project == name
            for kind, key, condition in (
                (TrashKind.TABLE, tables.c.id, managed),
                (TrashKind.BLOB, resources.c.blob, (resources.c.project == name) & (resources.c.blob != "")),
            ):
                gone = select(literal(kind.value), key, since).where(condition)
                connection.execute(upsert(trash).from_select(["kind", "key", "since"], gone).on_conflict_do_nothing())
            connection.execute(delete(partitions).where(partitions.c.table_id.in_(select(tables.c.id).where(managed))))
            for table in (tables, resources, functions, schemas):
                connection.execute(delete(table).where(table.c.project == name))

        self._db.write(write)

    def create_schema(self, schema: Schema) -> None:
        def write(connection: Connection) -> None:
            if _project(connection, schema.project) is None:
                raise no_project(schema.project)
            if connection.execute(_SCHEMA, {"project": schema.project, "name": schema.name}).first() is not None:
                raise Fault(FaultCode.OBJECT_EXISTS, f"Schema already exists - '{schema.project}.{schema.name}'")
            connection.execute(
                insert(schemas),
                {
                    "project": schema.project,
                    "name": schema.name,
                    "owner": schema.owner,
                    "comment": schema.comment,
                    "created_at": to_micros(schema.created_at),
                    "modified_at": to_micros(schema.modified_at),
                },
            )

        self._db.write(write)

    def schema(self, project: str, name: str) -> Schema | None:
        row = self._db.read(
            lambda connection: connection.execute(_SCHEMA, {"project": project, "name": name}).mappings().first()
        )
        return None if row is None else rows.schema_value(row)

    def schemas(
        self, project: str, *, prefix: str = "", owner: str = "", marker: str = "", limit: int = 1000
    ) -> Page[Schema]:
        query = select(schemas).where(
            schemas.c.project == project, *rows.page_conditions(schemas.c.name, prefix, marker)
        )
        if owner:
            query = query.where(schemas.c.owner == owner)
        query = query.order_by(schemas.c.name).limit(limit + 1)
        found = self._db.read(lambda connection: connection.execute(query).mappings().all())
        items = tuple(rows.schema_value(row) for row in found[:limit])
        return Page(items, rows.marker_of(items[-1].name) if len(found) > limit else "")

    def drop_schema(self, project: str, name: str) -> None:
        def write(connection: Connection) -> None:
            require_schema(connection, project, name)
            if name == DEFAULT_SCHEMA:
                raise Fault(FaultCode.INVALID_ARGUMENT, "the schema 'default' cannot be dropped")
            held = select(
                or_(
                    *(
                        exists().where(t.c.project == project, t.c.schema == name)
                        for t in (tables, resources, functions)
                    )
                )
            )
            if connection.execute(held).scalar():
                raise Fault(
                    FaultCode.INVALID_ARGUMENT,
                    f"schema '{project}.{name}' is not empty: drop its tables, resources and functions first",
                )
            connection.execute(delete(schemas).where(schemas.c.project == project, schemas.c.name == name))

        self._db.write(write)
