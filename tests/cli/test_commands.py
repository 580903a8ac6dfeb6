"""The command line: a server as a process, and a home managed while it runs."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from taskhouse.cli import main


def run(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == status, done.output
    return done.output


def test_users_keys_and_projects(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path / "home")]
    assert run("user", "create", "root", "--admin", *home) == "ALIYUN$root\n"
    run("user", "add", "RAM$acct:bob", "--comment", "a robot", *home)
    listed = run("user", "list", *home)
    assert "ALIYUN$root" in listed and "administrator" in listed and "a robot" in listed
    assert "already" in run("user", "create", "root", *home, status=1)
    made = run("key", "create", "root", *home)
    access_id = made.split()[2]
    secret = made.split()[4]
    keys = run("key", "list", *home)
    assert access_id in keys and secret not in keys
    run("key", "disable", access_id, *home)
    assert "disabled" in run("key", "list", "root", *home)
    run("key", "revoke", access_id, *home)
    assert access_id not in run("key", "list", *home)
    assert "token" in run("key", "create", "root", "--hours", "1", *home)
    run("project", "create", "p1", "--schemas", *home)
    listed = run("project", "list", *home)
    assert "p1" in listed and "schemas" in listed and "ALIYUN$root" in listed
    (entry,) = json.loads(run("project", "list", "--json", *home))
    assert (entry["name"], entry["owner"], entry["tiers"]) == ("p1", "ALIYUN$root", "schemas")
    assert set(json.loads(run("key", "create", "root", "--json", *home))) == {"access_id", "secret"}
    run("project", "remove", "p1", "--yes", *home)
    assert "p1" not in run("project", "list", *home)
    assert "there is no user" in run("project", "create", "p2", "--owner", "nobody", *home, status=1)
    run("user", "remove", "RAM$acct:bob", *home)


def test_passwords_of_users(tmp_path: Path) -> None:
    from taskhouse.cli.options import administration
    from taskhouse.services.access import passwords

    home = ["--home", str(tmp_path / "home")]
    run("user", "create", "alice", *home)

    def fits(password: str) -> bool:
        with administration(tmp_path / "home") as world:
            return passwords.fits(world, "ALIYUN$alice", password)

    assert "has no password" in run("user", "password", "alice", "--remove", *home, status=1)
    made = run("user", "password", "alice", "--generate", *home).strip()
    assert fits(made)
    typed = CliRunner().invoke(main, ["user", "password", "alice", *home], input="kept in mind\nkept in mind\n")
    assert typed.exit_code == 0 and "kept in mind" not in typed.output and fits("kept in mind") and not fits(made)
    given = CliRunner().invoke(main, ["user", "password", "alice", "--stdin", *home], input="from a program\n")
    assert given.exit_code == 0 and fits("from a program")
    short = CliRunner().invoke(main, ["user", "password", "alice", "--stdin", *home], input="short\n")
    assert short.exit_code == 1 and "10 to 200 characters" in short.output and fits("from a program")
    assert "exclude" in run("user", "password", "alice", "--stdin", "--generate", *home, status=2)
    assert "not found" in run("user", "password", "nobody", "--generate", *home, status=1)
    run("user", "password", "alice", "--remove", *home)
    assert not fits("from a program")


@pytest.mark.parametrize("words", [[], ["serve"], ["user"], ["key"], ["project"], ["demo"], ["key", "create"]])
def test_help_explains(words: list[str]) -> None:
    shown = run(*words, "--help")
    assert "Usage:" in shown and "--help" in shown


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[dict[str, object], Path, subprocess.Popen[str]]]:
    """A server on a new home: what its ready file said, the home, the process."""
    home, ready = tmp_path / "home", tmp_path / "ready.json"
    process = start(home, ready)
    yield await_ready(process, ready), home, process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    process.wait(60)
    assert process.stdout is not None
    process.stdout.close()


def start(home: Path, ready: Path) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "taskhouse",
        "serve",
        "--home",
        str(home),
        "--port",
        "0",
        "--ready-file",
        str(ready),
    ]
    environment = {**os.environ, "TASKHOUSE_LOG_LEVEL": "warning", "TASKHOUSE_GRACE_S": "0"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def await_ready(process: subprocess.Popen[str], ready: Path) -> dict[str, object]:
    """The server prints its connection and then writes the file; reading its output waits for it."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if line.startswith("print(o.execute_sql"):
            break
    while not ready.exists():
        assert process.poll() is None, seen
        os.sched_yield()
    assert stat.S_IMODE(ready.stat().st_mode) == 0o600
    return json.loads(ready.read_text())


def test_serve(served: tuple[dict[str, object], Path, subprocess.Popen[str]]) -> None:
    from odps import ODPS

    ready, home, process = served
    assert set(ready) == {
        "endpoint",
        "project",
        "access_id",
        "secret",
        "console_url",
        "rest_url",
        "token",
        "user",
        "password",
        "pid",
    }
    assert ready["pid"] == process.pid
    o = ODPS(ready["access_id"], ready["secret"], ready["project"], endpoint=ready["endpoint"], overwrite_global=False)
    assert o.execute_sql("select 1 as one").open_reader(tunnel=False).raw == '"one"\n1\n'
    made = run("key", "create", "admin", "--home", str(home)).split()
    other = ODPS(made[2], made[4], ready["project"], endpoint=ready["endpoint"], overwrite_global=False)
    assert other.execute_sql("select 2 as two").is_successful()
    token = run("token", "create", "--user", "admin", "--home", str(home)).strip()
    for bearer in (token, ready["token"]):
        mine = httpx.get(f"{ready['rest_url']}/me", headers={"authorization": f"Bearer {bearer}"})
        assert mine.json() | {"time_zone": ""} == {"user": "admin", "super_admin": True, "roles": {}, "time_zone": ""}
    with httpx.Client(base_url=str(ready["console_url"])) as browser:
        assert browser.get("/").headers["location"] == "/console/"
        assert "content-security-policy" in browser.get("/console/instances").headers
        signed_in = browser.post("/api/v1/session", json={"user": ready["user"], "password": ready["password"]})
        assert signed_in.status_code == 201 and browser.get("/api/v1/me").json()["user"] == "admin"
        run("user", "password", "admin", "--generate", "--home", str(home))
        assert browser.get("/api/v1/me").status_code == 401
    (listed,) = json.loads(run("token", "list", "--json", "--home", str(home)))
    assert listed["user"] == "ALIYUN$admin" and token not in str(listed)
    run("token", "revoke", listed["id"], "--home", str(home))
    again = CliRunner().invoke(main, ["serve", "--home", str(home), "--port", "0"])
    assert again.exit_code == 1 and f"in use by process {process.pid} ({ready['endpoint']})" in again.output
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert not (home.parent / "ready.json").exists()


def test_a_folder_that_is_no_home_is_refused_and_left_alone(tmp_path: Path) -> None:
    missing = tmp_path / "misspelt"
    for command in (["user", "list"], ["key", "create", "admin"], ["project", "list"]):
        assert "is not a home" in run(*command, "--home", str(missing), status=1)
    assert not missing.exists()
    (tmp_path / "meta.db").write_bytes(b"no database " * 1000)
    assert "file is not a database" in run("user", "list", "--home", str(tmp_path), status=1)


def test_a_server_that_cannot_start_says_why_and_keeps_its_secret(tmp_path: Path) -> None:
    home, ready = str(tmp_path / "home"), tmp_path / "ready.json"
    ready.write_text("left by a server that was killed")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        shown = run("serve", "--home", home, "--port", port, "--ready-file", str(ready), status=1)
        assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in shown and len(shown.splitlines()) == 1
    assert list(tmp_path.glob("*ready*")) == []
    assert run("key", "list", "--home", home).count("\n") == 1, "a key was made that nobody was shown"
    nowhere = str(tmp_path / "no" / "ready.json")
    shown = run("serve", "--home", home, "--port", "0", "--ready-file", nowhere, status=1)
    assert shown == f"taskhouse: {nowhere}: cannot write the ready file: No such file or directory\n"
    shown = run("serve", "--home", home, "--port", "0", "--project", "bad name", status=1)
    assert shown.startswith("taskhouse: 'bad name' is not a project name")


def test_a_demo_for_a_server_that_is_gone_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}/api"
    shown = run("demo", "--endpoint", endpoint, "--access-id", "a", "--secret", "b", status=1)
    assert f"no server answers at {endpoint}" in shown


def test_a_bad_setting_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("prot = 1")
    shown = run("serve", "--home", str(tmp_path / "h"), "--config", str(tmp_path / "c.toml"), status=1)
    assert shown.strip().endswith("there is no setting 'prot'") and len(shown.splitlines()) == 1
