"""Resources: files, scripts, archives and tables that functions use.

A resource's bytes are one file, a *blob*, that never changes: overwriting a resource writes a new blob and lets the old one go
to the trash, so that whoever reads goes on reading what it began with. A blob is trash until its resource exists.
Large uploads come in parts: resources by themselves, joined by a merge that checks their MD5, and then removed.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from taskhouse.domain.access import project_target, resource_target, schema_target, table_target
from taskhouse.domain.catalogue import DEFAULT_SCHEMA, Resource, TableName
from taskhouse.domain.faults import Fault, FaultCode
from taskhouse.domain.paging import Page
from taskhouse.ports.byte_source import ByteSource
from taskhouse.ports.catalogue_store import Trash, TrashKind
from taskhouse.services.access.authorize import check
from taskhouse.services.catalogue import names, tables
from taskhouse.services.world import Caller, World

FILE_KINDS = frozenset({"file", "py", "jar", "archive"})
_VOLUMES = frozenset({"volumefile", "volumearchive"})
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class NewResource:
    """What a client says of a resource that it uploads."""

    name: str
    kind: str
    comment: str = ""
    temporary: bool = False
    source_table: str = ""


def blob_path(world: World, blob: str) -> Path:
    """`blob` is relative to the folder of blobs."""
    return world.blobs / blob


def get(world: World, caller: Caller, project: str, schema: str, name: str, action: str = "Read") -> Resource:
    """Raises `Fault`: NO_SUCH_OBJECT, NO_PERMISSION."""
    found = world.catalogue.resource(project, schema, name)
    if found is None:
        tables.require_schema(world, project, schema)
        raise Fault(FaultCode.NO_SUCH_OBJECT, f"Resource not found - '{name}'")
    check(world, caller, action, resource_target(project, schema, name), found.owner)
    return found


def page(
    world: World,
    caller: Caller,
    project: str,
    schema: str,
    *,
    prefix: str = "",
    owner: str = "",
    marker: str = "",
    limit: int = 1000,
) -> Page[Resource]:
    tables.require_schema(world, project, schema)
    tables.check_list(world, caller, project, schema)
    return world.catalogue.resources(
        project, schema, prefix=prefix, owner=owner, marker=marker, limit=min(max(limit, 1), world.limits.page_items)
    )


def create(world: World, caller: Caller, project: str, schema: str, new: NewResource, body: ByteSource) -> Resource:
    """Raises `Fault`: OBJECT_EXISTS, INVALID_ARGUMENT, NO_SUCH_TABLE (of a table resource), QUOTA_EXCEEDED, NO_PERMISSION."""
    tables.require_schema(world, project, schema)
    _check_create(world, caller, project, schema)
    name = names.resource_name(new.name)
    if world.catalogue.resource(project, schema, name) is not None:
        raise Fault(FaultCode.OBJECT_EXISTS, f"Resource already exists - '{name}'")
    resource = _made(world, caller, project, schema, new, body)
    _publish(world, resource, overwrite=False)
    return resource


def overwrite(world: World, caller: Caller, project: str, schema: str, new: NewResource, body: ByteSource) -> Resource:
    """Raises `Fault` as `create`, and NO_SUCH_OBJECT unless it exists."""
    existing = get(world, caller, project, schema, new.name, "Write")
    if (existing.kind in FILE_KINDS) is not (_kind(new.kind) in FILE_KINDS):
        raise Fault(FaultCode.INVALID_ARGUMENT, f"resource '{new.name}' is a {existing.kind} and stays one")
    resource = _made(world, caller, project, schema, new, body)
    return _publish(world, resource, overwrite=True)


def merge(
    world: World,
    caller: Caller,
    project: str,
    schema: str,
    new: NewResource,
    instruction: str,
    total_bytes: int | None,
    *,
    replace: bool,
) -> Resource:
    """Join parts that were uploaded before into one resource. `instruction` is `<md5 in hexadecimal>|part1,part2`;
    no part at all makes an empty resource. Parts that somebody else made must be the caller's to read and to delete.

    Raises `Fault`: INVALID_ARGUMENT when size or MD5 are not those of the joined parts, NO_SUCH_OBJECT for a part,
    OBJECT_EXISTS or NO_SUCH_OBJECT for the resource itself, NO_PERMISSION.
    """
    if replace:
        get(world, caller, project, schema, new.name, "Write")
    else:
        tables.require_schema(world, project, schema)
        _check_create(world, caller, project, schema)
    if _kind(new.kind) not in FILE_KINDS:
        raise Fault(FaultCode.INVALID_ARGUMENT, "only files are merged from parts")
    md5, bar, listed = instruction.strip().partition("|")
    parts = [part.strip() for part in listed.split(",") if part.strip()]
    if not bar:
        raise Fault(FaultCode.INVALID_ARGUMENT, "a merge is written as <md5>|part1,part2")
    found = world.catalogue.find_resources((project, schema, part) for part in parts)
    for part in parts:
        if (project, schema, part) not in found:
            raise Fault(FaultCode.NO_SUCH_OBJECT, f"Resource not found - part '{part}'")
    for each in found.values():
        _check_part(world, caller, each)
    blobs = [blob_path(world, found[project, schema, part].blob) for part in parts]
    written = _write_blob(world, _joined(blobs))
    if written.md5 != md5.lower() or (total_bytes is not None and total_bytes != written.size):
        _discard(world, written.name)
        raise Fault(
            FaultCode.INVALID_ARGUMENT,
            f"the parts have {written.size} bytes and MD5 {written.md5}; announced were {total_bytes} bytes and {md5}",
        )
    resource = _publish(world, _resource(world, caller, project, schema, new, written), overwrite=replace)
    for part in set(parts):
        world.catalogue.drop_resource(project, schema, part, world.clock.now())
    return resource


def _check_part(world: World, caller: Caller, part: Resource) -> None:
    if part.kind not in FILE_KINDS:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"part '{part.name}' is a {part.kind}: it has no content")
    if part.owner != caller.user:
        for action in ("Read", "Delete"):
            check(world, caller, action, resource_target(part.project, part.schema, part.name), part.owner)


def drop(world: World, caller: Caller, project: str, schema: str, name: str) -> None:
    found = get(world, caller, project, schema, name, "Delete")
    world.catalogue.drop_resource(project, schema, found.name, world.clock.now())
    target = resource_target(project, schema, found.name)
    world.access.forget_object(project, target.kind.value, target.object_name)


def read(world: World, resource: Resource, offset: int, size: int | None) -> tuple[Iterator[bytes], bool]:
    """The bytes from `offset` on, at most `size`, and whether there are more after them. Raises `Fault` for a table resource."""
    if resource.kind not in FILE_KINDS:
        raise Fault(FaultCode.INVALID_ARGUMENT, f"resource '{resource.name}' is a {resource.kind}: it has no content")
    if offset < 0 or (size is not None and size < 0):
        raise Fault(FaultCode.INVALID_PARAMETER, "rOffset and rSize must not be negative")
    end = resource.size if size is None else min(offset + size, resource.size)
    stream = blob_path(world, resource.blob).open("rb")
    stream.seek(offset)
    return _of_file(stream, max(end - offset, 0)), end < resource.size


def add_table(
    world: World, caller: Caller, project: str, schema: str, source: str, name: str, comment: str = ""
) -> Resource:
    """A table (or `p.t partition(a='1')`) as a resource."""
    import io

    return create(
        world, caller, project, schema, NewResource(name, "table", comment, source_table=source), io.BytesIO()
    )


# --- inside -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Blob:
    name: str
    path: Path
    size: int
    md5: str


def _check_create(world: World, caller: Caller, project: str, schema: str) -> None:
    parent = project_target(project) if schema == DEFAULT_SCHEMA else schema_target(project, schema)
    check(world, caller, "CreateResource", parent)


def _kind(text: str) -> str:
    kind = text.strip().lower()
    if kind in _VOLUMES:
        raise Fault(FaultCode.NOT_SUPPORTED, f"resources of type {kind} are not supported: there are no volumes")
    if kind not in FILE_KINDS and kind != "table":
        raise Fault(FaultCode.INVALID_ARGUMENT, f"'{text}' is not a resource type")
    return kind


def _made(world: World, caller: Caller, project: str, schema: str, new: NewResource, body: ByteSource) -> Resource:
    if _kind(new.kind) in FILE_KINDS:
        return _resource(world, caller, project, schema, new, _write_blob(world, _chunks(body, None)))
    source = _table_source(world, caller, new.source_table, project, schema)
    kept = NewResource(new.name, new.kind, new.comment, new.temporary, source)
    return _resource(world, caller, project, schema, kept, None)


def _resource(
    world: World, caller: Caller, project: str, schema: str, new: NewResource, blob: _Blob | None
) -> Resource:
    now = world.clock.now()
    return Resource(
        project=project,
        schema=schema,
        name=names.resource_name(new.name),
        kind=_kind(new.kind),
        owner=caller.user,
        comment=new.comment,
        created_at=now,
        modified_at=now,
        updated_by=caller.user,
        size=blob.size if blob else 0,
        md5=blob.md5 if blob else "",
        blob=blob.name if blob else "",
        temporary=new.temporary,
        source_table=new.source_table,
    )


def _table_source(world: World, caller: Caller, text: str, project: str, schema: str) -> str:
    """The source as it is kept, `p.t partition(a='1')`; the table must exist, and the partition be one of its."""
    if not text.strip():
        raise Fault(FaultCode.INVALID_ARGUMENT, "a table resource names its table in x-odps-copy-table-source")
    owner_project, within, name, partition = names.table_source(text, project, schema)
    table = tables.find(world, caller, TableName(owner_project, within, name))
    check(world, caller, "Describe", table_target(table.name), table.owner)
    parts = [owner_project, name] if within == DEFAULT_SCHEMA and text.count(".") < 2 else [owner_project, within, name]
    source = ".".join(parts)
    if partition:
        values = names.values_of(table, names.read_spec(partition))
        tables.find_partition(world, table, values)
        source += f" partition({names.quoted_spec(table.partition_columns, values)})"
    return source


def _publish(world: World, resource: Resource, *, overwrite: bool) -> Resource:
    """Register the resource; its blob was trash until now, and stays it when that fails."""
    if not overwrite:
        world.catalogue.create_resource(resource)
        return resource
    return world.catalogue.replace_resource(resource, world.clock.now())


def _write_blob(world: World, chunks: Iterator[bytes]) -> _Blob:
    """A new durable blob, announced as trash before it is written."""
    name = f"resources/{uuid.uuid4().hex}"
    world.catalogue.throw_away([(TrashKind.BLOB, name)], world.clock.now())
    path = blob_path(world, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.md5(usedforsecurity=False)
    size = 0
    try:
        with path.open("wb") as out:
            for chunk in chunks:
                size += len(chunk)
                if size > world.limits.resource_bytes:
                    raise Fault(
                        FaultCode.QUOTA_EXCEEDED, f"a resource holds at most {world.limits.resource_bytes} bytes"
                    )
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        _discard(world, name)
        raise
    return _Blob(name, path, size, digest.hexdigest())


def _discard(world: World, name: str) -> None:
    """Delete a blob that nothing refers to, and take it out of the trash."""
    blob_path(world, name).unlink(missing_ok=True)
    world.catalogue.forget_trash([Trash(TrashKind.BLOB, name, world.clock.now())])


def _chunks(source: ByteSource, left: int | None) -> Iterator[bytes]:
    while left is None or left > 0:
        chunk = source.read(_CHUNK if left is None else min(_CHUNK, left))
        if not chunk:
            return
        if left is not None:
            left -= len(chunk)
        yield chunk


def _of_file(file: BinaryIO, left: int | None) -> Iterator[bytes]:
    """Closes the file at the end."""
    with file:
        yield from _chunks(file, left)


def _joined(paths: list[Path]) -> Iterator[bytes]:
    for path in paths:
        yield from _of_file(path.open("rb"), None)
