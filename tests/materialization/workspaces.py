"""Workspaces for tests of materialization, written as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from taskhouse.domain.catalogue import Table, TableName
from taskhouse.domain.published import PublishedNode, PublishedTask
from taskhouse.domain.recurring import Environment
from taskhouse.services.definitions.read_workspace import read_workspace
from taskhouse.services.materialization.planning import Materialized, materialize

ROOT = Path(__file__).parents[2]

HEAD = """
tenant: {name: t}
projects:
  - {name: shop, mode: DEV_PROD, owner: ann}
  - {name: raw, owner: ann}
defaults: {project: shop, owner: ann}
"""

ORDERS = """
dimension_tables:
  - name: item
    source: {table: raw.items, alias: i}
    key: {name: item_id, type: BIGINT, expression: i.id}
    attributes:
      - {name: name, type: STRING}
      - {name: price, type: "DECIMAL(10,2)"}
fact_tables:
  - name: orders
    source: {table: raw.orders_day, alias: o, where: "o.ds = '${bizdate}'"}
    keys: [{name: order_id, type: BIGINT, expression: o.id}]
    dimensions: [{name: item_id, type: BIGINT, dimension: shop.item}]
    measures:
      - {name: amount, type: DOUBLE}
      - {name: pieces, type: BIGINT}
    attributes: [{name: is_paid, type: BOOLEAN}]
    materialization:
      mode: CUSTOM
      nodes:
        - {name: order_who, fields: [item_id]}
        - {name: order_what, fields: [amount, pieces]}
        - {name: order_state, fields: [is_paid, pieces]}
atomic_metrics:
  - {name: amount, table: shop.orders, type: DOUBLE, expression: SUM(amount)}
  - {name: pieces, table: shop.orders, type: BIGINT, expression: SUM(pieces)}
  - {name: unit_price, type: DOUBLE, expression: "{amount} / {pieces}"}
business_filters:
  - {name: paid, table: shop.orders, condition: is_paid}
derived_metrics:
  - {name: amount_1d, atomic: amount, period: 1d, granularity: [shop.item]}
  - {name: paid_1d, atomic: amount, filters: paid, period: 1d, granularity: [shop.item]}
  - {name: amount_7d, atomic: amount, period: 7d, granularity: [shop.item]}
  - {name: amount_all, atomic: amount, period: all, granularity: [shop.item]}
  - {name: price_1d, atomic: unit_price, period: 1d, granularity: [shop.item]}
aggregate_tables:
  - name: sales
    granularity: [shop.item]
    metrics:
      - {name: share_paid, type: DOUBLE, expression: paid_1d / amount_1d}
      - {name: trend, type: DOUBLE, expression: amount_1d / amount_7d}
"""


def planned(
    *texts: str,
    environment: Environment = Environment.PROD,
    previous: Mapping[str, PublishedTask] | None = None,
    tables: Mapping[str, Table] | None = None,
    production: Mapping[str, PublishedTask] | None = None,
) -> Materialized:
    """A workspace of these files, which must be readable. `tables`: what the catalogue has, by `project.table`."""
    read = read_workspace({f"f{n}.yaml": text for n, text in enumerate((HEAD, *texts))})
    assert read.is_good, [str(finding) for finding in read.findings.found]
    known = tables or {}

    def existing(name: TableName) -> Table | None:
        return known.get(f"{name.project}.{name.name}")

    return materialize(read.workspace, environment, previous or {}, existing, production=production)


def with_defaults(text: str) -> str:
    return "defaults: {project: shop, owner: ann}\n" + text


def tasks(made: Materialized) -> dict[str, PublishedTask]:
    assert not made.problems, made.problems
    return {task.id: task for task in made.tasks}


def node(made: Materialized, id: str) -> PublishedNode:
    return next(each for task in made.tasks for each in task.nodes if each.id == id)


def code(made: Materialized, id: str) -> str:
    return node(made, id).program.code


def folder(path: str) -> dict[str, str]:
    """Texts of a workspace folder of the repository."""
    root = ROOT / path
    return {str(file.relative_to(root)): file.read_text(encoding="utf-8") for file in root.rglob("*") if file.is_file()}
