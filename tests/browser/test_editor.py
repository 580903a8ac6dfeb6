"""Definitions in the browser: a mistake at its line, preview, publication, conflicts, and who may not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD
from tests.browser.console import Console
from tests.scenarios.stage import RestDoor, Server, Stage

TENANT = """\
tenant: {name: acme, time_zone: Asia/Shanghai}
business_units: [{name: retail}]
projects:
  - {name: basic, owner: admin, business_unit: retail, members: {ann: ANALYST, oscar: OPERATOR}}
  - {name: pair, owner: admin, business_unit: retail, mode: DEV_PROD}
"""
BASIC = """\
defaults: {project: basic}
scripts:
  - name: first
    type: SQL
    schedule: {at: "00:30"}
    code: SELECT 1
  - {name: second, type: SQL, schedule: {at: "01:00"}, dependencies: [basic.first], code: SELECT 2}
"""
PAIR = """\
defaults: {project: pair}
scripts:
  - {name: both, type: SQL, schedule: {at: "00:30"}, code: SELECT 1}
"""
FILES = {"tenant.yaml": TENANT, "basic.yaml": BASIC, "more/pair.yaml": PAIR}
USERS = ("admin", "ann", "oscar")


class Workspace:
    """A server with a workspace folder, published to production."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.stage = Stage(server, FILES)

    def write(self) -> None:
        """The folder and production as at the beginning."""
        for path in [each for each in self.folder.rglob("*") if each.is_file()]:
            path.unlink()
        for name, text in FILES.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)
        for environment in ("PROD", "DEV"):
            body = {"files": FILES, "environment": environment}
            client = self.rest.client
            digest = client.post("/workspace/plan", json=body).json()["digest"]
            assert client.post("/workspace/apply", json=body | {"digest": digest}).status_code == 200

    @property
    def rest(self) -> RestDoor:
        return self.stage.rest

    def version(self, task: str, environment: str = "PROD") -> int:
        return int(
            self.rest.client.get(f"/tasks/{task}", params={"environment": environment}).json()["line"]["version"]
        )


@pytest.fixture(scope="module")
def served(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    from taskhouse.services.access import passwords
    from taskhouse.wiring.administration import administration

    root = tmp_path_factory.mktemp("editor")
    folder = root / "definitions"
    folder.mkdir()
    server = Server(root / "home", {"TASKHOUSE_WORKSPACE": str(folder)}).start()
    for user in USERS:
        server.token(user)
    with administration(server.home) as world:
        for user in USERS:
            passwords.put(world, f"ALIYUN${user}", PASSWORD)
    made = Workspace(server, folder)
    yield made
    made.stage.close()
    server.stop()


@pytest.fixture
def workspace(served: Workspace) -> Workspace:
    served.write()
    return served


Open = Callable[[str], Console]


@pytest.fixture
def as_user(browser: Browser, workspace: Workspace) -> Iterator[Open]:
    opened: list[Console] = []

    def open_as(user: str) -> Console:
        console = Console(browser, workspace.server.ready["rest_url"])
        console.let_in(user, PASSWORD)
        opened.append(console)
        return console

    yield open_as
    for each in opened:
        each.close()


def editor(page: Page) -> Any:
    return page.get_by_role("textbox", name=re.compile("^Text of"))


def write(page: Page, text: str) -> None:
    editor(page).click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def problems(page: Page) -> Any:
    return page.get_by_role("region", name="Problems")


def publish(page: Page, label: str | re.Pattern[str]) -> None:
    button = page.get_by_role("dialog").get_by_role("button", name=label)
    expect(button).not_to_have_attribute("aria-disabled", "true")
    button.click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_mistake_is_seen_at_its_line_and_a_change_becomes_a_version(workspace: Workspace, as_user: Open) -> None:
    console = as_user("admin")
    before = workspace.version("basic.first")
    page = console.open("/tasks/basic.first")
    page.get_by_role("button", name="Edit Node").click()
    expect(editor(page)).to_contain_text("name: first")
    expect(problems(page)).to_contain_text("No problems")

    write(page, BASIC.replace("SELECT 1", "SELEC 1"))
    finding = problems(page).get_by_role("button", name=re.compile(r"basic\.yaml:6:11"))
    expect(finding).to_contain_text("SELEC")
    finding.click()
    page.keyboard.type("x")  # the cursor stands at the mistake
    expect(editor(page)).to_contain_text("code: xSELEC 1")
    page.get_by_role("button", name="Preview changes").click()
    confirm = page.get_by_role("dialog").get_by_role("button", name=re.compile("^Save 1 file"))
    expect(confirm).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Escape")

    write(page, BASIC.replace("SELECT 1", "SELECT 7").replace('"00:30"', '"00:40"'))
    expect(problems(page)).to_contain_text("No problems")
    page.keyboard.press("Control+s")
    panel = page.get_by_role("dialog")
    expect(panel).to_contain_text("basic.first")
    expect(panel).to_contain_text("DAY 00:30 → DAY 00:40")
    expect(panel.get_by_role("button", name=re.compile("^Save 1 file, publish 1 change to production"))).to_be_enabled()
    assert console.serious_violations() == []
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("1 change published to production")).to_be_visible()
    expect(panel).to_have_count(0)
    page.get_by_role("link", name="Versions", exact=True).last.click()
    expect(page.get_by_role("table").get_by_role("row").nth(1)).to_contain_text(f"{before + 1}")
    page.get_by_role("button", name=f"Compare version {before + 1} with the one before").click()
    difference = page.get_by_role("dialog").get_by_role("region", name="What changed in the code of first")
    expect(difference.get_by_role("row").filter(has_text="SELECT 7")).to_contain_text("+")
    expect(difference.get_by_role("row").filter(has_text="SELECT 1")).to_contain_text("−")
    assert workspace.version("basic.first") == before + 1
    assert "SELECT 7" in (workspace.folder / "basic.yaml").read_text()


