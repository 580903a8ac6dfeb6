"""Python and Shell tasks in real processes: what they get, what is kept of them, how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from taskhouse.domain.faults import Fault
from taskhouse.domain.instance import JobSpec, TaskSpec, TaskStatus
from taskhouse.services import submit_instance
from taskhouse.services.run_process import work_folder
from tests.runners.conftest import Runners, until


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that ended and was not yet asked about does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_output_of_both_streams_is_the_result(runners: Runners) -> None:
    task = runners.run("Python", "import sys\nprint('one')\nprint('two', file=sys.stderr)")
    assert task.status is TaskStatus.SUCCESS
    assert sorted(task.result_text.split()) == ["one", "two"]
    assert task.summary["exit_code"] == 0


def test_a_shell_script_fails_with_its_exit_code_and_keeps_what_it_said(runners: Runners) -> None:
    task = runners.run("Shell", "echo before\nexit 3")
    assert task.status is TaskStatus.FAILED
    assert task.result_text.startswith("before\n")
    assert "exit code 3" in task.result_text
    assert task.summary["exit_code"] == 3


def test_an_exception_shows_its_traceback(runners: Runners) -> None:
    task = runners.run("Python", "raise ValueError('no such shop')")
    assert task.status is TaskStatus.FAILED
    assert "ValueError: no such shop" in task.result_text


def test_a_script_that_a_signal_ends_says_which(runners: Runners) -> None:
    task = runners.run("Shell", "kill -SEGV $$")
    assert task.summary["exit_code"] == 128 + signal.SIGSEGV
    assert f"signal {int(signal.SIGSEGV)}" in task.result_text


def test_parameters_are_variables_and_nothing_of_the_server_is(
    runners: Runners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "42")
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    task = runners.run("Python", code, {"parameters": json.dumps({"bizdate": "20260301", "PATH": "/none", "a-b": "x"})})
    seen = json.loads(task.result_text)
    assert seen["bizdate"] == "20260301"
    assert seen["PATH"] != "/none" and "a-b" not in seen and "SECRET_OF_THE_SERVER" not in seen
    assert seen["ODPS_BEARER_TOKEN"] == "***"


def test_a_script_works_with_the_project_through_the_client(runners: Runners) -> None:
    code = (
        "from odps import ODPS\n"
        "o = ODPS.from_environments()\n"
        "o.execute_sql('create table from_script (n bigint)')\n"
        "o.execute_sql('insert into from_script values (7)')\n"
        "print(o.project)\n"
    )
    task = runners.run("Python", code)
    assert task.status is TaskStatus.SUCCESS, task.result_text
    assert task.result_text.strip() == runners.project
    assert runners.sql("select n from from_script").split() == ['"n"', "7"]


def test_its_token_is_worth_nothing_after_its_end(runners: Runners, tmp_path: Path) -> None:
    kept = tmp_path / "token"
    task = runners.run("Python", f"import os; open({str(kept)!r}, 'w').write(os.environ['ODPS_BEARER_TOKEN'])")
    assert task.status is TaskStatus.SUCCESS
    from taskhouse.services.access import tokens

    with pytest.raises(Fault, match="has ended"):
        tokens.verify(runners.world, kept.read_text())


def test_of_a_long_output_beginning_and_end_are_kept(runners: Runners) -> None:
    task = runners.run("Python", "print('first')\nfor n in range(5000): print('x' * 50)\nprint('last')")
    assert task.result_text.startswith("first\n") and task.result_text.endswith("last\n")
    assert "bytes left out" in task.result_text
    assert len(task.result_text) < 2200
    assert task.summary["output_bytes"] == 5000 * 51 + 11


def test_the_output_can_be_read_while_the_script_runs(runners: Runners, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    instance = runners.start("Shell", f"echo begun; read line < {gate}; echo $line")
    until(lambda: "begun" in runners.get(instance).result_text)
    assert runners.get(instance).status is TaskStatus.RUNNING
    gate.write_text("told\n")
    assert runners.ended(instance).result_text == "begun\ntold\n"


def test_a_stop_lets_a_script_clean_up(runners: Runners, tmp_path: Path) -> None:
    left = tmp_path / "left"
    code = (
        "import signal, sys, threading\n"
        f"def end(*_):\n    open({str(left)!r}, 'w').write('cleaned')\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\nprint('ready')\nwhile True: signal.pause()\n"
    )
    instance = runners.start("Python", code)
    until(lambda: "ready" in runners.get(instance).result_text)
    runners.stop(instance)
    assert runners.ended(instance).status is TaskStatus.CANCELLED
    until(left.exists)
    until(lambda: left.read_text() == "cleaned")


def test_a_stop_ends_one_that_does_not_listen_and_all_that_it_began(runners: Runners, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = (
        "import os, signal, subprocess\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "a = subprocess.Popen(['sleep', '1000'])\n"
        "b = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{a.pid}} {{b.pid}}')\n"
        "print('ready')\na.wait()\nb.wait()\nsignal.pause()\n"
    )
    instance = runners.start("Python", code)
    until(lambda: "ready" in runners.get(instance).result_text)
    runners.stop(instance)
    assert runners.ended(instance).status is TaskStatus.CANCELLED
    until(lambda: not any(is_alive(int(pid)) for pid in pids.read_text().split()))


def test_what_a_script_leaves_in_the_background_ends_with_it(runners: Runners) -> None:
    task = runners.run("Shell", "sleep 1000 & echo $!")
    assert task.status is TaskStatus.SUCCESS
    assert not is_alive(int(task.result_text))


def test_the_working_folder_is_empty_and_goes_away(runners: Runners) -> None:
    task = runners.run("Shell", "pwd; ls; touch more")
    folder, *names = task.result_text.split()
    assert names == ["task.sh"]
    assert Path(folder).parent == work_folder(runners.world)
    assert not Path(folder).exists()


@pytest.mark.parametrize("kind", ["Python", "Shell", "Transfer"])
def test_clients_cannot_submit_them(runners: Runners, kind: str) -> None:
    with pytest.raises(Fault, match="cannot be submitted by itself"):
        submit_instance.submit(runners.world, runners.owner, JobSpec(runners.project, (TaskSpec("a", kind, "x"),)))


def test_a_script_dies_with_its_server(tmp_path: Path) -> None:
    """The server is killed while a script, and a process of a session of its own, run."""
    pids = tmp_path / "pids"
    script = (
        "import os, subprocess\n"
        "child = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
        f"open({str(pids)!r} + '.new', 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        f"os.rename({str(pids)!r} + '.new', {str(pids)!r})\nchild.wait()\n"
    )
    server = (
        "import sys, pathlib\n"
        "from taskhouse.engines.process.processes import SupervisedProcesses\n"
        "from taskhouse.ports.processes import Language, ProcessOrder\n"
        "from taskhouse.services.task_run import Unwatched\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "SupervisedProcesses().run(ProcessOrder(Language.PYTHON, sys.argv[2], folder, {'PATH': '/usr/bin:/bin'}), Unwatched(), print)\n"
    )
    killed = subprocess.Popen([sys.executable, "-c", server, str(tmp_path), script], stdout=subprocess.DEVNULL)
    try:
        until(pids.exists)
        killed.kill()
        killed.wait()
        until(lambda: not any(is_alive(int(p)) for p in pids.read_text().split()))
    finally:
        killed.kill()
        killed.wait()
