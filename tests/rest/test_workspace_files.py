"""The workspace's files over HTTP: who sees and changes what, conflicts, and that files and publication go together."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from taskhouse.cli.demo_workspace import keep
from taskhouse.config import Config, ConfigError, load
from taskhouse.domain.roles import Actor, ProjectRole
from taskhouse.domain.workspace_paths import MAX_FILE_BYTES
from taskhouse.protocols.mounting import Mounted
from taskhouse.protocols.odps.server import Server
from taskhouse.protocols.rest.api import all_routes
from taskhouse.protocols.rest.app import RestApp
from taskhouse.protocols.rest.routing import BASE_PATH
from taskhouse.services.definitions import edit_workspace
from taskhouse.services.definitions.plan_workspace import validate
from taskhouse.services.world import World
from taskhouse.store.workspace_folder import DiskWorkspaceFolder
from taskhouse.wiring.server import Server as TaskhouseServer
from tests.definitions.conftest import House
from tests.definitions.workspaces import BASE, SALES
from tests.rest.conftest import Elsewhere

ROOT_FOLDER = Path(__file__).resolve().parents[2]
RAW = """\
scripts:
  - {name: load, project: raw, owner: ola, type: SQL, file: code/load.sql}
"""
FILES = {"base.yaml": BASE, "sales.yaml": SALES, "raw/load.yaml": RAW, "raw/code/load.sql": "SELECT 1"}


def member(name: str, **roles: ProjectRole) -> Actor:
    return Actor(name, roles={project: frozenset({role}) for project, role in roles.items()})


ACTORS = {
    "root": Actor("root", super_admin=True),
    "dev": member("dev", shop=ProjectRole.DEVELOPER),
    "operator": member("operator", shop=ProjectRole.OPERATOR),
    "ann": member("ann", shop=ProjectRole.ANALYST),
    "stranger": member("stranger"),
}


def by_name(world: World, headers: Mapping[str, str], method: str) -> Actor:
    return ACTORS[headers["authorization"].removeprefix("Bearer ")]


class Desk:
    """A workspace that was published to both environments, and its editors."""

    def __init__(self, house: House, root: Path, url: str) -> None:
        self.house = house
        self.root = root
        self.http = httpx.Client(base_url=url, timeout=60)

    def ask(self, method: str, path: str, user: str, expected: int, **sent: Any) -> Any:
        answer = self.http.request(method, path, headers={"authorization": f"Bearer {user}"}, **sent)
        assert answer.status_code == expected, answer.text
        return answer.json()

    def list(self, user: str = "root") -> Any:
        return self.ask("GET", "/workspace/files", user, 200)

    def line(self, path: str, user: str = "root") -> Any:
        return next(each for each in self.list(user)["files"] if each["path"] == path)

    def read(self, path: str, user: str = "root", expected: int = 200) -> Any:
        return self.ask("GET", "/workspace/file", user, expected, params={"path": path})

    def edit(self, path: str, before: str, after: str) -> dict[str, Any]:
        """With the file as it is now."""
        now = self.read(path)
        assert before in now["text"]
        return {"path": path, "text": now["text"].replace(before, after), "etag": now["etag"]}

    def post(self, verb: str, edits: list[Any], user: str = "root", expected: int = 200, **further: Any) -> Any:
        return self.ask("POST", f"/workspace/files/{verb}", user, expected, json={"edits": edits, **further})

    def save(self, edits: list[Any], user: str = "root", expected: int = 200, **further: Any) -> Any:
        """Plan and apply."""
        digest = self.post("plan", edits, user, **further)["digest"]
        return self.post("apply", edits, user, expected, digest=digest, **further)

    def versions(self) -> dict[str, int]:
        return {id: task.version for id, task in self.house.published().items()}

    def disk(self) -> dict[str, str]:
        return {path: file.text for path, file in DiskWorkspaceFolder(self.root).files().items()}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    house = House(tmp_path)
    root = tmp_path / "workspace"
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    house.apply(FILES)
    world = replace(house.world, folder=DiskWorkspaceFolder(root))
    server = Server(
        Mounted(Elsewhere(), {BASE_PATH: RestApp(world, all_routes(), authenticate=by_name)}), host="127.0.0.1"
    )
    server.start()
    made = Desk(house, root, server.url + BASE_PATH)
    yield made
    made.http.close()
    server.stop()
    house.database.close()


CITY = ("{name: city, type: STRING}", "{name: city, type: STRING, expression: UPPER(u.city)}")


def test_the_files_say_which_tasks_they_define_and_where(desk: Desk) -> None:
    found = desk.list()
    assert found["folder"] == str(desk.root) and (found["why_not"], found["read_only"], found["hidden"]) == ("", "", 0)
    tasks = {each["path"]: [(task["id"], task["line"]) for task in each["tasks"]] for each in found["files"]}
    assert tasks == {
        "base.yaml": [],
        "raw/code/load.sql": [],
        "raw/load.yaml": [("raw.load", 2)],
        "sales.yaml": [("shop.dim_user", 3), ("shop.orders", 9), ("shop.dws_buyer", 29)],
    }


def test_an_edit_is_checked_previewed_saved_and_published(desk: Desk) -> None:
    edit = desk.edit("sales.yaml", *CITY)
    assert desk.post("check", [edit]) == {"valid": True, "findings": []}
    plan = desk.post("plan", [edit])
    assert [(task["id"], task["version"], [f["name"] for f in task["fields"]]) for task in plan["tasks"]] == [
        ("shop.dim_user", 2, ["city"])
    ]
    assert desk.disk() == FILES and desk.versions()["shop.dim_user"] == 1
    made = desk.post("apply", [edit], digest=plan["digest"])
    assert made["publication"]["published"] == ["shop.dim_user"] and desk.versions()["shop.dim_user"] == 2
    assert desk.disk() == FILES | {"sales.yaml": edit["text"]}
    assert made["etags"] == {"sales.yaml": desk.read("sales.yaml")["etag"]}
    assert desk.house.published()["shop.dim_user"].defined_at == "sales.yaml:3"
    assert desk.post("plan", [])["empty"]


def test_findings_are_those_of_validate(desk: Desk) -> None:
    edit = desk.edit("sales.yaml", "SUM(amount)", "SUM(amont)")
    found = desk.post("check", [edit])
    same = validate(desk.house.world, FILES | {"sales.yaml": edit["text"]})
    assert [(each["file"], each["line"], each["column"], each["message"]) for each in found["findings"]] == [
        (each.mark.file, each.mark.line, each.mark.column, each.message) for each in same
    ]
    assert not found["valid"] and found["findings"][0]["line"] == 20
    plan = desk.post("plan", [edit])
    assert not plan["valid"] and plan["findings"] == found["findings"] and plan["digest"] == ""
    refused = desk.post("apply", [edit], expected=400, digest="0" * 64)
    assert refused["code"] == "INVALID_WORKSPACE" and refused["items"][0]["name"].startswith("sales.yaml:20:")
    assert desk.disk() == FILES


def test_a_file_is_added_and_another_removed(desk: Desk) -> None:
    script = "scripts: [{name: s, project: shop, owner: ola, type: SHELL, code: echo 1}]\n"
    load = desk.line("raw/load.yaml")
    code = desk.line("raw/code/load.sql")
    edits = [
        {"path": "more/s.yaml", "text": script},
        {"path": "raw/load.yaml", "text": None, "etag": load["etag"]},
        {"path": "raw/code/load.sql", "text": None, "etag": code["etag"]},
    ]
    made = desk.save(edits)
    assert (made["publication"]["published"], made["publication"]["retired"]) == (["shop.s"], ["raw.load"])
    assert made["etags"]["raw/load.yaml"] == "" and made["etags"]["more/s.yaml"]
    assert desk.disk() == {"base.yaml": BASE, "sales.yaml": SALES, "more/s.yaml": script}


def test_what_changes_nothing_is_only_saved(desk: Desk) -> None:
    before = desk.versions()
    made = desk.save([desk.edit("sales.yaml", "dimension_tables:", "# Users.\ndimension_tables:")])
    assert made["publication"]["published"] == [] and desk.versions() == before
    assert desk.disk()["sales.yaml"].startswith("defaults: {project: shop, owner: alice}\n# Users.\n")


def test_dev_and_prod_are_published_one_after_the_other(desk: Desk) -> None:
    edit = desk.edit("sales.yaml", *CITY)
    made = desk.save([edit], environment="DEV")
    assert made["publication"]["environment"] == "DEV" and desk.versions()["shop.dim_user"] == 1
    plan = desk.post("plan", [])
    assert [task["id"] for task in plan["tasks"]] == ["shop.dim_user"]
    desk.post("apply", [], digest=plan["digest"])
    assert desk.versions()["shop.dim_user"] == 2


# Conflicts


def test_a_file_that_changed_on_disk_is_not_overwritten(desk: Desk) -> None:
    edit = desk.edit("sales.yaml", *CITY)
    digest = desk.post("plan", [edit])["digest"]
    (desk.root / "sales.yaml").write_text(SALES + "# theirs\n")
    for refused in (desk.post("apply", [edit], expected=409, digest=digest), desk.post("plan", [edit], expected=409)):
        assert refused["code"] == "FILE_CHANGED" and [item["name"] for item in refused["items"]] == ["sales.yaml"]
    assert desk.disk()["sales.yaml"] == SALES + "# theirs\n" and desk.versions()["shop.dim_user"] == 1


def test_new_files_do_not_replace_and_removed_ones_are_not_brought_back(desk: Desk) -> None:
    for edit in ({"path": "sales.yaml", "text": "x: 1"}, {"path": "gone.yaml", "text": "x: 1", "etag": "5f"}):
        assert desk.post("plan", [edit], expected=409)["code"] == "FILE_CHANGED"


def test_a_plan_that_is_not_the_one_shown_saves_nothing(desk: Desk) -> None:
    edit = desk.edit("sales.yaml", *CITY)
    digest = desk.post("plan", [edit])["digest"]
    desk.house.apply(FILES | {"sales.yaml": SALES.replace("SUM(amount)", "MAX(amount)")})
    refused = desk.post("apply", [edit], expected=409, digest=digest)
    assert refused["code"] == "PLAN_CHANGED" and desk.disk() == FILES
    assert desk.post("apply", [edit], expected=400, digest="")["code"] == "INVALID_ARGUMENT"


def test_another_file_that_changes_what_is_published_is_seen(desk: Desk) -> None:
    edit = desk.edit("sales.yaml", *CITY)
    digest = desk.post("plan", [edit])["digest"]
    (desk.root / "raw" / "code" / "load.sql").write_text("SELECT 2")
    assert desk.post("apply", [edit], expected=409, digest=digest)["code"] == "PLAN_CHANGED"
    assert desk.disk()["sales.yaml"] == SALES


def test_what_cannot_be_published_is_not_saved(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    edit = desk.edit("sales.yaml", *CITY)
    digest = desk.post("plan", [edit])["digest"]

    def full(*given: object, **named: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(type(desk.house.world.recurring), "publish", full)
        desk.post("apply", [edit], expected=500, digest=digest)
    assert desk.disk() == FILES and desk.versions()["shop.dim_user"] == 1
    with monkeypatch.context() as patched:
        patched.setattr("taskhouse.store.workspace_folder._move", full)
        refused = desk.post("apply", [edit], expected=409, digest=digest)
        assert "No space left" in refused["message"]
    assert desk.disk() == FILES and desk.versions()["shop.dim_user"] == 1
    desk.post("apply", [edit], digest=digest)
    assert desk.versions()["shop.dim_user"] == 2


# Permissions


def test_who_may_not_look_into_code_sees_no_file(desk: Desk) -> None:
    for user in ("ann", "stranger"):
        found = desk.list(user)
        assert (
            found["files"] == []
            and found["folder"] == ""
            and found["state"] == "NO_ROLE"
            and "look into" in found["why_not"]
        )
        assert desk.read("sales.yaml", user, 403)["code"] == "FORBIDDEN"
        for verb, further in (("check", {}), ("plan", {}), ("apply", {"digest": "0"})):
            assert desk.post(verb, [], user, 403, **further)["code"] == "FORBIDDEN"


def test_an_operator_reads_and_does_not_write(desk: Desk) -> None:
    found = desk.list("operator")
    assert {each["path"] for each in found["files"]} == {"base.yaml", "sales.yaml"} and found["hidden"] == 2
    assert "DEVELOPER" in found["read_only"] and all("DEVELOPER" in each["read_only"] for each in found["files"])
    assert desk.read("sales.yaml", "operator")["text"] == SALES
    edit = desk.edit("sales.yaml", *CITY)
    assert desk.post("plan", [edit], "operator", 403)["code"] == "FORBIDDEN"
    assert desk.post("apply", [edit], "operator", 403, digest="0")["code"] == "FORBIDDEN"


def test_a_developer_changes_the_own_project_only(desk: Desk) -> None:
    assert {each["path"]: bool(each["read_only"]) for each in desk.list("dev")["files"]} == {
        "base.yaml": False,
        "sales.yaml": False,
    }
    desk.save([desk.edit("sales.yaml", *CITY)], "dev")
    assert desk.read("raw/code/load.sql", "dev", 403)["code"] == "FORBIDDEN"
    code = desk.edit("raw/code/load.sql", "1", "2")
    for environment in ("PROD", "DEV"):  # `raw` is not in dev: still nobody else's to change
        refused = desk.post("plan", [code], "dev", 403, environment=environment)
        assert "'raw.load'" in refused["message"] and "project 'raw'" in refused["message"]
    members = desk.edit("base.yaml", "ann: ANALYST", "ann: DEVELOPER")
    assert "administrator" in desk.post("plan", [members], "dev", 403, environment="DEV")["message"]
    tenant = desk.edit("base.yaml", "admins: [root]", "admins: [root, dev]")
    assert "super administrator" in desk.post("plan", [tenant], "dev", 403)["message"]


def test_findings_in_hidden_files_tell_nothing(desk: Desk) -> None:
    (desk.root / "raw" / "code" / "load.sql").write_text("SELEC secret")
    desk_of_dev = desk.post("check", [], "dev")
    assert desk_of_dev["findings"] and "secret" not in str(desk_of_dev) and "SELEC" not in str(desk_of_dev)
    assert "SELEC" in str(desk.post("check", []))


# What is no file of the workspace


@pytest.mark.parametrize(
    "path", ["../meta.db", "/etc/passwd", "base.yaml/../../meta.db", ".git/config", "a.txt", "", "%2e%2e/x.yaml"]
)
def test_no_other_file_is_read_or_written(desk: Desk, path: str) -> None:
    assert desk.read(path, expected=404)["code"] == "NOT_FOUND"
    if path != "%2e%2e/x.yaml":  # as it stands there, it is a name like another
        assert desk.post("plan", [{"path": path, "text": "x"}], expected=400)["code"] == "INVALID_ARGUMENT"
        assert desk.post("apply", [{"path": path, "text": "x"}], expected=400, digest="0")["code"] == "INVALID_ARGUMENT"


def test_links_are_no_files(desk: Desk) -> None:
    (desk.root.parent / "secret.yaml").write_text("secret: 1\n")
    (desk.root / "link.yaml").symlink_to(desk.root.parent / "secret.yaml")
    (desk.root / "away").symlink_to(desk.root.parent)
    assert desk.read("link.yaml", expected=404) and desk.read("away/secret.yaml", expected=404)
    assert {each["path"] for each in desk.list()["files"]} == FILES.keys()
    script = "scripts: [{name: s, project: shop, owner: ola, type: SHELL, code: echo 1}]\n"
    for path in ("link.yaml", "away/secret.yaml"):
        edits = [{"path": path, "text": script}]
        digest = desk.post("plan", edits)["digest"]
        desk.post("apply", edits, expected=409, digest=digest)
    assert (desk.root.parent / "secret.yaml").read_text() == "secret: 1\n" and "shop.s" not in desk.versions()


def test_twice_the_same_file_is_refused(desk: Desk) -> None:
    assert "twice" in desk.post("check", [{"path": "a.yaml", "text": "x"}] * 2, expected=400)["message"]


@pytest.mark.parametrize("verb", ["check", "plan"])
def test_a_file_that_could_not_be_saved_is_refused_before(desk: Desk, verb: str) -> None:
    large = {"path": "a.yaml", "text": "# " + "中" * (MAX_FILE_BYTES // 3)}
    assert "'a.yaml' has more than" in desk.post(verb, [large], expected=400)["message"]


def test_line_ends_and_byte_order_mark_stay(desk: Desk) -> None:
    (desk.root / "sales.yaml").write_bytes(b"\xef\xbb\xbf" + SALES.replace("\n", "\r\n").encode())
    edit = desk.edit("sales.yaml", *CITY)
    assert "\r" not in edit["text"]
    desk.save([edit])
    written = (desk.root / "sales.yaml").read_bytes()
    assert written == b"\xef\xbb\xbf" + edit["text"].replace("\n", "\r\n").encode()


def test_without_a_folder_that_is_said(desk: Desk) -> None:
    desk.root.rename(desk.root.with_name("elsewhere"))
    found = desk.list()
    assert found["files"] == [] and found["state"] == "NO_FOLDER" and "--workspace" in found["why_not"]
    assert desk.read("sales.yaml", expected=404) and desk.post("plan", [], expected=404)


def test_a_server_is_given_its_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere is not a folder"):
        TaskhouseServer(Config(home=tmp_path / "home", workspace=tmp_path / "nowhere"))
    own = tmp_path / "home" / "workspace"
    server = TaskhouseServer(Config(home=tmp_path / "home"))
    try:
        assert server.world.folder is not None and not server.world.folder.is_there()
        keep(own, {"a/b.yaml": "x: 1\n"})
        assert server.world.folder.is_there() and set(server.world.folder.files()) == {"a/b.yaml"}
        keep(own, {"c.yaml": "somebody changed theirs meanwhile"})
        assert set(server.world.folder.files()) == {"a/b.yaml"}
    finally:
        server.close()
    loaded = load(None, {"TASKHOUSE_WORKSPACE": str(own)}, {"home": tmp_path / "other"})
    assert loaded.workspace == own


def test_a_folder_that_cannot_be_read_is_told(desk: Desk) -> None:
    (desk.root / "bad.yaml").write_bytes(b"\xff")
    assert desk.list()["state"] == "BROKEN" and "bad.yaml is not UTF-8" in desk.list()["why_not"]
    assert "bad.yaml is not UTF-8" in desk.post("check", [], expected=409)["message"]


def test_a_check_that_nobody_waits_for_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()

    def endless(world: World, actor: Actor, edits: object, wanted: Callable[[], None]) -> None:
        try:
            while not ended.wait(0.01):
                wanted()
        except BaseException:
            ended.set()
            raise

    monkeypatch.setattr(edit_workspace, "check_edits", endless)
    with pytest.raises(httpx.ReadTimeout):
        desk.http.post("/workspace/files/check", json={}, headers={"authorization": "Bearer root"}, timeout=0.3)
    assert ended.wait(20)


def test_work_that_is_not_wanted_any_more_ends_in_the_middle(desk: Desk) -> None:
    class GivenUp(Exception): ...

    calls = 0

    def wanted() -> None:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise GivenUp

    world = replace(desk.house.world, folder=DiskWorkspaceFolder(desk.root))
    with pytest.raises(GivenUp):
        edit_workspace.check_edits(world, ACTORS["root"], [], wanted)


DIES = """
import os, sys
from dataclasses import replace
from pathlib import Path
from taskhouse.domain.recurring import Environment
from taskhouse.services.definitions.edit_workspace import Edit, apply_edits, plan_edits
from taskhouse.store.workspace_folder import DiskWorkspaceFolder
from tests.definitions.conftest import ROOT, House
folder, left = Path(sys.argv[1]), int(sys.argv[2])
house = House(folder)
world = replace(house.world, folder=DiskWorkspaceFolder(folder / "workspace"))
files = world.folder.files()
edits = [
    Edit("sales.yaml", files["sales.yaml"].text.replace("SUM(amount)", "MAX(amount)"), files["sales.yaml"].etag),
    Edit("new.yaml", "scripts: [{name: s, project: shop, owner: ola, type: SHELL, code: echo 1}]\\n"),
]
digest = plan_edits(world, ROOT, Environment.PROD, edits).digest
moves, done = os.rename, []
def rename(*given, **named):
    if len(done) == left:
        os._exit(9)
    done.append(given)
    moves(*given, **named)
