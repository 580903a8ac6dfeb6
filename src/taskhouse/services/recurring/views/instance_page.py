"""The head of an instance's pages, and its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from taskhouse.domain.roles import Action, Actor
from taskhouse.services.recurring.views import scene as scenes
from taskhouse.services.recurring.views.field_page import OfferView, offers_in
from taskhouse.services.recurring.views.instance_lines import InstanceLine, lines
from taskhouse.services.recurring.views.node_lines import NodeLine, node_line, require_node
from taskhouse.services.recurring.views.scene import of_instance
from taskhouse.services.world import World


@dataclass(frozen=True, slots=True)
class InstanceDetail:
    """`line` is what the list shows. `project_title` is `English name (Chinese name)`. `field_count` leaves keys out. `view` is the
    logical table as it can be queried. `strategy` is the version of the materialization that it was generated with. `updated_at`:
    when a node last changed its status. `operations`: what is open now."""

    line: InstanceLine
    project_title: str
    description: str
    business_unit: str
    field_count: int
    node_count: int
    view: str
    strategy: int
    published_at: datetime | None
    published_by: str
    generated_at: datetime | None
    updated_at: datetime | None
    may: tuple[str, ...]
    operations: Mapping[str, OfferView]


@dataclass(frozen=True, slots=True)
class NodeList:
    instance: int
    items: tuple[NodeLine, ...]


def detail(world: World, actor: Actor, instance: int) -> InstanceDetail:
    """Four store calls at most."""
    listed = world.recurring.instances([instance])
    if not listed:
        raise scenes.not_found(instance)
    scene = of_instance(world, actor, instance)
    at = scene.at(instance)
    task, row = scene.task(at), listed[0].record.row
    graph = scene.graph
    project = world.workspace.projects().get(row.project)
    changed = [scene.states[node].since for node in graph.nodes_of_instance[at]]
    return InstanceDetail(
        lines(world.recurring, listed, scene.now)[0],
        project.title if project else row.project,
        task.description,
        task.business_unit,
        len(graph.fields_of_instance[at]),
        len(graph.nodes_of_instance[at]),
        task.view,
        task.strategy,
        task.published_at,
        task.published_by,
        listed[0].record.generated_at,
        max((since for since in changed if since is not None), default=None),
        tuple(action.value for action in Action if scene.may(action, at)),
        offers_in(scene, at),
    )


def nodes_of(world: World, actor: Actor, instance: int) -> NodeList:
    """Three store calls at most."""
    scene = of_instance(world, actor, instance)
    at = scene.at(instance)
    return NodeList(instance, tuple(node_line(scene, node) for node in scene.graph.nodes_of_instance[at]))


def node(world: World, actor: Actor, node_instance: int) -> NodeLine:
    """One node instance by id. Four store calls at most. Raises `ViewRefused` (NOT_FOUND, FORBIDDEN)."""
    scene, at = scenes.of_node(world, actor, node_instance)
    require_node(scene, Action.VIEW, at)
    return node_line(scene, at)
