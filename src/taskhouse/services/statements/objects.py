"""Statements on schemas, functions and resources."""

from __future__ import annotations

from taskhouse.domain.faults import Fault
from taskhouse.services.access import security_query
from taskhouse.services.catalogue import functions, names, projects, resources
from taskhouse.services.statements.execution import DONE, Execution, StatementOutcome, placed, shown
from taskhouse.sql.statements import (
    AddTableResource,
    CreateFunction,
    CreateSchema,
    DropFunction,
    DropResource,
    DropSchema,
    SecurityStatement,
)


def create_schema(run: Execution, statement: CreateSchema) -> StatementOutcome:
    project = run.project(statement.project, statement.place).name
    if statement.if_not_exists and run.world.catalogue.schema(project, statement.schema) is not None:
        return DONE
    try:
        projects.create_schema(run.world, run.session.caller, project, statement.schema, statement.comment)
    except Fault as fault:
        raise placed(fault, statement.place) from None
    return DONE


def drop_schema(run: Execution, statement: DropSchema) -> StatementOutcome:
    project = run.project(statement.project, statement.place).name
    if statement.if_exists and run.world.catalogue.schema(project, statement.schema) is None:
        return DONE
    projects.drop_schema(run.world, run.session.caller, project, statement.schema)
    return DONE


def create_function(run: Execution, statement: CreateFunction) -> StatementOutcome:
    project = run.project(statement.project, statement.place).name
    functions.create(
        run.world,
        run.session.caller,
        project,
        run.session.schema,
        statement.name,
        statement.class_name,
        statement.resources,
        or_replace=statement.or_replace,
    )
    return DONE


def drop_function(run: Execution, statement: DropFunction) -> StatementOutcome:
    project = run.project(statement.project, statement.place).name
    if statement.if_exists and run.world.catalogue.function(project, run.session.schema, statement.name) is None:
        return DONE
    functions.drop(run.world, run.session.caller, project, run.session.schema, statement.name)
    return DONE


def add_table_resource(run: Execution, statement: AddTableResource) -> StatementOutcome:
    table = run.managed(statement.table, "Describe")
    name = table.name
    source = f"{name.project}.{name.schema}.{name.name}" if name.schema != "default" else f"{name.project}.{name.name}"
    if statement.partition:
        values = names.values_of(table, statement.partition, place=statement.table.place)
        source += f" partition({names.quoted_spec(table.partition_columns, values)})"
    session = run.session
    resources.add_table(
        run.world,
        session.caller,
        session.project.name,
        session.schema,
        source,
        statement.name or name.name,
        statement.comment,
    )
    return DONE


def drop_resource(run: Execution, statement: DropResource) -> StatementOutcome:
    project = run.project(statement.project, statement.place).name
    resources.drop(run.world, run.session.caller, project, run.session.schema, statement.name)
    return DONE


def security(run: Execution, statement: SecurityStatement) -> StatementOutcome:
    """GRANT, REVOKE, roles and users; the access service reads the text itself."""
    result = security_query.execute(run.world, run.session.caller, run.session.project.name, statement.text)
    return shown(security_query.as_text(result))
