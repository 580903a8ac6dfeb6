"""Answers about instances, their fields and nodes. Times are in UTC, durations in seconds.

Members that a newer server adds are ignored; every member has a default, so that an older one can be read, too.
"""

from __future__ import annotations

from datetime import datetime

import msgspec


class Offer(msgspec.Struct, frozen=True):
    """Whether an operation is open; `code` and `reason` say why it is not."""

    open: bool = False
    code: str = ""
    reason: str = ""


class InstanceLine(msgspec.Struct, frozen=True):
    """An instance as a list shows it. `statuses`: the distinct ones of its fields (a script's: of its node), the most urgent first;
    `fields` and `nodes` count by status. `retried` of `retries`: automatic retries used and allowed."""

    id: int
    name: str = ""
    task: str = ""
    environment: str = ""
    biz_type: str = ""
    node_type: str = ""
    kind: str | None = None
    marks: list[str] = []
    status_text: str = ""
    statuses: list[str] = []
    fields: dict[str, int] = {}
    nodes: dict[str, int] = {}
    waiting: list[str] = []
    paused: int = 0
    cycle: str = ""
    bizdate: str = ""
    due_at: datetime | None = None
    index: int = 0
    origin: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: float | None = None
    priority: str = ""
    owners: list[str] = []
    project: str = ""
    projects: list[str] = []
    tags: list[str] = []
    retried: int = 0
    retries: int = 0
    resource_group: str = ""
    version: int = 0
    notices: list[str] = []


class InstancePage(msgspec.Struct, frozen=True):
    """`next_marker` is empty on the last page."""

    items: list[InstanceLine] = []
    next_marker: str = ""


class InstanceCounts(msgspec.Struct, frozen=True):
    """`total` instances; by status those that show it, so that the statuses may add up to more. `matching`: those that the list has."""

    total: int = 0
    statuses: dict[str, int] = {}
    matching: int = 0


class InstanceDetail(msgspec.Struct, frozen=True):
    """`line` is what the list shows. `operations`: what is open now."""

    line: InstanceLine
    project_title: str = ""
    description: str = ""
    business_unit: str = ""
    field_count: int = 0
    node_count: int = 0
    view: str = ""
    strategy: int = 0
    published_at: datetime | None = None
    published_by: str = ""
    generated_at: datetime | None = None
    updated_at: datetime | None = None
    may: list[str] = []
    operations: dict[str, Offer] = {}


class NodeRef(msgspec.Struct, frozen=True):
    """A node where it is only named."""

    id: int
    name: str = ""
    label: str = ""
    instance: int = 0
    project: str = ""
    status: str = ""
    status_label: str = ""
    paused: bool = False
    visible: bool = True


class NodeLine(msgspec.Struct, frozen=True):
    """A node instance. `fields` are those it computes, `keys` those it writes along, `runs` the entries of its run log."""

    id: int
    node: str = ""
    name: str = ""
    label: str = ""
    instances: list[int] = []
    kind: str = ""
    table: str = ""
    status: str = ""
    status_label: str = ""
    paused: bool = False
    forced: bool = False
    dry_run: bool = False
    reason: str = ""
    fields: list[str] = []
    keys: list[str] = []
    attempt: int = 0
    retried: int = 0
    retries: int = 0
    retry_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: float | None = None
    since: datetime | None = None
    due_at: datetime | None = None
    priority: str = ""
    resource_group: str = ""
    runs: int = 0


class NodeList(msgspec.Struct, frozen=True):
    instance: int
    items: list[NodeLine] = []


class FieldLine(msgspec.Struct, frozen=True):
    """A field. `status` is the normalised one, None for a key. `nodes` compute it. `required`: why it will be part of whatever is rerun."""

    name: str
    label: str = ""
    role: str = ""
    kind: str = ""
    type: str = ""
    status: str | None = None
    waiting: str | None = None
    paused: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: float | None = None
    nodes: list[NodeRef] = []
    operations: dict[str, Offer] = {}
    required: str = ""
    project: str = ""
    owner: str | None = None
    priority: str | None = None
    sources: list[str] = []


class FieldPage(msgspec.Struct, frozen=True):
    """`count` is the number of fields without the keys, `statuses` count them."""

    instance: int
    name: str = ""
    count: int = 0
    statuses: dict[str, int] = {}
    items: list[FieldLine] = []


class FieldOffer(msgspec.Struct, frozen=True):
    name: str
    status: str | None = None
    required: bool = False
    open: bool = False
    code: str = ""
    reason: str = ""


class Offers(msgspec.Struct, frozen=True):
    """`fields` as the dialog of the operation asked for lists them."""

    instance: int
    operations: dict[str, Offer] = {}
    fields: list[FieldOffer] = []
