"""Small workspaces for tests: a good base, and shorthands for what is read of files."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from taskhouse.domain.definition.workspace import Workspace
from taskhouse.services.definitions.plan_workspace import validate_alone
from taskhouse.services.definitions.read_workspace import read_workspace

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

BASE = """\
tenant: {name: acme, time_zone: Asia/Shanghai, admins: [root], resource_groups: {spark: 2}}
business_units: [{name: retail}]
projects:
  - {name: shop, owner: ola, business_unit: retail, mode: DEV_PROD, members: {ann: ANALYST, dev: [DEVELOPER, OPERATOR]}}
  - {name: raw, owner: ola, business_unit: retail}
"""

SALES = """\
defaults: {project: shop, owner: alice}
dimension_tables:
  - name: dim_user
    source: {table: raw.users, alias: u}
    key: {name: user_id, type: BIGINT, expression: u.id}
    attributes:
      - {name: city, type: STRING}
fact_tables:
  - name: orders
    source: {table: raw.orders, alias: o, where: "o.ds = '${bizdate}'"}
    keys: [{name: order_id, type: BIGINT, expression: o.id}]
    dimensions:
      - {name: buyer, type: BIGINT, dimension: shop.dim_user, role: buyer, expression: o.buyer_id}
      - {name: seller, type: BIGINT, dimension: shop.dim_user, role: seller, expression: o.seller_id}
    measures:
      - {name: amount, type: "DECIMAL(18,2)", unit: CNY}
    attributes:
      - {name: status, type: STRING}
atomic_metrics:
  - {name: pay_amount, table: shop.orders, type: "DECIMAL(18,2)", expression: SUM(amount)}
  - {name: pay_count, table: shop.orders, type: BIGINT, expression: COUNT(order_id)}
  - {name: pay_average, type: "DECIMAL(18,2)", expression: "{pay_amount} / {pay_count}"}
business_filters:
  - {name: paid, table: shop.orders, condition: status = 'paid'}
derived_metrics:
  - {name: paid_7d, atomic: pay_amount, filters: paid, period: 7d, granularity: {dimension: shop.dim_user, role: buyer}}
  - {name: average_1d, atomic: pay_average, period: 1d, granularity: {dimension: shop.dim_user, role: buyer}}
aggregate_tables:
  - name: dws_buyer
    granularity: {dimension: shop.dim_user, role: buyer}
    metrics:
      - {name: twice, type: "DECIMAL(18,2)", expression: average_1d * 2}
"""


def folder(name: str) -> dict[str, str]:
    """The files of an example."""
    root = EXAMPLES / name
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in root.rglob("*") if path.is_file()}


def said(text: str, *, base: str = BASE, **files: str) -> list[str]:
    """What is wrong with `text` as `x.yaml` beside a good base; `files` by name with `__` for a dot."""
    given = {"base.yaml": base, "x.yaml": dedent(text)} | {
        name.replace("__", "."): dedent(each) for name, each in files.items()
    }
    return [str(each) for each in validate_alone(given)]


def workspace(*texts: str, base: str = BASE, **files: str) -> Workspace:
    """Of good files."""
    given = {"base.yaml": base} | {f"{number}.yaml": dedent(text) for number, text in enumerate(texts)}
    given |= {name.replace("__", "."): dedent(each) for name, each in files.items()}
    read = read_workspace(given)
    assert not read.findings.found, list(map(str, read.findings.found))
    return read.workspace
