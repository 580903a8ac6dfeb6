"""Publishing: what is stored, made and kept, in both environments, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from taskhouse.domain.definition.difference import Change
from taskhouse.domain.faults import Fault
from taskhouse.domain.recurring import Environment
from taskhouse.domain.roles import Actor, ProjectRole
from taskhouse.services.definitions.apply_workspace import PlanChangedError, apply_workspace
from taskhouse.services.definitions.plan_workspace import InvalidWorkspaceError
from tests.definitions.conftest import ROOT, START, House
from tests.definitions.workspaces import BASE, SALES, folder

DEV = Environment.DEV
SHOP = folder("om-fixture")
FILES = {"base.yaml": BASE, "sales.yaml": SALES}
SCRIPT = "scripts: [{name: s, project: shop, type: SHELL, code: echo 1}]\n"


def changed(before: str, after: str, files: dict[str, str] = FILES) -> dict[str, str]:
    made = {name: text.replace(before, after) for name, text in files.items()}
    assert made != files
    return made


def member(user: str, **roles: ProjectRole) -> Actor:
    return Actor(user, roles={project: frozenset({role}) for project, role in roles.items()})


def test_the_first_publication(house: House):
    made = house.apply(SHOP)
    assert made.revision == 1 and made.plan.difference.retired == ()
    tasks = house.published()
    assert set(tasks) == {"shop.A", "shop.E", "shop.S0", "shop.X", "shop.Y", "shop.Z"}
    assert {(task.version, task.published_by, task.published_at) for task in tasks.values()} == {(1, "root", START)}
    assert house.world.workspace.tenant().time_zone == "Asia/Shanghai"
    assert house.world.workspace.roles_of("visitor") == {"shop": {ProjectRole.VISITOR}}
    project = house.world.catalogue.project("shop")
    assert project is not None and (project.owner, project.comment) == ("ALIYUN$admin", "shop (商店)")
    tables = house.tables("shop")
    assert tables == dict.fromkeys(["a__b", "a__c", "a__d", "e__p", "e__q", "e__v"], "MANAGED_TABLE") | {
        "a": "VIRTUAL_VIEW",
        "e": "VIRTUAL_VIEW",
    }


def test_what_is_published_is_read_again_as_it_was(house: House):
    plan = house.apply(FILES).plan
    for id, task in house.published().items():
        assert task.nodes == plan.tasks[id].nodes and task.fields == plan.tasks[id].fields
        assert task.dependencies == plan.tasks[id].dependencies and task.schedule == plan.tasks[id].schedule


def test_publishing_the_same_again_does_nothing(house: House):
    house.apply(FILES)
    before = house.published()
    made = house.apply(FILES)
    assert made.is_empty and made.revision == 1
    assert house.published() == before
    assert house.world.workspace.organisation()[0] == 1


@pytest.mark.parametrize(
    ("local", "first"),
    [
        (datetime(2026, 3, 1, 18, 0), date(2026, 3, 2)),
        (datetime(2026, 3, 1, 22, 59), date(2026, 3, 2)),
        (datetime(2026, 3, 1, 23, 0), date(2026, 3, 3)),
        (datetime(2026, 3, 1, 23, 10), date(2026, 3, 3)),
        (datetime(2026, 3, 2, 0, 0), date(2026, 3, 3)),
    ],
)
def test_first_instances_depend_on_the_tenants_clock(house: House, local: datetime, first: date):
    house.clock.set((local - timedelta(hours=8)).replace(tzinfo=UTC))
    house.apply(SHOP)
    assert {task.first_run_date for task in house.published().values()} == {first}


def test_a_changed_task_gets_a_version_and_keeps_its_first_day(house: House):
    house.apply(FILES)
    house.clock.set(START + timedelta(days=40))
    files = changed("{name: status, type: STRING}", "{name: status, type: STRING, expression: LOWER(o.status)}")
    made = house.apply(files)
    assert made.plan.difference.published == ("shop.orders",)
    tasks = house.published()
    assert {id: task.version for id, task in tasks.items()} == {
        "shop.dim_user": 1,
        "shop.dws_buyer": 1,
        "shop.orders": 2,
    }
    assert {task.first_run_date for task in tasks.values()} == {date(2026, 3, 2)}
    versions = house.world.recurring.task_versions(Environment.PROD, "shop.orders")
    assert [task.version for task in versions] == [2, 1]
    assert versions[0].published_at == START + timedelta(days=40)
    assert "LOWER" in versions[0].nodes[0].program.code and "LOWER" not in versions[1].nodes[0].program.code


def test_a_changed_type_builds_tables_anew_and_keeps_the_old(house: House):
    house.apply(FILES)
    before = house.tables("shop")
    house.apply(changed("{name: city, type: STRING}", "{name: city, type: BIGINT, expression: u.city_id}"))
    assert house.published()["shop.dim_user"].strategy == 2
    after = house.tables("shop")
    new = set(after) - set(before)
    assert set(before) < set(after) and new and all(name.endswith("__v2") for name in new)


def test_the_development_environment(house: House):
    house.apply(FILES, DEV)
    assert house.published() == {}
    tasks = house.published(DEV)
    assert set(tasks) == {"shop.dim_user", "shop.orders", "shop.dws_buyer"}
    for task in tasks.values():
        assert task.view.startswith("shop_dev.")
        assert {node.program.project for node in task.nodes} == {"shop_dev"}
        assert {node.table.split(".")[0] for node in task.nodes} == {"shop_dev"}
    assert "raw.orders" in tasks["shop.orders"].nodes[0].program.code  # of a basic project: what production has
    assert set(house.tables("shop_dev")) >= {"dim_user", "orders", "dws_buyer"}
    assert house.world.catalogue.project("shop") is None
    house.apply(FILES)
    assert set(house.published()) == set(tasks)
    assert house.published()["shop.orders"].view == "shop.orders"


def test_tasks_of_basic_projects_are_in_production_only(house: House):
    files = FILES | {"s.yaml": SCRIPT.replace("shop", "raw")}
    house.apply(files, DEV)
    house.apply(files)
    assert "raw.s" not in house.published(DEV) and "raw.s" in house.published()


def test_what_is_left_out_is_retired_and_may_come_back(house: House):
    house.apply(FILES | {"s.yaml": SCRIPT})
    made = house.apply(FILES)
    assert made.plan.difference.retired == ("shop.s",)
    assert "shop.s" not in house.published()
    house.clock.set(START + timedelta(days=9))
    house.apply(FILES | {"s.yaml": SCRIPT})
    task = house.published()["shop.s"]
    assert (task.version, task.first_run_date) == (2, date(2026, 3, 11))


def test_a_plan_that_is_not_the_one_shown_is_refused(house: House):
    digest = house.plan(FILES).digest
    with pytest.raises(PlanChangedError):
        apply_workspace(house.world, ROOT, Environment.PROD, changed("u.id", "u.user_id"), digest)
    with pytest.raises(PlanChangedError):
        apply_workspace(house.world, ROOT, DEV, FILES, digest)
    assert house.published() == {} and house.world.workspace.organisation()[0] == 0
    apply_workspace(house.world, ROOT, Environment.PROD, FILES, digest)
    with pytest.raises(PlanChangedError):  # somebody has published it meanwhile
        apply_workspace(house.world, ROOT, Environment.PROD, FILES, digest)
    assert house.world.recurring.published(Environment.PROD)[0] == 1


def test_the_digest_is_of_what_is_published_not_of_how_it_is_written(house: House):
    text = "# a remark\n" + SALES.replace("dimension_tables:", "dimension_tables:   ")
    assert house.plan({"all/a.yaml": text, "b.yml": BASE}).digest == house.plan(FILES).digest


def test_errors_keep_everything_as_it_was(house: House):
    house.apply(FILES)
    with pytest.raises(InvalidWorkspaceError, match="the workspace has 2 errors") as caught:
        house.plan(changed("SUM(amount)", "SUM(amont") | {"x.yaml": "scirpts: []"})
    assert [finding.mark.file for finding in caught.value.findings] == ["sales.yaml", "x.yaml"]
    assert house.world.recurring.published(Environment.PROD)[0] == 1


def test_nothing_is_stored_when_the_transaction_fails_and_applying_again_finishes(house: House):
    plan = house.plan(FILES)
    store = house.world.recurring
    publish = type(store).publish

    def breaks(*arguments: object, **named: object) -> int:
        publish(*arguments, **named)
        raise RuntimeError("the disk is full")

    patch = pytest.MonkeyPatch()
    patch.setattr(type(store), "publish", breaks)
    with pytest.raises(RuntimeError, match="disk is full"):
        apply_workspace(house.world, ROOT, Environment.PROD, FILES, plan.digest)
    patch.undo()
    assert house.published() == {} and house.world.workspace.organisation()[0] == 0
    assert "dim_user" in house.tables("shop")  # made before, harmless
    apply_workspace(house.world, ROOT, Environment.PROD, FILES, plan.digest)
    assert len(house.published()) == 3


def test_of_two_who_publish_at_once_one_wins(house: House, monkeypatch: pytest.MonkeyPatch):
    """The other publishes between our plan and our transaction."""
    plan = house.plan(FILES)
    theirs = {"base.yaml": BASE.replace("ann: ANALYST", "ann: VISITOR"), "s.yaml": SCRIPT}
    deploy = apply_workspace.__globals__["deploy"]

    def slow(*arguments: object) -> object:
        monkeypatch.undo()
        house.apply(theirs)
        return deploy(*arguments)

    monkeypatch.setitem(apply_workspace.__globals__, "deploy", slow)
    with pytest.raises(Fault, match="meanwhile"):
        apply_workspace(house.world, ROOT, Environment.PROD, FILES, plan.digest)
    assert set(house.published()) == {"shop.s"}
    assert house.world.workspace.roles_of("ann") == {"shop": {ProjectRole.VISITOR}}


def test_tenant_and_members_are_shared_by_both_environments(house: House):
    house.apply(FILES)
    files = changed("ann: ANALYST", "ann: OPERATOR")
    plan = house.plan(files, DEV)
    [project] = plan.difference.projects
    assert [(s.name, s.before, s.after) for s in project.settings] == [("member ann", "ANALYST", "OPERATOR")]
    house.apply(files, DEV)
    assert house.plan(files).difference.is_empty
    assert house.world.workspace.roles_of("ann") == {"shop": {ProjectRole.OPERATOR}}


def test_who_may_publish(house: House):
    house.apply(FILES)
    logic = changed("u.id", "u.user_id")
    with pytest.raises(Fault, match="takes the role DEVELOPER or PROJECT_ADMIN in project 'shop'"):
        house.plan(logic, actor=member("ann", shop=ProjectRole.ANALYST))
    with pytest.raises(Fault, match="in project 'shop'"):
        house.plan(logic, actor=member("rob", raw=ProjectRole.DEVELOPER))
    dev = member("dev", shop=ProjectRole.DEVELOPER)
    house.apply(logic, actor=dev)
    assert house.published()["shop.dim_user"].published_by == "dev"
    members = changed("ann: ANALYST", "ann: DEVELOPER", logic)
    with pytest.raises(Fault, match="only an administrator of project 'shop' may change it"):
        house.plan(members, actor=dev)
    house.apply(members, actor=member("ola", shop=ProjectRole.PROJECT_ADMIN))
    with pytest.raises(Fault, match="only a super administrator may change the tenant's admins"):
        house.plan(changed("[root]", "[root, dev]", members), actor=member("ola", shop=ProjectRole.PROJECT_ADMIN))
    extra = members | {"p.yaml": "projects: [{name: extra, owner: dev}]"}
    with pytest.raises(Fault, match="only a super administrator may add or remove a project, such as 'extra'"):
        house.plan(extra, actor=dev)


def test_publishing_takes_no_rights_on_the_server(house: House):
    """Roles of the workspace are enough: tables are made on the server's behalf."""
    house.apply(FILES)
    files = FILES | {
        "s.yaml": "dimension_tables: [{name: d, project: shop, source: raw.d, key: {name: k, type: BIGINT}, attributes: [{name: a, type: STRING}]}]"
    }
    house.apply(files, actor=member("dev", shop=ProjectRole.DEVELOPER))
    assert "d" in house.tables("shop")


