"""A rehearsal server as its users meet it: a process, its home, and doors through which operators ask.

A *door* is a way in for an operator: the REST API, or the command line. Scenarios speak to a `Door` alone, so that each can be played through any
of them. The *stage* is what both have in common: the clock, how attempts end, and a run date of its own for every scenario, so that
one server plays many of them one after the other.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import httpx

ROOT = Path(__file__).resolve().parents[2]
ZONE = ZoneInfo("Asia/Shanghai")
FIRST_RUN_DATE = date(2026, 3, 2)
FIXTURE = ROOT / "examples" / "om-fixture" / "shop.yaml"
START_S = 60.0
NODES = "S0 B C D P Q V X Y Z".split()
OF_TABLE = {"A": "B C D".split(), "E": "P Q V".split()}


@dataclass(frozen=True)
class Answer:
    """What a door gives for a question. `code` is empty when it was carried out; `items` are what an error is about."""

    body: Mapping[str, Any]
    code: str = ""
    message: str = ""
    items: tuple[Mapping[str, Any], ...] = ()
    status: int = 200

    @property
    def ok(self) -> bool:
        return not self.code

    def item_names(self) -> list[str]:
        return [str(item["name"]) for item in self.items]


class Door(Protocol):
    """`request` is `{operation, targets: [{instance, fields?}], options?, digest?, ...}` as docs/rest-api.md has it. What `preview` and `apply` give
    in `body` are the documents of the REST API."""

    def preview(self, request: Mapping[str, Any]) -> Answer: ...

    def apply(self, request: Mapping[str, Any], key: str = "") -> Answer:
        """`key`: the client's id of the request."""
        ...

    def fields(self, instance: int) -> Mapping[str, str]:
        """Field -> normalized status (SUCCEEDED, FAILED, RUNNING, WAITING, NOT_RUNNING), in the order of the field page; empty for keys."""
        ...

    def operations(self, instance: int) -> list[Mapping[str, Any]]:
        """The operation log of an instance, the latest first."""
        ...


class RestDoor:
    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def preview(self, request: Mapping[str, Any]) -> Answer:
        return self.post("/operations/preview", request)

    def apply(self, request: Mapping[str, Any], key: str = "") -> Answer:
        return self.post("/operations/apply", request, {"idempotency-key": key} if key else {})

    def fields(self, instance: int) -> Mapping[str, str]:
        return {item["name"]: item["status"] or "" for item in self.get(f"/instances/{instance}/fields").body["items"]}

    def operations(self, instance: int) -> list[Mapping[str, Any]]:
        return list(self.get(f"/instances/{instance}/operations").body["items"])

    def get(self, path: str, **query: Any) -> Answer:
        return _answer(self.client.get(path, params=query or None))

    def post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
        return _answer(self.client.post(path, json=body, headers=headers))

    def put(self, path: str, body: Mapping[str, Any]) -> Answer:
        return _answer(self.client.put(path, json=body))


def _answer(response: httpx.Response) -> Answer:
    body = response.json()
    if response.status_code < 400:
        return Answer(body, status=response.status_code)
    assert set(body) == {"code", "message", "items"}, body
    return Answer(body, body["code"], body["message"], tuple(body["items"]), response.status_code)


@dataclass
class Server:
    """A process of `taskhouse serve --rehearsal` on `home`. `kill` is SIGKILL, `start` serves the same home again. `settings`: variables
    of its environment."""

    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    ready: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> Server:
        file = self.home.parent / "ready.json"
        file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "taskhouse", "serve", "--rehearsal", "--home", str(self.home), "--port", "0"]
        log = open(self.home.parent / "server.log", "ab")  # noqa: SIM115
        environment = {**os.environ, "TASKHOUSE_LOG_FORMAT": "json", "TASKHOUSE_GRACE_S": "0", **self.settings}
        self.process = subprocess.Popen(
            [*command, "--ready-file", str(file)], stdout=log, stderr=subprocess.STDOUT, env=environment
        )
        log.close()
        deadline = time.monotonic() + START_S
        while not file.exists():
            assert self.process.poll() is None, (self.home.parent / "server.log").read_text()[-3000:]
            assert time.monotonic() < deadline, "the server is not ready"
            time.sleep(0.02)
        self.ready = json.loads(file.read_text())
        return self

    def client(self, token: str = "") -> httpx.Client:
        headers = {"authorization": f"Bearer {token or self.ready['token']}"}
        return httpx.Client(base_url=self.ready["rest_url"], headers=headers, timeout=60)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def token(self, user: str) -> str:
        """A token of a user of the workspace, who becomes one of the server."""
        from taskhouse.services.access import api_tokens
        from taskhouse.wiring.administration import administration

        with administration(self.home) as world:
            name = f"ALIYUN${user}"
            world.access.ensure_user(name, datetime.now(UTC))
            return api_tokens.issue(world, name)[1]


