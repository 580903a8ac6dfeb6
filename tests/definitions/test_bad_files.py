"""Bad files, and every word that is said about them."""

from __future__ import annotations

import pytest

from tests.definitions.workspaces import said

PLAIN: dict[str, tuple[str, list[str]]] = {
    "an unknown section": (
        "scirpts: []\n",
        [
            "x.yaml:1:1: unknown section 'scirpts' (did you mean 'scripts'?)",
        ],
    ),
    "a section that is no list": (
        "scripts: {name: a}\n",
        [
            "x.yaml:1:10: scripts: a list is expected: each object begins with '- name:'",
        ],
    ),
    "a tag": (
        "scripts: !!python/object [1]\n",
        [
            "x.yaml:1:10: tags such as !!python/object are not allowed; write the value without it",
        ],
    ),
    "no mapping": (
        "- a\n",
        [
            "x.yaml:1:1: a file of a workspace is a mapping of sections, such as `projects:`",
        ],
    ),
    "a key twice": (
        """\
scripts:
  - name: a
    project: shop
    type: SQL
    type: SQL
    code: SELECT 1
""",
        [
            "x.yaml:5:5: 'type' is given twice, first in line 4",
        ],
    ),
    "a missing key": (
        """\
scripts:
  - {name: a, project: shop, code: SELECT 1}
""",
        [
            "x.yaml:2:5: scripts.shop.a: key 'type' is missing (SQL, PYTHON or SHELL)",
        ],
    ),
    "no name": (
        """\
scripts:
  - {project: shop, code: SELECT 1}
""",
        [
            "x.yaml:2:5: scripts.0: key 'name' is missing (Name, unique among the tasks and nodes of the project)",
            "x.yaml:2:5: scripts.0: key 'type' is missing (SQL, PYTHON or SHELL)",
        ],
    ),
    "no project": (
        """\
scripts:
  - {name: a, type: SQL, code: SELECT 1}
""",
        [
            "x.yaml:2:5: scripts.a: key 'project' is missing (or set it in `defaults`)",
        ],
    ),
    "no name but characters": (
        """\
scripts:
  - {name: a-b, project: shop, type: SQL, code: SELECT 1}
""",
        [
            "x.yaml:2:12: scripts.shop.a-b.name: 'a-b' is not a name: a letter or '_', then up to 63 letters, digits and '_'",
        ],
    ),
    "a word and a time that are none": (
        """\
scripts:
  - name: a
    project: shop
    type: SQL
    code: SELECT 1
    schedule: {cycle: WEKLY, at: 25:00}
""",
        [
            "x.yaml:6:23: scripts.shop.a.schedule.cycle: 'WEKLY' is not one of MINUTE, HOUR, DAY, WEEK, MONTH, YEAR (did you mean 'WEEK'?)",
            "x.yaml:6:34: scripts.shop.a.schedule.at: '25:00' is not a time of day; write it like 00:30",
        ],
    ),
    "a week without days": (
        """\
scripts:
  - name: a
    project: shop
    type: SQL
    code: SELECT 1
    schedule: {cycle: WEEK}
""",
        [
            "x.yaml:6:15: scripts.shop.a.schedule: a weekly schedule needs at least one weekday",
        ],
    ),
    "days of the week for a day": (
        """\
scripts:
  - name: a
    project: shop
    type: SQL
    code: SELECT 1
    schedule: {cycle: DAY, weekdays: 1}
""",
        [
            "x.yaml:6:38: scripts.shop.a.schedule.weekdays: 'weekdays' belongs to WEEK, not to DAY",
        ],
    ),
    "an interval that ends before it begins": (
        """\
scripts:
  - name: a
    project: shop
    type: SQL
    code: SELECT 1
    schedule: {cycle: HOUR, every_min: 60, at: '10:00', until: '09:00'}
""",
        [
            "x.yaml:6:64: scripts.shop.a.schedule.until: the interval ends at 09:00, before it begins",
        ],
    ),
    "numbers out of bounds": (
        """\
scripts:
  - {name: a, project: shop, type: SQL, code: SELECT 1, retries: 11, timeout_h: 0}
""",
        [
            "x.yaml:2:66: scripts.shop.a.retries: '11' is not a whole number from 0 to 10",
            "x.yaml:2:81: scripts.shop.a.timeout_h: '0' is not a number from 0.01 to 168",
        ],
    ),
    "upstream tasks that cannot be": (
        """\
scripts:
  - {name: a, project: shop, type: SQL, code: SELECT 1, dependencies: [shop.b, {task: shop.a}]}
""",
        [
            "x.yaml:2:72: scripts.shop.a.dependencies.0: there is no task 'shop.b' (did you mean 'shop.a'?)",
            "x.yaml:2:80: scripts.shop.a.dependencies.1: task 'shop.a' cannot depend on itself in this cycle (choose cycle PREVIOUS_CYCLE)",
        ],
    ),
    "waiting for oneself": (
        """\
scripts:
  - {name: a, project: shop, type: SQL, code: SELECT 1, dependencies: [shop.a]}
""",
        [
            "x.yaml:2:72: scripts.shop.a.dependencies.0: task 'shop.a' cannot depend on itself in this cycle (choose cycle PREVIOUS_CYCLE)",
        ],
    ),
    "a ring by hand": (
        """\
scripts:
  - {name: a, project: shop, type: SQL, code: SELECT 1, dependencies: [shop.b]}
  - {name: b, project: shop, type: SQL, code: SELECT 1, dependencies: [shop.a]}
""",
        [
            "x.yaml:2:71: scripts.shop.a.dependencies: tasks wait for one another in this cycle: shop.a -> shop.b -> shop.a",
        ],
    ),
    "a ring in code": (
        """\
scripts:
  - {name: a, project: shop, type: SQL, code: INSERT OVERWRITE TABLE shop.t1 SELECT * FROM shop.t2}
  - {name: b, project: shop, type: SQL, code: INSERT OVERWRITE TABLE shop.t2 SELECT * FROM shop.t1}
""",
        [
            "x.yaml:2:5: scripts.shop.a: tasks wait for one another in this cycle: shop.a -> shop.b -> shop.a (let one look at the previous cycle, or ignore a dependency)",
        ],
    ),
    "no such file": (
        """\
scripts:
  - {name: a, project: shop, type: SQL, file: a.sql}
""",
        [
            "x.yaml:2:47: scripts.shop.a.file: there is no file 'a.sql' in the workspace",
        ],
    ),
    "a file outside": (
        """\
scripts:
  - {name: a, project: shop, type: SQL, file: ../a.sql}
""",
        [
            "x.yaml:2:47: scripts.shop.a.file: '../a.sql' lies outside the workspace",
        ],
    ),
    "code twice": (
        """\
scripts:
  - {name: a, project: shop, type: SQL, file: a.sql, code: x}
""",
        [
            "x.yaml:2:5: scripts.shop.a: a script has either 'code' or 'file'",
        ],
    ),
    "no such resource group": (
        """\
scripts:
  - {name: a, project: shop, type: SQL, code: SELECT 1, resource_group: sparc}
""",
        [
            "x.yaml:2:73: scripts.shop.a.resource_group: the tenant has no resource group 'sparc' (did you mean 'spark'?)",
        ],
    ),
    "no SQL": (
        """\
scripts:
  - {name: a, project: shop, type: SQL, code: SELEC 1}
""",
        [
            "x.yaml:2:47: scripts.shop.a.code: Parse exception - invalid token 'SELEC', expect a statement",
        ],
    ),
    "a parameter that nobody gives": (
        """\
scripts:
  - {name: a, project: shop, type: SQL, code: 'SELECT ${nothing}'}
""",
        [
            "x.yaml:2:47: scripts.shop.a.code: 'nothing' is neither a parameter nor a time expression",
        ],
    ),
    "dim no source": (
        """\
dimension_tables:
  - name: d
    project: shop
    key: {name: k, type: BIGINT}
""",
        [
            "x.yaml:2:5: dimension_tables.shop.d: a dimension table of kind NORMAL needs 'source'",
        ],
    ),
    "dim wrong kind keys": (
        """\
dimension_tables:
  - name: d
    project: shop
    key: {name: k, type: BIGINT}
    kind: VIRTUAL
    attributes: [{name: a, type: STRING}]
""",
        [
            "x.yaml:6:17: dimension_tables.shop.d.attributes: a dimension table of kind VIRTUAL has no 'attributes'",
        ],
    ),
    "enum rows": (
        """\
dimension_tables:
  - name: d
    project: shop
    key: {name: k, type: BIGINT}
    kind: ENUMERATION
    attributes: [{name: a, type: STRING}]
    rows:
      - {k: 1, a: x}
      - {k: 1, a: y}
""",
        [
            "x.yaml:9:9: dimension_tables.shop.d.rows.1: the row has the key '1' of a row above",
        ],
    ),
    "enum rows2": (
        """\
dimension_tables:
  - name: d
    project: shop
    key: {name: k, type: BIGINT}
    kind: ENUMERATION
    attributes: [{name: a, type: STRING}]
    rows:
      - {k: 1, b: x}
""",
        [
            "x.yaml:8:16: dimension_tables.shop.d.rows.0.b: the table has no field 'b'",
        ],
    ),
    "mode": (
        "projects: [{name: extra, mode: DUAL, owner: x}]\n",
        [
            "x.yaml:1:32: projects.extra.mode: 'DUAL' is not one of BASIC, DEV_PROD",
        ],
    ),
    "dev clash": (
        "projects: [{name: shop_dev, owner: x}]\n",
        [
            "x.yaml:1:12: projects.shop_dev: 'shop_dev' is the development side of project 'shop' and cannot be a project of its own",
        ],
    ),
    "bu": (
        "projects: [{name: extra, owner: x, business_unit: wholesale}]\n",
        [
            "x.yaml:1:51: projects.extra.business_unit: there is no business unit 'wholesale'",
        ],
    ),
    "months": (
        """\
scripts:
  - {name: a, project: shop, type: SQL, code: SELECT 1, schedule: {cycle: MONTH, month_days: [0, LAST, 32]}}
""",
        [
            "x.yaml:2:95: scripts.shop.a.schedule.month_days.0: '0' is not a day from 1 to 31, or LAST",
            "x.yaml:2:104: scripts.shop.a.schedule.month_days.2: '32' is not a day from 1 to 31, or LAST",
        ],
    ),
    "N cycles": (
        """\
scripts:
  - {name: a, project: shop, type: SQL, code: SELECT 1, dependencies: [{task: root, cycles: 3}]}
""",
        [
            "x.yaml:2:93: scripts.shop.a.dependencies.0.cycles: 'cycles' belongs to cycle PREVIOUS_N_CYCLES",
        ],
    ),
}
"""Name -> a file beside the good base, and what is said."""


@pytest.mark.parametrize("case", PLAIN)
def test_a_bad_file(case):
    text, expected = PLAIN[case]
    assert said(text) == expected