def test_a_project_cannot_leave_while_the_other_environment_has_tasks_of_it(house: House):
    house.apply(FILES, DEV)
    house.apply(FILES)
    without = {"base.yaml": BASE.replace("  - {name: shop", "  - {name: store")}
    with pytest.raises(Fault, match=r"task 'shop\.dim_user' is still published in dev"):
        house.plan(without)
    empty = {"base.yaml": BASE}
    house.apply(empty, DEV)
    made = house.apply(without)
    assert [(p.name, p.change) for p in made.plan.difference.projects] == [
        ("shop", Change.REMOVED),
        ("store", Change.ADDED),
    ]
    assert house.published() == {}
    assert "dim_user" in house.tables("shop")  # data stays


def test_a_ring_of_nodes_through_24_hours_is_found(house: House):
    text = """
scripts:
  - {name: a, project: shop, type: SHELL, code: echo, schedule: {at: "02:00"}, dependencies: [{task: shop.b, cycle: LAST_24_HOURS}]}
  - {name: b, project: shop, type: SHELL, code: echo, schedule: {at: "01:00"}, dependencies: [{task: shop.a, cycle: THIS_CYCLE}]}
"""
    with pytest.raises(InvalidWorkspaceError) as caught:
        house.plan({"base.yaml": BASE, "x.yaml": text})
    [finding] = caught.value.findings
    assert str(finding).startswith("x.yaml:3:5: scripts.shop.a: nodes wait for one another: ")