class Stage:
    """A server with workspaces published, and its clock. `door` is the administrator's; `doors` gives one to other users."""

    def __init__(self, server: Server, files: Mapping[str, str], environments: Iterable[str] = ("PROD",)) -> None:
        self.server = server
        self.rest = RestDoor(server.client())
        self._run_date = FIRST_RUN_DATE
        self._doors: dict[str, RestDoor] = {}
        self.set_clock(self.instant("18:00", -1))
        for environment in environments:
            self.publish(files, environment)

    def close(self) -> None:
        for door in (self.rest, *self._doors.values()):
            door.client.close()
        self._doors.clear()

    def reconnect(self) -> None:
        """To a server that was started again."""
        self.close()
        self.rest = RestDoor(self.server.client())

    def publish(self, files: Mapping[str, str], environment: str = "PROD") -> Answer:
        plan = self.rest.post("/workspace/plan", {"files": files, "environment": environment})
        assert plan.ok and plan.body["valid"], plan.body
        body = {"files": files, "environment": environment, "digest": plan.body["digest"]}
        answer = self.rest.post("/workspace/apply", body)
        assert answer.ok, answer
        return answer

    def rest_of(self, user: str) -> RestDoor:
        """The REST door of a user of the workspace."""
        if user not in self._doors:
            self._doors[user] = RestDoor(self.server.client(self.server.token(user)))
        return self._doors[user]

    def next_run_date(self) -> date:
        """The clock goes to 23:00 of the day before a run date that no scenario has used."""
        day = self._run_date
        self._run_date += timedelta(days=2)
        self.set_clock(self.instant("23:00", -1, day))
        self._clear_slots(day)
        return day

    def _clear_slots(self, day: date) -> None:
        """What runs or waits on earlier dates, which nobody looks at, gives its slot back."""
        for environment in ("PROD", "DEV"):
            query = {"environment": environment, "status": "RUNNING,WAITING", "limit": 1000}
            last = f"{day - timedelta(days=2):%Y%m%d}"
            for item in self.rest.get("/instances", bizdate_from="20200101", bizdate_to=last, **query).body["items"]:
                for node in self.rest.get(f"/instances/{item['id']}/nodes").body["items"]:
                    if node["status"] not in ("INIT", "SUCCESS", "FAILED"):
                        self.rest.put(f"/rehearsal/node-instances/{node['id']}/status", {"status": "FAILED"})

    def instant(self, text: str, days: int = 0, day: date | None = None) -> datetime:
        """A wall-clock time of the tenant on a run date, or days around it."""
        on = (day or self._run_date) + timedelta(days=days)
        return datetime.combine(on, datetime.strptime(text, "%H:%M").time(), ZONE)

    def set_clock(self, now: datetime) -> None:
        answer = self.rest.put("/rehearsal/clock", {"now": now.isoformat()})
        assert answer.ok, answer


