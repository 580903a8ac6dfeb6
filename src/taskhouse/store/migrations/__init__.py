"""Bringing a home's database to the schema of this version.

A new database gets the schema as `store.schema.metadata` has it now; an older one goes through the numbered steps in
`versions`. A test holds that both ways end in the same schema. Alembic is imported only when there is a step to take.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect

from taskhouse.ports.instance_store import NewerSchemaError
from taskhouse.store import access_tables, instance_tables, models, sessions, sign_in, workspace
from taskhouse.store.catalogue import schema as catalogue_schema
from taskhouse.store.database import Database
from taskhouse.store.recurring import tables as recurring_tables
from taskhouse.store.schema import metadata

HEAD = "0005"
"""The newest step in `versions`."""
_STEPS = Path(__file__).parent

TABLES = (access_tables, catalogue_schema, instance_tables, models, recurring_tables, sessions, sign_in, workspace)
"""The modules that define tables; importing them completes `metadata`."""


def migrate(database: Database) -> None:
    """Make or bring up to date. Raises `NewerSchemaError`."""
    if database.read(version) == HEAD:
        return
    database.write(_bring_up)


def version(connection: Connection) -> str | None:
    """The step that the database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("select version_num from alembic_version").scalar()
    return None if found is None else str(found)


def _bring_up(connection: Connection) -> None:
    found = version(connection)
    if found == HEAD:
        return
    if found is None:
        metadata.create_all(connection)
        connection.exec_driver_sql("create table alembic_version (version_num varchar(32) not null primary key)")
        connection.exec_driver_sql("insert into alembic_version values (?)", (HEAD,))
        return
    if found > HEAD:
        raise NewerSchemaError(f"the home's database is at step {found}, this version of Taskhouse knows {HEAD} only")
    upgrade(connection)


def upgrade(connection: Connection, to: str = "head") -> None:
    """Take the steps that the database has not taken, up to `to`."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_STEPS))
    config.attributes["connection"] = connection
    command.upgrade(config, to)
