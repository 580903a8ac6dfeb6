"""What an operator types and reads: lists, pages and pictures as tables and as JSON, exit codes, questions, errors."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from taskhouse.cli import main
from tests.scenarios.command_line import CommandDoor
from tests.scenarios.listening import PATIENCE_S
from tests.scenarios.stage import ROOT, House, Stage


@pytest.fixture
def door(stage: Stage) -> CommandDoor:
    return CommandDoor(stage.server)


@pytest.fixture
def night(house: House) -> House:
    """03:00; everything succeeded but node P of E, which failed, and X after it, which has not run."""
    return house.at("03:00").set(every="S", P="F", X="N")


def typed(door: CommandDoor, *words: str, input: str = "", **environment: str) -> Result:
    """A command as a person types it."""
    ready = door.server.ready
    reach = {"TASKHOUSE_URL": ready["rest_url"], "TASKHOUSE_TOKEN": ready["token"], **environment}
    return CliRunner().invoke(main, list(words), env=reach, input=input, catch_exceptions=False)


def test_lists_are_filtered_sorted_and_cut(night: House, door: CommandDoor) -> None:
    where = ["--bizdate", night.bizdate]

    def names(*words: str) -> list[str]:
        done = door.type("instances", "list", *where, *words, "--json")
        assert done.code == 0, done.error
        return [item["name"] for item in done.output["items"]]

    assert names("--sort", "name", "--order", "asc") == ["A", "E", "S0", "X", "Y", "Z"]
    assert names("--status", "FAILED") == ["E"]
    assert names("--type", "logical_table", "--sort", "name", "--order", "asc") == ["A", "E"]
    assert names("--kind", "AGGREGATE") == ["E"] and names("--search", "S0") == ["S0"]
    assert names("--owner", "nobody") == [] and names("--paused") == []
    assert sorted(names("E+1")) == ["E", "X", "Z"] and names("E+1,status:not-running") == ["X"]
    assert len(names("--all", "--status", "SUCCEEDED", "--status", "FAILED")) == 5
    cut = door.type("instances", "list", *where, "--limit", "2", "--json").output
    assert len(cut["items"]) == 2 and cut["more"]
    counted = door.type("instances", "count", *where, "--json").output
    assert counted["total"] == 6 and counted["statuses"]["FAILED"] == 1


def test_tables_show_statuses_in_words_and_times_of_the_tenant(night: House, door: CommandDoor) -> None:
    shown = typed(door, "instances", "list", "--bizdate", night.bizdate, "--status", "FAILED").output.splitlines()
    assert shown[0].split()[:4] == ["ID", "INSTANCE", "STATUS", "FIELDS"]
    assert "✖ Failed" in shown[1] and "✔2 ✖1" in shown[1] and f"{night.run_date:%m-%d} 01:00" in shown[1]
    page = typed(door, "instances", "fields", str(night.instances["E"])).output
    assert [line.split()[0] for line in page.splitlines()[-3:]] == ["m1", "m2", "m3"]
    assert "Open operations:" in typed(door, "instances", "show", str(night.instances["E"])).output


LOOKS = [
    "instances show E",
    "instances fields E",
    "instances fields E --status FAILED --search m",
    "instances nodes E",
    "instances offers E --operation rerun",
    "instances dag E --up 2 --down 1 --expand E",
    "instances lineage E m1",
    "instances lineage A t1 --consumption",
    "instances code A --node B --resolved",
    "instances code A --current",
    "instances diagnose X",
    "instances gantt Z",
    "instances logs A --node B",
    "instances logs A --node B --list",
    "instances operations E",
    "tasks list --kind AGGREGATE",
    "tasks show shop.A --code",
    "tasks versions shop.A",
    "tasks dag shop.A",
]


@pytest.mark.parametrize("command", LOOKS)
def test_every_look_has_a_table_and_a_document(night: House, door: CommandDoor, command: str) -> None:
    words = [str(night.instances.get(word, word)) for word in command.split()]
    people = typed(door, *words)
    assert people.exit_code == 0 and people.stdout.strip() and not people.stderr
    document = door.type(*words, "--json")
    assert document.code == 0 and isinstance(document.output, dict)


def test_downloads_have_the_servers_names(night: House, door: CommandDoor, tmp_path: Path) -> None:
    saved = door.type("instances", "download", "--bizdate", night.bizdate, "--output", str(tmp_path), "--json").output
    assert Path(saved["file"]).name.startswith("Dataphin_recurring_instance_")
    assert Path(saved["file"]).read_bytes()[:2] == b"PK" and saved["bytes"] == Path(saved["file"]).stat().st_size
    around = typed(door, "instances", "neighbours", str(night.instances["A"]), "--output", str(tmp_path / "a.xlsx"))
    assert around.output == f"{tmp_path / 'a.xlsx'}\n" and (tmp_path / "a.xlsx").read_bytes()[:2] == b"PK"


def test_a_question_is_asked_and_no_changes_nothing(night: House, door: CommandDoor) -> None:
    words = ["rerun", str(night.instances["A"]), "--fields", "t1"]
    for answer in ("n\n", ""):
        declined = typed(door, *words, input=answer)
        assert declined.exit_code == 5 and "change 2 nodes, 2 of them run again?" in declined.stdout
        assert "nothing was changed" in declined.stderr
    assert night.show("B C") == "B:S C:S"
    agreed = typed(door, *words, input="y\n")
    assert (
        agreed.exit_code == 0 and "shares node B with t1" in agreed.stdout and "Accepted as operation" in agreed.stdout
    )
    assert night.show("B C D") == "B:R C:R D:S"


def test_forcing_warns_before_it_asks(night: House, door: CommandDoor) -> None:
    shown = typed(door, "force-rerun", str(night.instances["E"]), "--fields", "m1", input="n\n")
    assert "may fail, or compute wrong data" in shown.stdout
    assert "runs without asking for upstream and time" in shown.stdout


def test_a_preview_only_changes_nothing(night: House, door: CommandDoor) -> None:
    done = door.type("set-success", str(night.instances["E"]), "--preview-only", "--json")
    assert done.code == 0 and done.output["accepted"] and done.output["digest"]
    assert night.status("P") == "FAILED"


def test_a_batch_that_is_done_in_part_says_so(night: House, door: CommandDoor) -> None:
    ids = [str(night.instances[name]) for name in ("A", "E", "X")]
    done = door.type("rerun", *ids, "--failed", "--yes", "--json")
    assert done.code == 6
    assert {each["name"]: each["outcome"] for each in done.output["applied"]["outcomes"]} == {
        "A": "SKIPPED",
        "E": "ACCEPTED",
        "X": "SKIPPED",
    }
    shown = typed(door, "rerun", *ids, "--failed", "--preview-only").stdout
    assert "SKIPPED" in shown and "STATUS_NOT_ALLOWED" in shown


def test_the_same_key_is_carried_out_once(night: House, door: CommandDoor) -> None:
    words = ["rerun", str(night.instances["A"]), "--fields", "t4", "--json"]
    digest = door.type(*words, "--preview-only").output["digest"]
    first = door.type(*words, "--digest", digest, "--key", "once")
    again = door.type(*words, "--digest", digest, "--key", "once")
    assert first.code == again.code == 0 and first.output["applied"] == again.output["applied"]
    assert night.attempts("D") == {"D": 2}


def test_an_entry_of_the_log_tells_what_became_of_each_node(night: House, door: CommandDoor) -> None:
    done = door.type("rerun", str(night.instances["E"]), "--fields", "m1", "--yes", "--json")
    entry = str(done.output["applied"]["operation"]["id"])
    document = door.type("operation", entry, "--json").output
    assert document["node_before"] == {str(night.nodes["P"]): "FAILED"}
    shown = typed(door, "operation", entry).output
    assert "RERUN on instance" in shown and "✖ Failed" in shown and "○ Not Running" in shown
    before = door.type("instances", "operations", str(night.instances["E"]), "--before", entry, "--json").output
    assert before["items"] == []


def test_who_i_am_and_what_i_may(stage: Stage, door: CommandDoor) -> None:
    assert "admin, super administrator; times are of Asia/Shanghai" in typed(door, "whoami").output
    document = door.type("whoami", "--json").output
    assert document["me"]["super_admin"] and [project["name"] for project in document["projects"]] == ["shop"]


def test_refusals_name_what_they_are_about(night: House, door: CommandDoor) -> None:
    refused = typed(door, "stop", str(night.instances["A"]), "--yes")
    assert refused.exit_code == 3 and refused.stderr.startswith("taskhouse: STATUS_NOT_ALLOWED: 'A'")
    document = door.type("stop", str(night.instances["A"]), "--yes", "--json")
    assert document.code == 3 and set(document.error) == {"code", "message", "items"}
    missing = door.type("instances", "show", "987654321", "--json")
    assert (missing.code, missing.error["code"]) == (4, "NOT_FOUND")
    field = door.type("rerun", str(night.instances["A"]), "--fields", "id", "--yes", "--json")
    assert (field.code, field.error["code"], field.error["items"][0]["reason"]) == (
        4,
        "UNKNOWN_FIELD",
        "key: choose entire table",
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rerun", "1", "--json"], "--json asks nothing"),
        (["rerun", "1", "--preview-only", "--yes"], "changes nothing"),
        (["rerun", "1", "2", "--fields", "t1", "--yes"], "belongs to one instance"),
        (["set-success", "1", "--fields", "t1", "--scope", "failed"], "leave out --scope"),
        (["rerun-downstream", "1", "--member", "x"], "is not ID or ID:F1,F2"),
        (["remove-upstream", "1", "--upstream", "x"], "neither an id nor root"),
        (["set-priority", "1", "--to", "urgent"], "'urgent' is not one of"),
        (["watch", "--until-done"], "needs targets"),
        (["stop", "1", "--bizdate", "20260301"], "belongs to a selection"),
        (["rehearsal", "clock", "noon"], "is not a time"),
    ],
)
def test_a_command_line_that_is_wrong_is_told_why(door: CommandDoor, words: list[str], message: str) -> None:
    done = typed(door, *words)
    assert done.exit_code == 2 and message in done.stderr


def test_what_the_server_does_not_understand_is_told_why(door: CommandDoor) -> None:
    for words, code, message in (
        (["instances", "list", "--status", "HAPPY"], 1, "HAPPY"),
        (["instances", "list", "colour:red"], 1, "colour"),
        (["rehearsal", "finish", "A/Q"], 4, "there is no node 'A/Q'"),
        (["instances", "logs", "1"], 1, "choose with --node"),
    ):
        done = door.type(*words, "--json")
        assert done.code == code and message in done.error["message"], done


def test_changes_are_followed_as_they_happen(night: House, door: CommandDoor) -> None:
    instance = str(night.instances["E"])
    ready = door.server.ready
    reach = {**os.environ, "TASKHOUSE_URL": ready["rest_url"], "TASKHOUSE_TOKEN": ready["token"]}
    command = [sys.executable, "-m", "taskhouse", "watch", instance, "--json"]
    with subprocess.Popen(command, env=reach, stdout=subprocess.PIPE, text=True) as watching:
        patience = threading.Timer(PATIENCE_S, watching.kill)  # then it says no more
        patience.start()

        def said(awaited: str) -> Mapping[str, Any]:
            assert watching.stdout is not None
            line = watching.stdout.readline()
            assert line, f"the command ended, or was ended after {PATIENCE_S:g} s, before it told of {awaited}"
            found: Mapping[str, Any] = json.loads(line)
            return found

        try:
            assert said("its beginning")["name"] == "hello"
            assert door.type("rerun", instance, "--fields", "m1", "--yes", "--json").code == 0
            night.finish("P")
            labels: list[str] = []
            while "Succeeded" not in labels:
                nodes = said(f"the end of E/P, which was {labels}")["nodes"]
                labels += [node["label"] for node in nodes if node["name"] == "E/P"]
        finally:
            watching.terminate()
            watching.wait(30)
            patience.cancel()


def test_watching_ends_when_all_is_done_and_says_how(night: House, door: CommandDoor) -> None:
    assert typed(door, "watch", str(night.instances["A"]), "--until-done").exit_code == 0
    assert typed(door, "watch", str(night.instances["E"]), "--until-done").exit_code == 1


def test_a_rehearsal_is_directed_by_names(house: House, door: CommandDoor) -> None:
    where = ["--bizdate", house.bizdate]
    clock = door.type("rehearsal", "clock", f"{house.run_date}T00:10", "--json").output
    assert clock["local"].startswith(f"{house.run_date}T00:10:00") and clock["time_zone"] == "Asia/Shanghai"
    ended = door.type("rehearsal", "finish", "S0", *where, "--json").output["items"]
    assert [each["label"] for each in ended] == ["Succeeded"]
    door.type("rehearsal", "clock", f"{house.run_date}T00:30:00+08:00", "--json")
    failed = door.type("rehearsal", "finish", "A/B", "A/C", "--reason", "TIMEOUT", *where, "--json").output["items"]
    assert [each["reason"] for each in failed] == ["TIMEOUT", "TIMEOUT"]
    put = door.type("rehearsal", "set-status", "A/D", "--to", "success", *where, "--json").output["items"]
    assert put[0]["status"] == "SUCCESS" and house.show("B C D") == "B:F C:F D:S"
    assert door.type("rehearsal", "generate", f"{house.run_date}", "--json").output["added"] == 0


def test_the_home_tells_where_its_server_is(stage: Stage, tmp_path: Path) -> None:
    """In processes of their own, as a shell starts them."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TASKHOUSE_")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "taskhouse", *words]
        return subprocess.run(command, env=plain, capture_output=True, text=True, check=False, timeout=60)

    found = run("tasks", "list", "--home", str(stage.server.home), "--json")
    assert found.returncode == 0 and len(json.loads(found.stdout)["items"]) == 6
    nowhere = run("tasks", "list", "--home", str(tmp_path), "--json")
    assert nowhere.returncode == 1 and json.loads(nowhere.stderr)["error"]["code"] == "UNREACHABLE"
    stranger = run("tasks", "list", "--url", stage.server.ready["rest_url"], "--token", "tht_wrong")
    assert stranger.returncode == 1 and stranger.stderr.startswith("taskhouse: UNAUTHORIZED")
    halfway = run("tasks", "list", "--url", stage.server.ready["rest_url"], "--home", str(tmp_path))
    assert halfway.returncode == 2 and "needs a --token" in halfway.stderr


def test_the_python_of_the_page_about_operations_runs(night: House, door: CommandDoor) -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    ready = door.server.ready
    assert '"20260301"' in code
    exec(code.replace("20260301", night.bizdate), {"url": ready["rest_url"], "token": ready["token"]})
    assert night.show("P Q V") == "P:R Q:S V:S"


@pytest.mark.parametrize(
    "words",
    [[], ["instances"], ["tasks"], ["rehearsal"], ["rerun"], ["watch"], ["instances", "list"], ["rehearsal", "finish"]],
    ids=" ".join,
)
def test_help_explains(words: list[str]) -> None:
    done = CliRunner().invoke(main, [*words, "--help"])
    assert done.exit_code == 0 and "Usage:" in done.output
