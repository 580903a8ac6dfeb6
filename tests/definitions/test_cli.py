"""`taskhouse validate`, `plan`, `apply` and `schema` as people use them, against a server's REST API."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from taskhouse.cli import main
from taskhouse.protocols.mounting import Mounted
from taskhouse.protocols.odps.server import Server
from taskhouse.protocols.rest.api import all_routes
from taskhouse.protocols.rest.app import RestApp
from taskhouse.protocols.rest.bearer import Bearer
from taskhouse.protocols.rest.routing import BASE_PATH
from taskhouse.services.access import api_tokens
from tests.definitions.conftest import House
from tests.definitions.workspaces import BASE, EXAMPLES, SALES
from tests.rest.conftest import Elsewhere

Run = Callable[..., Result]
FIXTURE = EXAMPLES / "om-fixture"


class Served:
    def __init__(self, house: House) -> None:
        self.house = house
        world = house.world
        world.access.add_user("ALIYUN$boss", world.clock.now(), is_admin=True)
        world.access.add_user("ALIYUN$ann", world.clock.now())
        app = RestApp(world, all_routes(), authenticate=Bearer())
        self.server = Server(Mounted(Elsewhere(), {BASE_PATH: app}), host="127.0.0.1")
        self.server.start()
        self.url = self.server.url + BASE_PATH
        self.boss, self.ann = (api_tokens.issue(world, f"ALIYUN${name}")[1] for name in ("boss", "ann"))

    def run(self, *arguments: str, token: str = "", input: str | None = None) -> Result:
        runner = CliRunner(env={"TASKHOUSE_URL": self.url, "TASKHOUSE_TOKEN": token or self.boss})
        return runner.invoke(main, list(arguments), input=input)

    def post(self, path: str, body: object, token: str = "") -> httpx.Response:
        headers = {"authorization": f"Bearer {token or self.boss}"}
        return httpx.post(self.url + path, json=body, headers=headers, timeout=30)


@pytest.fixture
def served(house: House) -> Iterator[Served]:
    made = Served(house)
    yield made
    made.server.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "workspace"
    (made / ".git").mkdir(parents=True)
    (made / ".git" / "config.yaml").write_text("not: [a workspace")
    (made / "README.md").write_text("# Ours")
    (made / "base.yaml").write_text(BASE)
    (made / "sales.yaml").write_text(SALES)
    return made


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), "utf-8")


def shown(result: Result) -> str:
    """What was printed, without the digest and trailing spaces."""
    text = re.sub(r"digest [0-9a-f]{64}", "digest …", result.output)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


FIRST = """\
Publishing to prod (revision 0) would change
~ tenant
    name: tenant → demo
    time zone: UTC → Asia/Shanghai
    admins: – → admin
    business unit retail: – → 零售
+ project shop
+ shop.A (dimension table)  version 1
    5 fields in 3 nodes: B {t1, t2}; C {t2, t3}; D {t4}
    after shop.S0
+ shop.E (aggregate table)  version 1
    4 fields in 3 nodes: P {m1}; Q {m2}; V {m3}
    after shop.A
+ shop.S0 (script)  version 1
+ shop.X (script)  version 1
    after shop.E
+ shop.Y (script)  version 1
    after shop.A
+ shop.Z (script)  version 1
    after shop.E

tasks: 6 added
New tasks have their first instances for 2026-03-02.
digest …"""


def test_the_first_plan(served: Served):
    result = served.run("plan", str(FIXTURE))
    assert result.exit_code == 0
    assert shown(result) == FIRST
    assert served.house.published() == {}


CHANGED = """\
Publishing to prod (revision 1) would change
~ project shop
    member ann: ANALYST → VISITOR
~ shop.A (dimension table)  version 2
    ~ strategy version 1 → 2, tables are built anew  t4: the type of a field changes
    ~ field t1  logic
    ~ field t4  type STRING → VARCHAR(10), logic
    + field t5  STRING
    ~ node B  rebuilt: shop.a__b → shop.a__b__v2, code, fields
    ~ node C  rebuilt: shop.a__c → shop.a__c__v2, code
    ~ node D  rebuilt: shop.a__d → shop.a__d__v2, code
~ shop.E (aggregate table)  version 2
    ~ field m3  a filter or atomic metric of it
    ~ node P  code
    ~ node Q  code
    ~ node V  code
