"""The command line as a door of scenarios: what an operator types, and what the command prints and leaves with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner

from taskhouse.cli import main
from tests.scenarios.stage import Answer, Server

COMMANDS = {
    "RERUN": ["rerun"],
    "RERUN_ALL_FAILED": ["rerun", "--failed"],
    "RERUN_ALL_FINAL": ["rerun", "--final"],
    "RERUN_DOWNSTREAM": ["rerun-downstream"],
    "FORCE_RERUN_CURRENT": ["force-rerun"],
    "FORCE_RERUN_ALL": ["force-rerun", "--with-not-run"],
    "FORCE_RERUN_DOWNSTREAM": ["force-rerun-downstream"],
    "STOP": ["stop"],
    "SET_SUCCESS": ["set-success"],
    "PAUSE": ["pause"],
    "RESUME": ["resume"],
    "REMOVE_UPSTREAM": ["remove-upstream"],
    "MODIFY_PRIORITY": ["set-priority"],
}
WORDS = {
    "ALL_FAILED_INSTANCE": "failed",
    "ALL_FINAL_INSTANCE": "final",
    "ALL_INSTANCE": "all",
    "CUSTOM": "custom",
    "FAILED_FIELDS": "failed",
    "NOT_RUN_FIELDS": "not-run",
    "FAILED_AND_NOT_RUN_FIELDS": "failed-and-not-run",
    "MIDDLE": "medium",
}
DONE, REFUSED, PARTLY = 0, 3, 6


@dataclass(frozen=True)
class Typed:
    """What a command left: its exit code, and the JSON documents on standard output and standard error."""

    code: int
    output: Any
    error: Any


@dataclass(frozen=True)
class CommandDoor:
    """See `stage.Door`. Commands run in this process, against the real server."""

    server: Server
    token: str = ""

    def preview(self, request: Mapping[str, Any]) -> Answer:
        done = self.type(*arguments(request), "--preview-only", "--json")
        if done.output is None:
            return _refused(done)
        assert done.code == (DONE if done.output["accepted"] else REFUSED) or done.error is not None
        return Answer(done.output)

    def apply(self, request: Mapping[str, Any], key: str = "") -> Answer:
        digest = request.get("digest", "")
        how = ["--digest", digest] if digest else ["--yes"]
        done = self.type(*arguments(request), *how, *(["--key", key] if key else []), "--json")
        if done.error is not None:
            return _refused(done)
        assert done.code == (PARTLY if done.output["applied"]["skipped"] else DONE)
        return Answer(done.output["applied"])

    def fields(self, instance: int) -> Mapping[str, str]:
        done = self.type("instances", "fields", str(instance), "--json")
        assert done.code == DONE, done.error
        return {item["name"]: item["status"] or "" for item in done.output["items"]}

    def operations(self, instance: int) -> list[Mapping[str, Any]]:
        done = self.type("instances", "operations", str(instance), "--json")
        assert done.code == DONE, done.error
        return list(done.output["items"])

    def type(self, *words: str) -> Typed:
        """Run `taskhouse <words>` with this server's address and token in the environment."""
        ready = self.server.ready
        environment = {"TASKHOUSE_URL": ready["rest_url"], "TASKHOUSE_TOKEN": self.token or ready["token"]}
        done = CliRunner().invoke(main, list(words), env=environment, catch_exceptions=False)
        error = json.loads(done.stderr)["error"] if done.stderr else None
        return Typed(done.exit_code, json.loads(done.stdout) if done.stdout else None, error)


def arguments(request: Mapping[str, Any]) -> list[str]:
    """The command of a request of the REST API."""
    operation, options = request["operation"], request["options"]
    words = [*COMMANDS[operation], *(str(target["instance"]) for target in request["targets"])]
    fields = request["targets"][0].get("fields")
    if fields is not None:
        words += ["--fields", ",".join(fields)]
    for name, value in options.items():
        words += _option(operation, name, value)
    return words


def _option(operation: str, name: str, value: Any) -> Sequence[str]:
    match name:
        case "code":
            return ["--code", value.lower().replace("_", "-")]
        case "start_mode":
            return ["--dry-run"] if value == "DRY_RUN" else []
        case "scope" if operation == "SET_SUCCESS" and value == "CUSTOM":
            return []
        case "scope":
            return ["--scope", WORDS[value]]
        case "members":
            return [word for member in value for word in ("--member", _member(member))]
        case "include_start":
            return [] if value else ["--without-start"]
        case "exclude_forbidden":
            return ["--exclude-forbidden"] if value else []
        case "upstream":
            return [word for id in value for word in ("--upstream", str(id or "root"))]
        case "priority":
            return ["--to", WORDS.get(value, value).lower()]
    raise AssertionError(f"no command line for option {name}")


def _member(member: Mapping[str, Any]) -> str:
    fields = member.get("fields")
    return f"{member['instance']}:{','.join(fields)}" if fields else str(member["instance"])


def _refused(done: Typed) -> Answer:
    error = done.error
    return Answer(error, error["code"], error["message"], tuple(error["items"]), status=0)
