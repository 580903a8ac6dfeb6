"""Many clients at once, some of whose instances are stopped: everything ends, and the counts agree."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tools import server


def storm(ready: server.Ready, clients: int, instances: int) -> None:
    """Every client submits its instances without waiting, stopping one in five of them at once; then waits for all."""
    from odps import ODPS, errors

    lock = threading.Lock()
    submitted: list[tuple[str, bool]] = []
    refused = Counter[str]()
    setup = ODPS(ready.access_id, ready.secret, ready.project, endpoint=ready.endpoint, overwrite_global=False)
    setup.execute_sql("create table if not exists storm (client bigint, n bigint)")
    barrier = threading.Barrier(clients)

    def one(client: int) -> Counter[str]:
        o = ODPS(ready.access_id, ready.secret, ready.project, endpoint=ready.endpoint, overwrite_global=False)
        barrier.wait(60)
        mine: list[Any] = []
        for n in range(instances):
            text = f"insert into storm values ({client}, {n})" if n % 10 == 0 else f"select {n} as n, {client} as c"
            instance = o.run_sql(text, priority=n % 10)
            stopped = n % 5 == 4
            if stopped:
                try:
                    instance.stop()
                except errors.InvalidStateSetting:
                    with lock:
                        refused["InvalidStateSetting"] += 1
            mine.append(instance)
            with lock:
                submitted.append((instance.id, stopped))
        ends = Counter[str]()
        for n, instance in enumerate(mine):
            instance.wait_for_completion()
            (status,) = (task.status.value.upper() for task in instance.get_task_statuses().values())
            assert status in (("SUCCESS", "CANCELLED") if n % 5 == 4 else ("SUCCESS",)), (n, status)
            ends[status] += 1
        return ends

    with ThreadPoolExecutor(clients) as pool:
        ends = sum(pool.map(one, range(clients)), Counter[str]())
    assert ends.total() == clients * instances == len({id_ for id_, _ in submitted})
    stops = sum(stopped for _, stopped in submitted)
    assert ends["CANCELLED"] + refused["InvalidStateSetting"] == stops
    listed = {i.id: i._status.value for i in setup.list_instances()}
    assert {listed[id_] for id_, _ in submitted} == {"Terminated"}
    with setup.execute_sql("select count(*), count(distinct client * 1000 + n) from storm").open_reader(
        tunnel=False
    ) as reader:
        counts = [int(each) for each in reader.raw.split()[1].split(",")]
    inserts = clients * len(range(0, instances, 10))
    assert counts == [inserts, inserts]


def test_storm(live_server: server.Ready) -> None:
    storm(live_server, 8, 10)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_storm_of_thirty_two(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("storm") / "home"
    with server.running(home, home.parent / "server.log") as ready:
        storm(ready, 32, 50)