- shop.X (script)  retired: no more instances
~ shop.Y (script)  version 2
    + after shop.Z, previous cycle, last
    schedule: DAY 00:45 → DAY 00:50
    retries: 0 after 5 min → 2 after 5 min
Downstream: reads what is computed differently
  ~ shop.E  level 1: m1, m2
  ~ shop.Y  level 1
  ~ shop.Z  level 1

tasks: 3 changed, 1 retired; 3 fields computed differently; 3 nodes rebuilt; 3 downstream tasks touched
digest …"""


def test_a_plan_of_many_changes(served: Served, tmp_path: Path):
    served.run("apply", str(FIXTURE), "--yes")
    file = tmp_path / "shop.yaml"
    text = (FIXTURE / "shop.yaml").read_text("utf-8")
    start, end = text.index("  - name: X\n"), text.index("  - name: Y\n")
    file.write_text(text[:start] + text[end:], "utf-8")
    edit(file, "{name: t1, type: STRING, expression: s.t1}", "{name: t1, type: STRING, expression: UPPER(s.t1)}")
    edit(
        file,
        "      - {name: t4, type: STRING, expression: s.t4}",
        "      - {name: t4, type: VARCHAR(10), expression: s.t4}\n      - {name: t5, type: STRING, expression: s.t4}",
    )
    edit(file, "{name: B, fields: [t1, t2]}", "{name: B, fields: [t1, t2, t5]}")
    edit(file, "COUNT(t3)", "COUNT(DISTINCT t3)")
    edit(file, "ann: [ANALYST]", "ann: [VISITOR]")
    edit(
        file,
        'schedule: {at: "00:45"}',
        'schedule: {at: "00:50"}\n    retries: 2\n    dependencies: [{task: shop.Z, cycle: PREVIOUS_CYCLE, policy: LAST}]',
    )
    result = served.run("plan", str(tmp_path))
    assert shown(result) == CHANGED


def test_applying_shows_the_plan_and_wants_a_yes(served: Served, folder: Path):
    result = served.run("apply", str(folder))
    assert result.exit_code == 2 and "needs --yes, or the --digest of a plan" in result.output
    assert served.house.published() == {}
    result = served.run("apply", str(folder), "--yes")
    assert result.exit_code == 0
    assert shown(result).endswith("published to prod as revision 1: tasks: 3 added")
    assert len(served.house.published()) == 3
    result = served.run("apply", str(folder), "--yes")
    assert (result.exit_code, shown(result)) == (0, "nothing to publish: prod is as the files say")
    result = served.run("apply", str(folder), "--env", "dev", "--yes")
    assert "published to dev as revision 1" in result.output


def test_applying_what_was_planned_before(served: Served, folder: Path):
    plan = json.loads(served.run("plan", str(folder), "--json").stdout)
    assert plan["valid"] and not plan["empty"]
    edit(folder / "sales.yaml", "u.id", "u.user_id")
    result = served.run("apply", str(folder), "--digest", plan["digest"])
    assert result.exit_code == 1 and "the plan is not the one of that digest any more" in result.output
    edit(folder / "sales.yaml", "u.user_id", "u.id")
    result = served.run("apply", str(folder), "--digest", plan["digest"], "--json")
    assert json.loads(result.stdout[result.stdout.index("{") :])["published"] == [
        "shop.dim_user",
        "shop.dws_buyer",
        "shop.orders",
    ]


def test_days_that_have_passed(served: Served, folder: Path):
    result = served.run("apply", str(folder), "--yes", "--since", "2026-02-27")
    assert "New tasks have their first instances for 2026-02-27." in result.output
    assert result.exit_code == 0
    assert shown(result).endswith(
        "tasks: 3 added; 9 instances of days that have passed"
    )  # of three days: 23:00 has not come
    result = served.run("apply", str(folder), "--yes", "--since", "2026-02-25")
    assert shown(result).endswith("6 instances of days that have passed; nothing to publish")
    result = served.run("apply", str(folder), "--yes", "--since", "2026-02-25")
    assert shown(result).endswith("0 instances of days that have passed; nothing to publish")
    result = served.run("apply", str(folder), "--yes", "--env", "dev", "--since", "2025-01-01")
    assert result.exit_code == 1 and "more than 366 days ago" in result.output
    result = served.run("apply", str(folder), "--yes", "--env", "dev", "--since", "2026-03-09")
    assert result.exit_code == 1 and "name an earlier run date" in result.output


def test_errors_of_definitions(served: Served, folder: Path):
    edit(folder / "sales.yaml", "SUM(amount)", "SUM(amont)")
    line = "sales.yaml:20:79: atomic_metrics.pay_amount.expression: 'SUM(amont)' names 'amont', which is not there; did you mean 'amount'?"
    for command in (["validate"], ["plan"], ["apply", "--yes"]):
        result = served.run(*command, str(folder))
        assert result.exit_code == 1
        assert " ".join(result.output.split()).startswith(line), result.output
    told = json.loads(served.run("plan", str(folder), "--json").stdout)
    assert not told["valid"] and told["digest"] == ""
    assert [(each["file"], each["line"], each["column"]) for each in told["findings"]] == [("sales.yaml", 20, 79)]
    told = json.loads(served.run("validate", str(folder), "--json").stdout)
    assert not told["valid"] and told["findings"][0]["where"] == "atomic_metrics.pay_amount.expression"


def test_validating_needs_no_server(folder: Path):
    result = CliRunner().invoke(main, ["validate", str(folder)])
    assert (result.exit_code, result.output) == (0, "the definitions are valid\n")


def test_files_that_are_no_text(folder: Path):
    (folder / "bad.sql").write_bytes(b"SELECT '\xff'")
    result = CliRunner().invoke(main, ["validate", str(folder)])
    assert result.exit_code == 1 and "bad.sql is not UTF-8 text: invalid start byte at byte 8" in result.output


def test_links_lead_nowhere(folder: Path, tmp_path: Path):
    (tmp_path / "secret.yaml").write_text("scirpts: []")
    (folder / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    os.mkfifo(folder / "pipe.yaml")  # nobody writes: whoever opened it would wait for ever
    assert CliRunner().invoke(main, ["validate", str(folder)]).exit_code == 0


def test_who_may_not_publish_is_told_why(served: Served, folder: Path):
    served.run("apply", str(folder), "--yes")
    edit(folder / "sales.yaml", "u.id", "u.user_id")
    result = served.run("plan", str(folder), token=served.ann)
    assert result.exit_code == 3
    assert "you may not publish 'shop.dim_user': it takes the role DEVELOPER or PROJECT_ADMIN" in result.output


def test_rest_answers(served: Served):
    files = {"base.yaml": BASE, "sales.yaml": SALES}
    assert served.post("/workspace/validate", {"files": files}).json() == {"valid": True, "findings": []}
    plan = served.post("/workspace/plan", {"files": files, "environment": "prod"}).json()
    assert plan["environment"] == "PROD" and plan["first_run_date"] == "2026-03-02"
    body = {"files": files, "environment": "PROD"}
    answer = served.post("/workspace/apply", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ARGUMENT")
    answer = served.post("/workspace/apply", body | {"digest": "0" * 64})
    assert (answer.status_code, answer.json()["code"]) == (409, "PLAN_CHANGED")
    bad = {"files": files | {"x.yaml": "scirpts: []"}, "digest": plan["digest"]}
    answer = served.post("/workspace/apply", bad)
    assert answer.status_code == 400
    assert answer.json() == {
        "code": "INVALID_WORKSPACE",
        "message": "the workspace has 1 error",
        "items": [{"id": 0, "name": "x.yaml:1:1", "status": "", "reason": "unknown section 'scirpts' (did you mean 'scripts'?)"}],
    }  # fmt: skip
    answer = served.post("/workspace/plan", body | {"environment": "stage"})
    assert (answer.status_code, answer.json()["message"]) == (400, "'stage' is not an environment; write DEV or PROD")
    answer = served.post("/workspace/apply", body | {"digest": plan["digest"]})
    assert answer.status_code == 200
    assert answer.json()["published"] == ["shop.dim_user", "shop.dws_buyer", "shop.orders"]


def test_the_schema_is_the_one_in_the_docs(served: Served):
    kept = json.loads((EXAMPLES.parent / "docs" / "workspace.schema.json").read_text("utf-8"))
    assert json.loads(CliRunner().invoke(main, ["schema"]).stdout) == kept
    assert httpx.get(served.url + "/workspace/schema").json() == kept
