"""XFlows that are stopped, or whose server dies: nothing is stuck, nothing looks successful."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tools import server

ENDLESS = """create view if not exists endless as
select a.n * 1000000 + b.n * 10000 + c.n * 100 + d.n as n
from   numbers a join numbers b on a.n + b.n >= 0 join numbers c on a.n + c.n >= 0 join numbers d on sin(a.n + d.n) < 2
               join numbers e on cos(d.n + e.n) < 2"""


def _client(ready: server.Ready) -> Any:
    from odps import ODPS

    return ODPS(ready.access_id, ready.secret, ready.project, endpoint=ready.endpoint, overwrite_global=False)


def _prepared(client: Any) -> None:
    client.execute_sql("create table if not exists numbers as select pos as n from (select 1 as one) t lateral view posexplode(split(repeat(',', 99), ',')) p as pos, val")  # fmt: skip
    client.execute_sql(ENDLESS)


def _started(client: Any, out: str) -> Any:
    """A Normalize over the endless view, with its first sub-instance running."""
    parameters = {"inputTableName": "endless", "outputTableName": out, "outputParaTableName": f"{out}_p"}
    instance = client.run_xflow("Normalize", "algo_public", parameters)
    first = next(iter(client.get_xflow_sub_instances(instance).values()))
    while first.status.value == "Suspended":
        first.reload()
    return instance


def _statuses(client: Any, instance: Any) -> dict[str, tuple[str, list[str]]]:
    found = {}
    for name, sub in client.get_xflow_sub_instances(instance).items():
        sub.reload()
        found[name] = (sub.status.value, [task.status.value for task in sub.get_task_statuses().values()])
    return found


def test_stop_ends_the_xflow_and_its_sub_instances(live_client: Any) -> None:
    _prepared(live_client)
    instance = _started(live_client, "stopped_out")
    instance.stop()
    instance.wait_for_completion()
    assert not instance.is_successful()
    assert [task.status.value for task in instance.get_task_statuses().values()] == ["CANCELLED"]
    assert _statuses(live_client, instance) == {
        "Parameters": ("Terminated", ["CANCELLED"]),
        "Normalize": ("Terminated", ["CANCELLED"]),
    }
    assert not live_client.exist_table("stopped_out_p")


def test_stop_of_a_sub_instance_fails_the_xflow(live_client: Any) -> None:
    from odps.errors import ODPSError

    _prepared(live_client)
    instance = _started(live_client, "half_out")
    live_client.get_xflow_sub_instances(instance)["Parameters"].stop()
    with pytest.raises(ODPSError, match=r"Parameters .* ended as Cancelled"):
        instance.wait_for_success()
    assert _statuses(live_client, instance)["Normalize"] == ("Terminated", ["CANCELLED"])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_xflow_of_a_server_that_was_killed_is_failed_and_nothing_is_stuck(home: Path) -> None:
    with server.running(home) as ready:
        client = _client(ready)
        _prepared(client)
        instance_id = _started(client, "killed_out").id
        os.kill(ready.pid, signal.SIGKILL)
    with server.running(home) as ready:
        client = _client(ready)
        instance = client.get_instance(instance_id)
        assert instance.is_terminated() and not instance.is_successful()
        assert [task.status.value for task in instance.get_task_statuses().values()] == ["FAILED"]
        states = _statuses(client, instance)
        assert {state for state, _ in states.values()} == {"Terminated"}
        assert not any(tasks == ["SUCCESS"] for _, tasks in states.values())
        assert not client.exist_table("killed_out_p")
        assert client.execute_sql("select count(*) from numbers").is_successful()
