"""Which version of its task an attempt runs: the published one, if it still has the node; an operator may ask for the one that ran last.

When the node is gone from what is published, it is the version that the instance was generated with (D-03, D-62).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from taskhouse.domain.operations.request import CodeChoice
from taskhouse.domain.published import PublishedTask
from taskhouse.domain.recurring import Environment
from taskhouse.ports.executor import AttemptOrder
from taskhouse.ports.recurring_store import RecurringStore


def versions_that_run(store: RecurringStore, orders: Sequence[AttemptOrder]) -> Mapping[int, PublishedTask]:
    """Node instance -> the version of its task whose code runs; without those of which none is there. Three store calls at most for
    each environment."""
    found: dict[int, PublishedTask] = {}
    for environment in Environment:
        mine = [order for order in orders if order.environment is environment]
        if not mine:
            continue
        current = store.current(environment, {order.task for order in mine})
        again = [order.node for order in mine if order.code is CodeChoice.AS_RAN]
        ran = store.ran_versions(environment, again) if again else {}
        wanted: dict[int, tuple[str, int]] = {}
        for order in mine:
            now = current.get(order.task)
            if order.node in ran:
                wanted[order.node] = (order.task, ran[order.node])
            elif now is not None and now.node(order.node_id) is not None:
                found[order.node] = now
            else:
                wanted[order.node] = (order.task, order.generated)
        versions = store.versions(environment, set(wanted.values())) if wanted else {}
        found.update((node, versions[key]) for node, key in wanted.items() if key in versions)
    return found