@dataclass
class House:
    """One run date of a project with the fixture's names. `door` is the one through which its operator asks."""

    stage: Stage
    door: Door
    run_date: date
    project: str = "shop"
    environment: str = "PROD"
    instances: dict[str, int] = field(default_factory=dict)
    nodes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.read()

    @property
    def bizdate(self) -> str:
        return f"{self.run_date - timedelta(days=1):%Y%m%d}"

    def read(self) -> House:
        """The ids of what was generated."""
        query = {"bizdate": self.bizdate, "project": self.project, "environment": self.environment, "limit": 500}
        found = self.stage.rest.get("/instances", **query)
        assert found.ok and found.body["items"], found
        for item in found.body["items"]:
            self.instances[item["name"]] = item["id"]
            for node in self.stage.rest.get(f"/instances/{item['id']}/nodes").body["items"]:
                self.nodes[node["name"]] = node["id"]
        return self

    # Directing

    def at(self, text: str, days: int = 0) -> House:
        """The clock reaches a wall-clock time of the run date."""
        self.stage.set_clock(self.stage.instant(text, days, self.run_date))
        return self

    def set(self, *, paused: Iterable[str] = (), **statuses: str) -> House:
        """Nodes are put in statuses: `B="SUCCESS"`, or by letter `B="S"`; `every="S"` for all."""
        letters = {"N": "INIT", "W": "WAIT_SCHEDULE", "R": "RUNNING", "S": "SUCCESS", "F": "FAILED"}
        for name, word in statuses.items():
            for node in self.nodes if name == "every" else (name,):
                body = {"status": letters.get(word, word), "paused": node in set(paused)}
                answer = self.stage.rest.put(f"/rehearsal/node-instances/{self.nodes[node]}/status", body)
                assert answer.ok, answer
        return self

    def finish(self, *names: str, outcome: str = "success", **more: str) -> House:
        for name in names:
            path = f"/rehearsal/node-instances/{self.nodes[name]}/finish"
            answer = self.stage.rest.post(path, {"outcome": outcome, **more})
            assert answer.ok, (name, answer)
        return self

    def fail(self, *names: str, **more: str) -> House:
        return self.finish(*names, outcome="failed", **more)

    # Looking

    def state(self, name: str) -> Mapping[str, Any]:
        return self.stage.rest.get(f"/node-instances/{self.nodes[name]}").body

    def status(self, name: str) -> str:
        """As `RUNNING`, with `+paused` behind it."""
        state = self.state(name)
        return state["status"] + ("+paused" if state["paused"] else "")

    def show(self, names: str = "") -> str:
        """`B:S C:R D:N`: letters of classes, all nodes of the fixture without names."""
        letters = {"INIT": "N", "RUNNING": "R", "SUCCESS": "S", "FAILED": "F"}
        shown = names.split() or [name for name in NODES if name in self.nodes]
        return " ".join(f"{name}:{letters.get(self.state(name)['status'], 'W')}" for name in shown)

    def attempts(self, names: str = "") -> dict[str, int]:
        return {name: self.state(name)["attempt"] for name in names.split() or NODES}

    def runs(self, name: str) -> list[Mapping[str, Any]]:
        """The run log of a node, the latest first."""
        return list(self.stage.rest.get(f"/node-instances/{self.nodes[name]}/runs").body["items"])

    def fields(self, instance: str) -> dict[str, str]:
        """Letters by field, `-` for a key."""
        letters = {"SUCCEEDED": "S", "FAILED": "F", "RUNNING": "R", "WAITING": "W", "NOT_RUNNING": "N", "": "-"}
        found = self.door.fields(self.instances[instance])
        return {name: letters[status] for name, status in found.items()}

    def line(self, instance: str) -> Mapping[str, Any]:
        """What the list shows of an instance."""
        query = {"bizdate": self.bizdate, "project": self.project, "environment": self.environment, "limit": 500}
        items = self.stage.rest.get("/instances", **query).body["items"]
        return next(item for item in items if item["name"] == instance)

    # Asking

    def request(
        self,
        operation: str,
        *instances: str,
        fields: Iterable[str] | None = None,
        options: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        target: dict[str, Any] = {} if fields is None else {"fields": list(fields)}
        targets = [{"instance": self.instances[name], **target} for name in instances]
        return {"operation": operation, "targets": targets, "options": dict(options or {}), **more}

    def preview(self, operation: str, *instances: str, **given: Any) -> Mapping[str, Any]:
        """The preview's plan; of a batch the preview itself."""
        answer = self.door.preview(self.request(operation, *instances, **given))
        assert answer.ok, answer
        return answer.body["plan"] or answer.body

    def do(self, operation: str, *instances: str, door: Door | None = None, **given: Any) -> Answer:
        """Preview and apply, as a person does who says yes."""
        through = door or self.door
        request = self.request(operation, *instances, **given)
        shown = through.preview(request)
        if not shown.ok:
            return shown
        return through.apply({**request, "digest": shown.body["digest"]})


def patched(project: str, *changes: tuple[str, str]) -> str:
    """The fixture once more as another project of the tenant, its metrics called `<project>_m1` and so on, with changes."""
    text = FIXTURE.read_text(encoding="utf-8")
    head, tail = text.index("tenant:"), text.index("projects:")
    text = (text[:head] + text[tail:]).replace("shop", project).replace("_count", f"_count_{project}")
    text = re.sub(r"\bm([123])\b", rf"{project}_m\1", text)
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return text
