"""A good workspace made bad by a few letters, and every word that is said about it."""

from __future__ import annotations

import pytest

from tests.definitions.workspaces import SALES, said

EDITS: dict[str, tuple[tuple[tuple[str, str], ...], list[str]]] = {
    "dup field": (
        (
            ("{name: status, type: STRING}", "{name: Amount, type: STRING}"),
            ("condition: status = 'paid'", "condition: amount = 1"),
        ),
        [
            "x.yaml:18:16: fact_tables.shop.orders.attributes.Amount.name: the table has two fields named 'Amount'",
        ],
    ),
    "partition field": (
        (
            ("{name: status, type: STRING}", "{name: ds, type: STRING}"),
            ("condition: status = 'paid'", "condition: ds = '1'"),
        ),
        [
            "x.yaml:18:16: fact_tables.shop.orders.attributes.ds.name: 'ds' is a partition column of the table",
        ],
    ),
    "two refs same role": (
        (("role: seller, ", "role: buyer, "),),
        [
            "x.yaml:13:48: fact_tables.shop.orders.dimensions.buyer.dimension: several references to 'shop.dim_user' have the role 'buyer' (give each a 'role' of its own)",
            "x.yaml:14:49: fact_tables.shop.orders.dimensions.seller.dimension: several references to 'shop.dim_user' have the role 'buyer' (give each a 'role' of its own)",
        ],
    ),
    "no dim": (
        (("dimension: shop.dim_user, role: seller", "dimension: shop.dim_usr, role: seller"),),
        [
            "x.yaml:14:49: fact_tables.shop.orders.dimensions.seller.dimension: there is no dimension table 'shop.dim_usr' (did you mean 'shop.dim_user'?)",
        ],
    ),
    "ref type": (
        (("{name: seller, type: BIGINT", "{name: seller, type: STRING"),),
        [
            "x.yaml:14:30: fact_tables.shop.orders.dimensions.seller.type: the reference is STRING, but the key 'user_id' of 'shop.dim_user' is BIGINT",
        ],
    ),
    "role without dim": (
        (("{name: city, type: STRING}", "{name: city, type: STRING, role: x}"),),
        [
            "x.yaml:7:42: dimension_tables.shop.dim_user.attributes.city.role: 'role' belongs to a reference to a dimension (add 'dimension')",
        ],
    ),
    "granularity role": (
        (
            (
                "period: 7d, granularity: {dimension: shop.dim_user, role: buyer}",
                "period: 7d, granularity: {dimension: shop.dim_user, role: byer}",
            ),
        ),
        [
            "x.yaml:26:81: derived_metrics.paid_7d.granularity: 'shop.orders' has no reference to 'shop.dim_user' with the role 'byer' (roles: buyer, seller)",
        ],
    ),
    "granularity norole": (
        (
            (
                "period: 7d, granularity: {dimension: shop.dim_user, role: buyer}",
                "period: 7d, granularity: shop.dim_user",
            ),
        ),
        [
            "x.yaml:26:81: derived_metrics.paid_7d.granularity: 'shop.orders' refers to 'shop.dim_user' several times: choose a role (roles: buyer, seller)",
        ],
    ),
    "granularity no table": (
        (
            (
                "period: 7d, granularity: {dimension: shop.dim_user, role: buyer}",
                "period: 7d, granularity: {dimension: shop.dim_user, role: seller}",
            ),
        ),
        [
            "x.yaml:26:81: derived_metrics.paid_7d.granularity: no aggregate table of the business unit has the granularity [shop.dim_user:seller] ('shop.dws_buyer' has [shop.dim_user:buyer])",
        ],
    ),
    "period": (
        (("period: 7d", "period: 7days"),),
        [
            "x.yaml:26:64: derived_metrics.paid_7d.period: there is no statistical period '7days' (periods: 1d, 7d, 14d, 30d, wtd, mtd, qtd, ytd, all)",
        ],
    ),
    "filter": (
        (("filters: paid", "filters: payed"),),
        [
            "x.yaml:26:50: derived_metrics.paid_7d.filters.0: there is no business filter 'payed' (did you mean 'paid'?)",
        ],
    ),
    "atomic": (
        (("atomic: pay_amount", "atomic: pay_amnt"),),
        [
            "x.yaml:26:29: derived_metrics.paid_7d.atomic: there is no atomic metric 'pay_amnt' (did you mean 'pay_amount'?)",
        ],
    ),
    "atomic ring": (
        (("expression: SUM(amount)}", "expression: '{pay_average}'}"),),
        [
            "x.yaml:20:79: atomic_metrics.pay_amount.expression: atomic metrics are made of one another: pay_amount -> pay_average -> pay_amount",
        ],
    ),
    "filter other table": (
        (
            (
                "name: paid, table: shop.orders, condition: status = 'paid'",
                "name: paid, table: shop.dim_user, condition: city = 'x'",
            ),
        ),
        [
            "x.yaml:26:50: derived_metrics.paid_7d.filters.0: filter 'paid' is about 'shop.dim_user', but atomic metric 'pay_amount' about 'shop.orders'",
        ],
    ),
    "metric name": (
        (("name: twice,", "name: average_1d,"),),
        [
            "x.yaml:32:16: aggregate_tables.shop.dws_buyer.metrics.average_1d.name: 'average_1d' is also a metric of 'shop.dws_buyer'",
        ],
    ),
    "metric is key": (
        (("name: twice,", "name: buyer,"),),
        [
            "x.yaml:32:16: aggregate_tables.shop.dws_buyer.metrics.buyer.name: 'buyer' is also a key column of 'shop.dws_buyer'",
        ],
    ),
    "two aggs": (
        (
            (
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\n',
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\n  - {name: other, granularity: {dimension: shop.dim_user, role: buyer}}\n',
            ),
        ),
        [
            "x.yaml:33:32: aggregate_tables.shop.other.granularity: 'shop.dws_buyer' has the same granularity: all metrics of a granularity are in one aggregate table",
        ],
    ),
    "empty agg": (
        (
            (
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\n',
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\n  - {name: other, granularity: shop.dim_user}\n',
            ),
        ),
        [
            "x.yaml:33:5: aggregate_tables.shop.other: the table gathers no metric (no derived metric has its granularity, and it has no 'metrics')",
        ],
    ),
    "custom": (
        (
            (
                "    keys: [{name: order_id",
                "    materialization: {mode: CUSTOM, nodes: [{name: n1, fields: [amount, bayer, order_id]}]}\n    keys: [{name: order_id",
            ),
        ),
        [
            "x.yaml:11:44: fact_tables.shop.orders.materialization.nodes: field 'buyer' is in no node (with mode CUSTOM every field is assigned by hand)",
            "x.yaml:11:44: fact_tables.shop.orders.materialization.nodes: field 'seller' is in no node (with mode CUSTOM every field is assigned by hand)",
            "x.yaml:11:44: fact_tables.shop.orders.materialization.nodes: field 'status' is in no node (with mode CUSTOM every field is assigned by hand)",
            "x.yaml:11:73: fact_tables.shop.orders.materialization.nodes.n1.fields.1: the table has no field 'bayer' (did you mean 'buyer'?)",
            "x.yaml:11:80: fact_tables.shop.orders.materialization.nodes.n1.fields.2: 'order_id' is the key, which every node writes anyway",
        ],
    ),
    "custom auto": (
        (
            (
                "    keys: [{name: order_id",
                "    materialization: {nodes: [{name: n1, fields: [amount]}]}\n    keys: [{name: order_id",
            ),
        ),
        [
            "x.yaml:11:30: fact_tables.shop.orders.materialization.nodes: nodes are for mode CUSTOM (add `mode: CUSTOM`, or leave out the nodes)",
        ],
    ),
    "custom no nodes": (
        (("    keys: [{name: order_id", "    materialization: {mode: CUSTOM}\n    keys: [{name: order_id"),),
        [
            "x.yaml:11:22: fact_tables.shop.orders.materialization: mode CUSTOM needs 'nodes'",
        ],
    ),
    "custom no key": (
        (
            (
                "    keys: [{name: order_id, type: BIGINT, expression: o.id}]\n",
                "    materialization: {mode: CUSTOM, nodes: [{name: n1, fields: [buyer, seller, amount, status]}]}\n",
            ),
            ("COUNT(order_id)", "COUNT(1)"),
        ),
        [
            "x.yaml:11:29: fact_tables.shop.orders.materialization.mode: custom materialization needs a primary key, by which the nodes are joined (add 'keys')",
        ],
    ),
    "max_pt": (
        (("    keys: [{name: order_id", "    materialization: {read: MAX_PT}\n    keys: [{name: order_id"),),
        [
            "x.yaml:11:29: fact_tables.shop.orders.materialization.read: MAX_PT is for periodic snapshot fact tables and normal dimension tables",
        ],
    ),
    "latency": (
        (("    keys: [{name: order_id", "    latency_days: 3\n    keys: [{name: order_id"),),
        [
            "x.yaml:11:19: fact_tables.shop.orders.latency_days: data latency needs an event time (name the field in 'event_time')",
        ],
    ),
    "event": (
        (("    keys: [{name: order_id", "    event_time: paid_at\n    keys: [{name: order_id"),),
        [
            "x.yaml:11:17: fact_tables.shop.orders.event_time: the table has no field 'paid_at'",
        ],
    ),
    "hier": (
        (
            (
                "      - {name: city, type: STRING}\n",
                "      - {name: city, type: STRING}\n    hierarchies: [{name: geo, levels: [{name: city, key: citty}]}]\n",
            ),
        ),
        [
            "x.yaml:8:58: dimension_tables.shop.dim_user.hierarchies.geo.levels.city.key: the table has no attribute 'citty' (did you mean 'city'?)",
        ],
    ),
    "node is task": (
        (
            (
                "    keys: [{name: order_id",
                "    materialization: {mode: CUSTOM, nodes: [{name: dim_user, fields: [buyer, seller, amount, status]}]}\n    keys: [{name: order_id",
            ),
        ),
        [
            "x.yaml:11:45: fact_tables.shop.orders.materialization.nodes.dim_user: 'shop.dim_user' is a task; a node needs a name of its own",
        ],
    ),
    "unshared": (
        (
            (
                "    keys: [{name: order_id",
                "    materialization: {mode: CUSTOM, nodes: [{name: n, fields: [buyer, seller, amount, status]}]}\n    keys: [{name: order_id",
            ),
            (
                "      - {name: city, type: STRING}\n",
                "      - {name: city, type: STRING}\n    materialization: {mode: CUSTOM, nodes: [{name: n, fields: [city]}]}\n",
            ),
        ),
        [
            "x.yaml:8:45: dimension_tables.shop.dim_user.materialization.nodes.n: node 'n' is also a node of 'shop.orders' (give it another name, or write `shared: true` in both tables)",
            "x.yaml:12:45: fact_tables.shop.orders.materialization.nodes.n: node 'n' is also a node of 'shop.dim_user' (give it another name, or write `shared: true` in both tables)",
        ],
    ),
    "shared alone": (
        (
            (
                "    keys: [{name: order_id",
                "    materialization: {mode: CUSTOM, nodes: [{name: n, shared: true, fields: [buyer, seller, amount, status]}]}\n    keys: [{name: order_id",
            ),
        ),
        [
            "x.yaml:11:45: fact_tables.shop.orders.materialization.nodes.n: no other table of the project has the node 'n' to share",
        ],
    ),
    "alias": (
        (
            (
                "    keys: [{name: order_id",
                "    joins: [{table: raw.orders, alias: o, on: '1 = 1'}]\n    keys: [{name: order_id",
            ),
        ),
        [
            "x.yaml:11:13: fact_tables.shop.orders.joins.0: two sources are called 'o' (give one another 'alias')",
        ],
    ),
    "same task": (
        (
            (
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\n',
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\nscripts: [{name: ORDERS, type: SQL, code: SELECT 1}]\n',
            ),
        ),
        [
            "x.yaml:33:11: scripts.shop.ORDERS: 'shop.ORDERS' is declared twice, first in x.yaml:9:5",
        ],
    ),
    "project": (
        (("defaults: {project: shop", "defaults: {project: shopp"),),
        [
            "x.yaml:1:21: dimension_tables.shopp.dim_user.project: there is no project 'shopp' (did you mean 'shop'?)",
            "x.yaml:13:48: fact_tables.shopp.orders.dimensions.buyer.dimension: there is no dimension table 'shop.dim_user' (did you mean 'shopp.dim_user'?)",
            "x.yaml:14:49: fact_tables.shopp.orders.dimensions.seller.dimension: there is no dimension table 'shop.dim_user' (did you mean 'shopp.dim_user'?)",
            "x.yaml:20:31: atomic_metrics.pay_amount.table: there is no logical dimension or fact table 'shop.orders' (did you mean 'shopp.orders'?)",
            "x.yaml:21:30: atomic_metrics.pay_count.table: there is no logical dimension or fact table 'shop.orders' (did you mean 'shopp.orders'?)",
            "x.yaml:24:25: business_filters.paid.table: there is no logical dimension or fact table 'shop.orders' (did you mean 'shopp.orders'?)",
            "x.yaml:26:81: derived_metrics.paid_7d.granularity: there is no dimension table 'shop.dim_user' (did you mean 'shopp.dim_user'?)",
            "x.yaml:27:70: derived_metrics.average_1d.granularity: there is no dimension table 'shop.dim_user' (did you mean 'shopp.dim_user'?)",
            "x.yaml:30:18: aggregate_tables.shopp.dws_buyer.granularity: there is no dimension table 'shop.dim_user' (did you mean 'shopp.dim_user'?)",
        ],
    ),
    "dep fields": (
        (
            (
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\n',
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\nscripts: [{name: s, type: SQL, code: SELECT 1, dependencies: [{task: shop.orders, fields: [amont]}, {task: shop.orders, readers: [x]}, {task: root}]}]\n',
            ),
        ),
        [
            "x.yaml:33:92: scripts.shop.s.dependencies.0.fields.0: 'shop.orders' has no field 'amont' (did you mean 'amount'?)",
            "x.yaml:33:131: scripts.shop.s.dependencies.1.readers.0: 'shop.s' has no field 'x'",
        ],
    ),
    "output logical": (
        (
            (
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\n',
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\nscripts: [{name: s, type: SHELL, code: echo, outputs: shop.orders}]\n',
            ),
        ),
        [
            "x.yaml:33:55: scripts.shop.s.outputs.0: 'shop.orders' is a logical table, which only its nodes write",
        ],
    ),
    "integ": (
        (
            (
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\n',
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\nintegration_tasks: [{name: s, source: {kind: FILE, path: a.csv}, target: {kind: FILE, path: b.txt}}]\n',
            ),
        ),
        [
            "x.yaml:33:74: integration_tasks.shop.s.target: the ending of 'b.txt' names no format (add 'format')",
        ],
    ),
    "integ2": (
        (
            (
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\n',
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\nintegration_tasks: [{name: s, source: {kind: FILE, path: a.csv}, target: {kind: FILE, path: b.csv}}]\n',
            ),
        ),
        [
            "x.yaml:33:21: integration_tasks.shop.s: exactly one end of an integration task is a TABLE; the other is a FILE or a DATABASE",
        ],
    ),
    "integ3": (
        (
            (
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\n',
                ": twice, type: \"DECIMAL(18,2)\", expression: average_1d * 2}\nintegration_tasks: [{name: s, source: {kind: DATABASE, url: 'sqlite:///x', table: a, path: b}, target: {kind: TABLE, table: raw.x}}]\n",
            ),
        ),
        [
            "x.yaml:33:92: integration_tasks.shop.s.source.path: 'path' does not belong to DATABASE (keys: url, table, query)",
        ],
    ),
    "integ4": (
        (
            (
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\n',
                ": twice, type: \"DECIMAL(18,2)\", expression: average_1d * 2}\nintegration_tasks: [{name: s, source: {kind: DATABASE, url: 'sqlite:///x'}, target: {kind: TABLE, table: x}}]\n",
            ),
        ),
        [
            "x.yaml:33:39: integration_tasks.shop.s.source: a DATABASE needs either 'table' or 'query'",
            "x.yaml:33:106: integration_tasks.shop.s.target.table: 'x' is not a table; write project.table",
        ],
    ),
    "param": (
        (
            (
                ': twice, type: "DECIMAL(18,2)", expression: average_1d * 2}\n',
                ": twice, type: \"DECIMAL(18,2)\", expression: average_1d * 2}\nscripts: [{name: s, type: SHELL, code: echo, parameters: {a: 'x;y'}}]\n",
            ),
        ),
        [
            "x.yaml:33:59: scripts.shop.s.parameters.a: the value of a parameter cannot contain ';'",
        ],
    ),
    "priority": (
        (("defaults: {project: shop", "defaults: {priority: URGENT, project: shop"),),
        [
            "x.yaml:1:22: defaults.priority: 'URGENT' is not one of LOWEST, LOW, MEDIUM, HIGH, HIGHEST",
        ],
    ),
    "tenant twice": (
        (("defaults:", "tenant: {name: x}\ndefaults:"),),
        [
            "x.yaml:1:1: tenant: the tenant is declared twice, first in base.yaml:1:1",
        ],
    ),
    "agg expr": (
        (("expression: SUM(amount)}", "expression: SUM(amont)}"),),
        [
            "x.yaml:20:79: atomic_metrics.pay_amount.expression: 'SUM(amont)' names 'amont', which is not there; did you mean 'amount'?",
        ],
    ),
    "cond": (
        (("condition: status = 'paid'", "condition: statuss = 'paid'"),),
        [
            "x.yaml:24:49: business_filters.paid.condition: 'statuss = 'paid'' names 'statuss', which is not there; did you mean 'status'?",
        ],
    ),
}
"""Name -> replacements in a good file, and what is said then."""


@pytest.mark.parametrize("case", EDITS)
def test_a_good_file_made_bad(case):
    text = SALES
    edits, expected = EDITS[case]
    for before, after in edits:
        assert text.count(before) >= 1, before
        text = text.replace(before, after, 1)
    assert said(text) == expected


def test_the_good_file_is_good():
    assert said(SALES) == []