os.rename = rename
apply_edits(world, ROOT, Environment.PROD, edits, digest)
os._exit(8)
"""


@pytest.mark.parametrize("renames", range(4))
def test_a_server_that_dies_never_publishes_what_no_file_has(desk: Desk, tmp_path: Path, renames: int) -> None:
    """Before the list of changes is complete nothing happened; after it the files are ahead, until the publication is committed."""
    before = desk.versions()
    died = subprocess.run([sys.executable, "-c", DIES, str(tmp_path), str(renames)], cwd=ROOT_FOLDER, timeout=120)
    assert died.returncode == (9 if renames < 3 else 8)
    disk = desk.disk()
    are_saved = "new.yaml" in disk
    assert are_saved == (renames > 0) and ("MAX(amount)" in disk["sales.yaml"]) == are_saved
    assert ("shop.s" in desk.versions()) == (renames == 3)
    if renames < 3:
        assert desk.versions() == before
        assert desk.post("plan", [])["empty"] == (not are_saved)


def test_texts_of_all_sorts_are_answered(desk: Desk) -> None:
    """Half-written definitions: findings, never an error of the server, and nothing is saved."""
    pick = random.Random(20130614)
    noise = [
        "",
        "\t",
        "- ",
        ": ",
        "{",
        "[",
        "&a ",
        "*a",
        "!!x ",
        "'",
        '"',
        "|\n",
        "\x00",
        "中",
        "\U0001f6eb",
        "---\n",
        "<<: *a",
    ]
    for _ in range(60):
        text = SALES
        for _ in range(pick.randint(1, 4)):
            at = pick.randrange(len(text))
            text = text[:at] + pick.choice(noise) + text[at + pick.choice([0, 0, 1, 30, 400]) :]
        edit = [{"path": "sales.yaml", "text": text, "etag": desk.line("sales.yaml")["etag"]}]
        valid = desk.post("check", edit)["valid"]
        assert desk.post("plan", edit)["valid"] == valid
    assert desk.disk() == FILES
