"""`taskhouse.connect`: the released client on a server inside this process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import urlopen

import psutil
import pytest

import taskhouse
from taskhouse.client import servers
from taskhouse.home import HomeInUseError


def listening_ports() -> set[int]:
    return {c.laddr.port for c in psutil.Process().net_connections("tcp") if c.status == psutil.CONN_LISTEN}


def test_it_is_the_real_client_and_survives_closing(tmp_path: Path) -> None:
    from odps import ODPS

    with taskhouse.connect(tmp_path / "home") as o:
        assert isinstance(o, ODPS)
        o.execute_sql("create table t as select 1L as a, 'x' as b")
    with taskhouse.connect(tmp_path / "home") as o:
        with o.execute_sql("select * from t").open_reader(tunnel=False) as reader:
            assert reader.raw == '"a","b"\n1,"x"\n'
        assert [i.is_successful() for i in o.list_instances()] == [True, True]
    assert not servers._running


def test_no_port_until_a_logview_address_is_asked_for(tmp_path: Path) -> None:
    before = listening_ports()
    with taskhouse.connect(tmp_path / "home") as o:
        instance = o.execute_sql("select 1 as one")
        assert listening_ports() == before
        address = instance.get_logview_address()
        assert address.startswith("http://127.0.0.1:")
        assert len(listening_ports() - before) == 1
        with urlopen(address) as page:
            assert instance.id in page.read().decode()
        assert (
            o.execute_sql("select 2 as two").get_logview_address().split("/logview")[0] == address.split("/logview")[0]
        )
        assert len(listening_ports() - before) == 1
    assert listening_ports() == before


def test_a_second_connection_shares_the_server(tmp_path: Path) -> None:
    first = taskhouse.connect(tmp_path / "home")
    second = taskhouse.connect(tmp_path / "home", project="other")
    assert first.endpoint == second.endpoint and second.project == "other"
    first.execute_sql("create table t (a bigint)")
    first.close()
    first.close()
    assert second.exist_table("t", project="taskhouse") and not second.exist_table("t")
    second.close()
    assert not servers._running


def test_readers_in_other_threads(tmp_path: Path) -> None:
    with taskhouse.connect(tmp_path / "home") as o:
        found: list[str] = []

        def read() -> None:
            with o.execute_sql("select 7 as a").open_reader(tunnel=False) as reader:
                found.append(reader.raw)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == ['"a"\n7\n'] * 4


_OTHER = """
import json, sys, taskhouse
with taskhouse.connect(sys.argv[1]) as o:
    print(json.dumps({"raw": o.execute_sql("select * from t").open_reader(tunnel=False).raw, "endpoint": o.endpoint}))
"""


def test_another_process_joins_through_the_socket(tmp_path: Path) -> None:
    with taskhouse.connect(tmp_path / "home") as o:
        o.execute_sql("create table t as select 3L as a")
        done = subprocess.run(
            [sys.executable, "-c", _OTHER, str(tmp_path / "home")],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert json.loads(done.stdout) == {"raw": '"a"\n3\n', "endpoint": o.endpoint}


_TOGETHER = """
import sys, taskhouse
with taskhouse.connect(sys.argv[1]) as o:
    print(o.execute_sql("select 5 as a").open_reader(tunnel=False).raw.split()[1], flush=True)
    sys.stdin.read()
"""


def test_processes_that_connect_at_the_same_time_share_one_server(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _TOGETHER, str(tmp_path / "home")]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        assert process.stdout is not None and process.stdout.readline() == "5\n"
    for process in both:
        assert process.communicate(timeout=60)[0] == "" and process.returncode == 0


_KILLED = """
import os, signal, sys, taskhouse
o = taskhouse.connect(sys.argv[1])
o.execute_sql("create table t as select 3L as a")
print(o.endpoint, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_home_whose_owner_was_killed_opens_again_and_nothing_is_left_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "home")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    left = Path(unquote(urlsplit(done.stdout.strip()).netloc)).parent
    assert done.returncode == -signal.SIGKILL and left.exists()
    with taskhouse.connect(tmp_path / "home") as o:
        assert o.exist_table("t")
        assert not left.exists()


_FORKED = """
import os, sys, taskhouse
with taskhouse.connect(sys.argv[1]) as o:
    o.execute_sql("create table t as select 3L as a")
    child = os.fork()
    if not child:
        assert o.exist_table("t")
        o.close()
        sys.exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    print(o.exist_table("t"))
"""


def test_a_forked_child_leaves_the_server_to_its_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _FORKED, str(tmp_path / "home")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr


def test_deep_folders_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("a folder with a long name " * 4) / ("x" * 200)
    deep.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with taskhouse.connect(deep / "home") as o:
        assert o.execute_sql("select 1 as a").is_successful()
    assert [each.name for each in deep.iterdir()] == ["home"]


def test_a_holder_that_cannot_be_joined_is_named(tmp_path: Path) -> None:
    from taskhouse.home import Home

    home = Home(tmp_path / "home")
    with pytest.raises(HomeInUseError, match=r"is in use by process \d+"):
        taskhouse.connect(tmp_path / "home")
    home.close()


def test_the_fixture_for_other_projects(pytester_project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(pytester_project)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=pytester_project,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


@pytest.fixture
def pytester_project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_mine.py").write_text(
        "def test_one(taskhouse):\n"
        "    taskhouse.execute_sql('create table t (a bigint)')\n"
        "    assert taskhouse.exist_table('t')\n"
        "def test_two(taskhouse):\n"
        "    assert not taskhouse.exist_table('t')\n"
    )
    return tmp_path
