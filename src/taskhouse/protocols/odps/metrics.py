"""Numbers for monitoring, in the Prometheus text form."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from taskhouse.domain.instance import InstanceStatus
from taskhouse.protocols.odps.web import Reply, Request, Routes
from taskhouse.services.world import World

_MEANINGS = {
    "tasks_ended": "Tasks that ended, by how",
    "tunnel_rows": "Rows moved through the tunnel",
    "tunnel_bytes": "Bytes of rows moved through the tunnel, as sent",
}
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)


class Metrics:
    """One server's registry. `observe` is called after every request."""

    def __init__(self, world: World) -> None:
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "taskhouse_request_seconds",
            "Time from a request's headers to the end of its reply",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._registry.register(_WorldCollector(world))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).observe(seconds)

    def routes(self) -> Routes:
        """`GET /metrics`, without a signature."""
        routes = Routes()

        @routes.public("/metrics")
        def metrics(world: World, request: Request) -> Reply:
            return Reply(200, generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

        return routes


class _WorldCollector(Collector):
    """Looks at the world when asked: instances that wait and run, and the counts of `services.measure`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        counts = self._world.instances.counts()
        instances = GaugeMetricFamily(
            "taskhouse_instances", "Task instances that have not ended, by status", labels=["status"]
        )
        for status in (InstanceStatus.SUSPENDED, InstanceStatus.RUNNING):
            instances.add_metric([status.value], counts.get(status, 0))
        yield instances
        yield GaugeMetricFamily(
            "taskhouse_running_tasks_limit", "Task instances that may run at once", self._world.limits.running_tasks
        )
        for name, sums in self._world.measures.read().items():
            labels = [label for label, _ in next(iter(sums))]
            family = CounterMetricFamily(f"taskhouse_{name}", _MEANINGS.get(name, name), labels=labels)
            for key, amount in sums.items():
                family.add_metric([value for _, value in key], amount)
            yield family
