"""Production and consumption lineage of a field, and what blocks its nodes."""

from __future__ import annotations

from dataclasses import dataclass

from taskhouse.domain import field_lineage
from taskhouse.domain.diagnosis import initial_blockers
from taskhouse.domain.normalise import URGENCY
from taskhouse.domain.roles import Action, Actor
from taskhouse.domain.status import CLASS_OF
from taskhouse.services.recurring.views.field_page import FieldLine, field_line
from taskhouse.services.recurring.views.node_lines import NodeLine, NodeRef, node_line, node_refs
from taskhouse.services.recurring.views.scene import Scene, of_instance, upstream_of
from taskhouse.services.world import World


@dataclass(frozen=True, slots=True)
class ReadInstance:
    """An upstream instance that a node reads; no `fields`: as a whole. `status` and `paused` are of the most urgent of its nodes that are
    read; `removed`: the dependency was removed. Of an instance that may not be seen only the name is told."""

    instance: int
    name: str
    project: str
    visible: bool
    fields: tuple[str, ...]
    status: str
    paused: bool
    removed: bool


@dataclass(frozen=True, slots=True)
class ProducingNode:
    """`node` computes the field; `fields` are all that it computes. `blocking`: the topmost nodes that keep it from starting."""

    node: NodeLine
    reads: tuple[ReadInstance, ...]
    blocking: tuple[NodeRef, ...]


@dataclass(frozen=True, slots=True)
class ProductionLineage:
    """One entry of `nodes` for each copy of a redundant field."""

    instance: int
    field: FieldLine
    nodes: tuple[ProducingNode, ...]


@dataclass(frozen=True, slots=True)
class ConsumingNode:
    """A downstream node that reads the field, with its fields that depend on it; a script has none. `removed`: the dependency was
    removed. `node` is None when it may not be seen."""

    instance: int
    name: str
    project: str
    visible: bool
    removed: bool
    fields: tuple[str, ...]
    node: NodeLine | None


@dataclass(frozen=True, slots=True)
class ConsumptionLineage:
    instance: int
    field: str
    nodes: tuple[ConsumingNode, ...]


def production(world: World, actor: Actor, instance: int, field: str) -> ProductionLineage:
    """How a field is made, by each node that computes it. Raises `ViewRefused` (NOT_FOUND, FORBIDDEN, UNKNOWN_FIELD). Three store calls
    at most where nothing upstream of it is unfinished, or the date is loaded."""
    scene = of_instance(world, actor, instance)
    at = scene.at(instance)
    scene.field_at(at, field)
    waiting = [n for n in scene.graph.nodes_of_instance[at] if not CLASS_OF[scene.snapshot.status[n]].is_final]
    if waiting:
        scene = upstream_of(world, scene, instance)
        at = scene.at(instance)
    place = scene.field_at(at, field)
    made = []
    for each in field_lineage.production(scene.snapshot, place):
        node = scene.graph.node_at[each.node]
        final = CLASS_OF[scene.snapshot.status[node]].is_final
        made.append(
            ProducingNode(
                node_line(scene, node),
                tuple(_read(scene, reading) for reading in each.reads),
                () if final else node_refs(scene, initial_blockers(scene.snapshot, node)),
            )
        )
    return ProductionLineage(instance, field_line(scene, place), tuple(made))


def consumption(world: World, actor: Actor, instance: int, field: str) -> ConsumptionLineage:
    """Who reads a field. Raises `ViewRefused` (NOT_FOUND, FORBIDDEN, UNKNOWN_FIELD). Three store calls at most."""
    scene = of_instance(world, actor, instance)
    at = scene.at(instance)
    found = []
    for each in field_lineage.consumption(scene.snapshot, scene.field_at(at, field)):
        owner = scene.graph.instance_at[each.instance]
        visible = scene.may(Action.VIEW, owner)
        found.append(
            ConsumingNode(
                each.instance,
                each.instance_name,
                scene.graph.instances[owner].project,
                visible,
                each.is_removed,
                each.fields if visible else (),
                node_line(scene, scene.graph.node_at[each.node]) if visible else None,
            )
        )
    return ConsumptionLineage(instance, field, tuple(found))


def _read(scene: Scene, reading: field_lineage.Reading) -> ReadInstance:
    at = scene.graph.instance_at[reading.instance]
    visible = scene.may(Action.VIEW, at)
    project = scene.graph.instances[at].project
    if not visible:
        return ReadInstance(reading.instance, reading.name, project, False, (), "", False, False)
    status = scene.snapshot.status
    urgent = min(reading.nodes, key=lambda node: URGENCY.index(CLASS_OF[status[node]]), default=None)
    return ReadInstance(
        reading.instance,
        reading.name,
        project,
        True,
        reading.fields,
        "" if urgent is None else status[urgent].value,
        urgent in scene.snapshot.paused,
        urgent is None,
    )