def test_another_hand_on_the_file_is_told_and_nothing_is_lost(workspace: Workspace, as_user: Open) -> None:
    console = as_user("admin")
    page = console.open("/tasks/basic.second/edit")
    expect(editor(page)).to_contain_text("name: second")
    mine, theirs = BASIC.replace("SELECT 2", "SELECT 22"), BASIC.replace("SELECT 1", "SELECT 11")
    write(page, mine)
    page.keyboard.press("Control+s")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("basic.second")
    (workspace.folder / "basic.yaml").write_text(theirs)
    dialog.get_by_role("button", name=re.compile("^Save 1 file")).click()
    expect(dialog.get_by_role("alert")).to_contain_text("nothing was saved")
    console.errors.clear()  # the browser reports the refused request by itself
    assert (workspace.folder / "basic.yaml").read_text() == theirs
    page.keyboard.press("Escape")
    banner = page.get_by_role("alert").filter(has_text="changed in the folder")
    banner.get_by_role("button", name="Compare").click()
    difference = dialog.get_by_role("region")
    expect(difference).to_contain_text("SELECT 11")
    expect(difference).to_contain_text("SELECT 22")
    page.keyboard.press("Escape")
    banner.get_by_role("button", name="Keep mine").click()
    expect(banner).to_have_count(0)
    page.keyboard.press("Control+s")
    publish(page, re.compile("^Save 1 file, publish 1 change"))
    assert (workspace.folder / "basic.yaml").read_text() == mine


def test_a_new_file_adds_a_task_and_drafts_outlive_the_page(workspace: Workspace, as_user: Open) -> None:
    console = as_user("admin")
    page = console.open("/definitions")
    page.get_by_role("button", name="New file").click()
    page.get_by_label("Path in the folder").fill("../third.yaml")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("dialog")).to_contain_text("'../third.yaml' is no path inside the folder")
    console.errors.clear()  # the browser reports the refused request by itself
    page.get_by_label("Path in the folder").fill("more/third.yaml")
    page.get_by_role("button", name="Create").click()
    expect(editor(page)).to_be_visible()
    page.keyboard.insert_text(BASIC.split("  - {name: second")[0].replace("first", "third"))
    page.get_by_role("link", name="Recurring tasks").click()
    expect(page.get_by_role("row").filter(has_text="second")).to_be_visible()
    page.get_by_role("link", name="Definitions").click()
    page.get_by_role("navigation", name="Files").get_by_role("button", name=re.compile("third")).click()
    expect(editor(page)).to_contain_text("name: third")
    page.get_by_role("button", name="Preview changes").click()
    publish(page, re.compile("^Save 1 file, publish 1 change"))
    assert workspace.version("basic.third") >= 1 and (workspace.folder / "more" / "third.yaml").exists()


def test_development_first_then_production(workspace: Workspace, as_user: Open) -> None:
    production = workspace.version("pair.both")
    page = as_user("admin").open("/tasks/pair.both")
    expect(page.get_by_role("button", name="Edit Node")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Edit Development Node").click()
    expect(page).to_have_url(re.compile("env=dev"))
    expect(editor(page)).to_contain_text("name: both")
    write(page, PAIR.replace("SELECT 1", "SELECT 3"))
    page.get_by_role("button", name="Preview changes").click()
    publish(page, re.compile("^Save 1 file, publish 1 change to development"))
    assert workspace.version("pair.both") == production
    page.get_by_role("button", name="Preview for production").click()
    publish(page, re.compile("^Publish 1 change to production"))
    assert workspace.version("pair.both") == production + 1


def test_buttons_of_the_other_mode_say_why_they_do_not_apply(workspace: Workspace, as_user: Open) -> None:
    page = as_user("admin").open("/tasks/basic.first")
    for name in ("View Production Node", "Edit Development Node"):
        button = page.get_by_role("button", name=name)
        expect(button).to_have_attribute("aria-disabled", "true")
        expect(button).to_have_accessible_description(re.compile("Dev-Prod"))
    expect(page.get_by_role("button", name="Edit Node")).not_to_have_attribute("aria-disabled", "true")


def test_an_operator_reads_and_an_analyst_is_told_why_not(workspace: Workspace, as_user: Open) -> None:
    page = as_user("oscar").open("/tasks/basic.first/edit")
    expect(editor(page)).to_have_attribute("aria-readonly", "true")
    expect(page.get_by_role("main")).to_contain_text("Read only: changing definitions takes the role DEVELOPER")
    for name in ("Preview changes", "New file", "Remove the file"):
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_role("navigation", name="Files")).not_to_contain_text("pair.yaml")

    console = as_user("ann")
    page = console.open("/tasks/basic.first/edit")
    expect(page.get_by_role("main")).to_contain_text("shown to those who may look into a project's code")
    expect(page.get_by_role("main")).to_contain_text("basic.yaml:3")
    expect(editor(page)).to_have_count(0)
    assert console.serious_violations() == []
