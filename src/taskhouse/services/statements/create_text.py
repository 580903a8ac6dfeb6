"""The CREATE statement that would make a table or view as it is now: SHOW CREATE TABLE."""

from __future__ import annotations

from taskhouse.domain.catalogue import Clustering, Column, Table, TableKind


def create_text(table: Table) -> str:
    """Reading it back gives an equal definition. Names are backquoted; texts escaped with backslashes."""
    return f"{_view(table) if table.is_view else _table(table)};"


def _table(table: Table) -> str:
    lines = [f"\t{_column(column)}" for column in table.columns]
    if table.primary_key:
        lines.append(f"\tPRIMARY KEY ({_names(table.primary_key)})")
    text = f"CREATE TABLE IF NOT EXISTS {_qualified(table)} (\n" + ",\n".join(lines) + "\n)"
    if table.comment:
        text += f"\nCOMMENT {_text(table.comment)}"
    if table.partition_columns:
        if any(column.generated for column in table.partition_columns):
            parts = ", ".join(f"{column.generated} AS {_name(column.name)}" for column in table.partition_columns)
            text += f"\nAUTO PARTITIONED BY ({parts})"
        else:
            text += "\nPARTITIONED BY (\n" + ",\n".join(f"\t{_column(c)}" for c in table.partition_columns) + "\n)"
    if table.clustering is not None:
        text += "\n" + clustering_text(table.clustering)
    text += _properties(table)
    if table.lifecycle is not None:
        text += f"\nLIFECYCLE {table.lifecycle}"
    if "shards" in table.options:
        text += f"\nINTO {table.options['shards']} SHARDS"
        if "hub_lifecycle" in table.options:
            text += f" HUBLIFECYCLE {table.options['hub_lifecycle']}"
    return text


def _view(table: Table) -> str:
    materialized = table.kind is TableKind.MATERIALIZED_VIEW
    text = f"CREATE {'MATERIALIZED ' if materialized else ''}VIEW IF NOT EXISTS {_qualified(table)}"
    if materialized and table.lifecycle is not None:
        text += f" LIFECYCLE {table.lifecycle}"
    columns = [
        _name(column.name) + (f" COMMENT {_text(column.comment)}" if column.comment else "") for column in table.columns
    ]
    text += f" ({', '.join(columns)})"
    if table.comment:
        text += f"\nCOMMENT {_text(table.comment)}"
    if materialized and table.options.get("rewrite") == "false":
        text += "\nDISABLE REWRITE"
    return text + _properties(table) + f"\nAS {table.view_text}"


def clustering_text(clustering: Clustering) -> str:
    text = f"{'RANGE ' if clustering.kind == 'range' else ''}CLUSTERED BY ({_names(clustering.columns)})"
    if clustering.sort_columns:
        order = ", ".join(f"{_name(name)} {'ASC' if up else 'DESC'}" for name, up in clustering.sort_columns)
        text += f" SORTED BY ({order})"
    if clustering.buckets:
        text += f" INTO {clustering.buckets} BUCKETS"
    return text


def _column(column: Column) -> str:
    text = f"{_name(column.name)} {column.type.in_capitals()}"
    if not column.nullable:
        text += " NOT NULL"
    if column.default is not None:
        text += f" DEFAULT {column.default}"
    if column.comment:
        text += f" COMMENT {_text(column.comment)}"
    return text


def _properties(table: Table) -> str:
    if not table.properties:
        return ""
    pairs = ", ".join(f"{_text(name)}={_text(value)}" for name, value in sorted(table.properties.items()))
    return f"\nTBLPROPERTIES ({pairs})"


def _qualified(table: Table) -> str:
    parts = [table.name.project, table.name.name]
    if table.name.schema != "default":
        parts.insert(1, table.name.schema)
    return ".".join(map(_name, parts))


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(map(_name, names))


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def _text(text: str) -> str:
    return f"'{text.translate(_ESCAPES)}'"
