"""examples/om-fixture is the small tenant that the rules of operations are tested on, exactly."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from taskhouse.domain.definition.difference import compare
from taskhouse.domain.definition.tenant import Organisation
from taskhouse.domain.generation import Edge, Generated, generate
from taskhouse.domain.recurring import Environment
from taskhouse.services.definitions.plan_workspace import validate_alone
from taskhouse.services.definitions.read_workspace import read_workspace
from taskhouse.services.materialization import materialize
from tests.definitions.workspaces import folder
from tests.domain.om.fixture import RUN_DATE, TASKS, ZONE


def short(name: str) -> str:
    return name.removeprefix("shop.")


def edges(made: Generated) -> set[tuple[str, str, str, tuple[tuple[str, str], ...]]]:
    """(up, down, kind, fields) by short names."""

    def of(edge: Edge):
        up = short(edge.up.node) if edge.up else "root"
        return up, short(edge.down.node), edge.kind.value, tuple((short(task), field) for task, field in edge.via)

    return {of(edge) for edge in made.edges}


def published():
    read = read_workspace(folder("om-fixture"))
    assert read.is_good
    made = materialize(read.workspace, Environment.PROD, {})
    assert not made.problems
    return read.workspace, {task.id: task for task in made.tasks}


def generated(day: date = RUN_DATE) -> Generated:
    workspace, tasks = published()
    zone = ZoneInfo(workspace.tenant.time_zone)
    return generate(day, (task.blueprint() for task in tasks.values()), zone)


def test_it_is_valid():
    assert validate_alone(folder("om-fixture")) == ()


def test_instances_nodes_and_times():
    made, wanted = generated(), generate(RUN_DATE, TASKS, ZONE)
    assert len(made.instances) == 6 and len(made.nodes) == 10
    assert {(short(i.key.task), i.due_at) for i in made.instances} == {(i.key.task, i.due_at) for i in wanted.instances}
    assert {short(key.node) for key in made.nodes} == {key.node for key in wanted.nodes} == set("BCDPQVXYZ") | {"S0"}
    assert {(short(i.task), short(n.node)) for i, n in made.links} == {(i.task, n.node) for i, n in wanted.links}


def test_edges_are_exactly_those():
    wanted = generate(RUN_DATE, TASKS, ZONE)
    assert edges(generated()) == edges(wanted)
    assert ("B", "P", "SAME", (("A", "t1"),)) in edges(wanted)  # the comparison is not one of empty sets


def test_fields_and_nodes():
    _, tasks = published()

    def values(task: str) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        return {node.name: (node.values, node.keys) for node in tasks[task].nodes}

    assert values("shop.A") == {"B": (("t1", "t2"), ("id",)), "C": (("t2", "t3"), ("id",)), "D": (("t4",), ("id",))}
    assert values("shop.E") == {"P": (("m1",), ("id",)), "Q": (("m2",), ("id",)), "V": (("m3",), ("id",))}
    assert [field.name for field in tasks["shop.A"].fields] == ["id", "t1", "t2", "t3", "t4"]
    assert {task.retry.retries for task in tasks.values()} == {0}
    assert {task.priority.label for task in tasks.values()} == {"Medium"}


def test_every_day_has_the_same_edges():
    assert edges(generated(date(2026, 7, 31))) == edges(generated())


def test_publishing_it_for_the_first_time_adds_everything_and_touches_nobody():
    workspace, tasks = published()
    found = compare({}, tasks, Organisation(), workspace.organisation)
    assert found.published == ("shop.A", "shop.E", "shop.S0", "shop.X", "shop.Y", "shop.Z")
    assert found.retired == () and found.downstream == ()
    assert compare(tasks, tasks, workspace.organisation, workspace.organisation).is_empty
