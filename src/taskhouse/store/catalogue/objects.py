"""Resources and functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, tuple_, update

from taskhouse.domain.catalogue import Function, Resource
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.paging import Page
from taskhouse.ports.catalogue_store import TrashKind
from taskhouse.store.catalogue import rows
from taskhouse.store.catalogue.projects import require_schema
from taskhouse.store.catalogue.schema import functions, resources, trash
from taskhouse.store.catalogue.tables import to_trash
from taskhouse.store.database import Database

_RESOURCE = select(resources).where(
    resources.c.project == bindparam("project"),
    resources.c.schema == bindparam("schema"),
    resources.c.name == bindparam("name"),
)
_FUNCTION = select(functions).where(
    functions.c.project == bindparam("project"),
    functions.c.schema == bindparam("schema"),
    functions.c.name == bindparam("name"),
)
_KEPT = delete(trash).where(trash.c.kind == TrashKind.BLOB.value, trash.c.key == bindparam("blob"))


def _key(project: str, schema: str, name: str) -> dict[str, str]:
    return {"project": project, "schema": schema, "name": name}


def _resource(connection: Connection, key: dict[str, str]) -> Resource | None:
    row = connection.execute(_RESOURCE, key).mappings().first()
    return None if row is None else rows.resource_value(row)


class ObjectVerbs:
    _db: Database

    def create_resource(self, resource: Resource) -> None:
        def write(connection: Connection) -> None:
            require_schema(connection, resource.project, resource.schema)
            key = _key(resource.project, resource.schema, resource.name)
            if _resource(connection, key) is not None:
                raise Fault(FaultCode.OBJECT_EXISTS, f"Resource already exists - '{resource.name}'")
            connection.execute(insert(resources), rows.resource_row(resource))
            connection.execute(_KEPT, {"blob": resource.blob})

        self._db.write(write)

    def replace_resource(self, resource: Resource, now: datetime) -> Resource:
        key = _key(resource.project, resource.schema, resource.name)

        def write(connection: Connection) -> Resource:
            old = _resource(connection, key)
            if old is None:
                raise Fault(FaultCode.NO_SUCH_OBJECT, f"Resource not found - '{resource.name}'")
            new = replace(resource, owner=old.owner, created_at=old.created_at)
            connection.execute(delete(resources).where(*(resources.c[name] == value for name, value in key.items())))
            connection.execute(insert(resources), rows.resource_row(new))
            if old.blob != new.blob:
                connection.execute(_KEPT, {"blob": new.blob})
                to_trash(connection, TrashKind.BLOB, [old.blob], now)
            return new

        return self._db.write(write)

    def resource(self, project: str, schema: str, name: str) -> Resource | None:
        return self._db.read(lambda connection: _resource(connection, _key(project, schema, name)))

    def resources(
        self, project: str, schema: str, *, prefix: str = "", owner: str = "", marker: str = "", limit: int = 1000
    ) -> Page[Resource]:
        query = select(resources).where(
            resources.c.project == project,
            resources.c.schema == schema,
            *rows.page_conditions(resources.c.name, prefix, marker),
        )
        if owner:
            query = query.where(resources.c.owner == owner)
        query = query.order_by(resources.c.name).limit(limit + 1)
        found = self._db.read(lambda connection: connection.execute(query).mappings().all())
        items = tuple(rows.resource_value(row) for row in found[:limit])
        return Page(items, rows.marker_of(items[-1].name) if len(found) > limit else "")

    def find_resources(self, names: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], Resource]:
        wanted = list(names)
        if not wanted:
            return {}
        query = select(resources).where(tuple_(resources.c.project, resources.c.schema, resources.c.name).in_(wanted))
        found = self._db.read(lambda connection: connection.execute(query).mappings().all())
        return {(item.project, item.schema, item.name): item for item in map(rows.resource_value, found)}

    def drop_resource(self, project: str, schema: str, name: str, now: datetime) -> bool:
        key = _key(project, schema, name)

        def write(connection: Connection) -> bool:
            old = _resource(connection, key)
            if old is None:
                return False
            connection.execute(delete(resources).where(*(resources.c[part] == value for part, value in key.items())))
            to_trash(connection, TrashKind.BLOB, [old.blob], now)
            return True

        return self._db.write(write)

    def create_function(self, function: Function) -> None:
        def write(connection: Connection) -> None:
            require_schema(connection, function.project, function.schema)
            key = _key(function.project, function.schema, function.name)
            if connection.execute(_FUNCTION, key).first() is not None:
                raise Fault(FaultCode.OBJECT_EXISTS, f"Function already exists - '{function.name}'")
            connection.execute(insert(functions), rows.function_row(function))

        self._db.write(write)

    def replace_function(self, function: Function) -> None:
        key = _key(function.project, function.schema, function.name)

        def write(connection: Connection) -> None:
            changed = connection.execute(
                update(functions)
                .where(*(functions.c[part] == value for part, value in key.items()))
                .values(rows.function_row(function))
            )
            if changed.rowcount == 0:
                raise Fault(FaultCode.NO_SUCH_OBJECT, f"Function not found - '{function.name}'")

        self._db.write(write)

    def function(self, project: str, schema: str, name: str) -> Function | None:
        key = _key(project, schema, name)
        row = self._db.read(lambda connection: connection.execute(_FUNCTION, key).mappings().first())
        return None if row is None else rows.function_value(row)

    def functions(
        self, project: str, schema: str, *, prefix: str = "", owner: str = "", marker: str = "", limit: int = 1000
    ) -> Page[Function]:
        query = select(functions).where(
            functions.c.project == project,
            functions.c.schema == schema,
            *rows.page_conditions(functions.c.name, prefix, marker),
        )
        if owner:
            query = query.where(functions.c.owner == owner)
        query = query.order_by(functions.c.name).limit(limit + 1)
        found = self._db.read(lambda connection: connection.execute(query).mappings().all())
        items = tuple(rows.function_value(row) for row in found[:limit])
        return Page(items, rows.marker_of(items[-1].name) if len(found) > limit else "")

    def drop_function(self, project: str, schema: str, name: str) -> bool:
        key = _key(project, schema, name)

        def write(connection: Connection) -> bool:
            gone = connection.execute(
                delete(functions).where(*(functions.c[part] == value for part, value in key.items()))
            )
            return gone.rowcount > 0

        return self._db.write(write)
