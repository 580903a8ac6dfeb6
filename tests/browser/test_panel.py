"""The panel of operations: its steps, what it offers to be chosen, what it says, and what it sends."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.console import Console
from tests.scenarios.stage import House

STEPS = "Steps"
CHANGED = re.compile("Something changed in between")


def radio(console: Console, name: str) -> Locator:
    return console.panel.get_by_role("radio", name=re.compile(f"^{name}"))


def box(console: Console, name: str) -> Locator:
    return console.panel.get_by_role("checkbox", name=name, exact=True)


def line(console: Console, name: str) -> Locator:
    """The line of a field or an instance in a list of the panel."""
    inside = console.page.get_by_role("checkbox", name=name, exact=True)
    return console.panel.get_by_role("listitem").filter(has=inside)


def confirming(console: Console) -> Locator:
    """The button that confirms, or goes to the next step."""
    return console.panel.get_by_role("button", name=re.compile("Ctrl Enter$"))


def refused(console: Console, status: str) -> None:
    """The browser reports answers that are errors; these were meant."""
    assert console.errors and all(status in each for each in console.errors), console.errors
    console.errors.clear()


def step(console: Console) -> Locator:
    return console.panel.get_by_role("list", name=STEPS).locator("[aria-current=step]")


# Steps


def test_a_rerun_downstream_goes_from_its_scope_to_its_consequences_and_back(console: Console, night: House) -> None:
    night.fail("X")
    console.open("/instances")
    console.more("A", "Rerun Downstream")
    expect(step(console)).to_have_text(re.compile("Scope"))
    expect(console.panel.get_by_role("region", name="What will happen")).to_have_count(0)
    expect(console.panel.get_by_role("status")).to_have_text("3 nodes at once, then 1 node in order")
    console.panel.get_by_role("button", name="Show consequences").click()
    expect(step(console)).to_have_text(re.compile("Consequences"))
    what = console.panel.get_by_role("region", name="What will happen")
    expect(what).to_be_focused()
    expect(what).to_contain_text("Set to Not running first, then by dependency")
    radio(console, "Not at all").click()
    expect(confirming(console)).to_contain_text("Rerun 1 downstream instance")
    expect(what).not_to_contain_text("Runs now")
    console.panel.get_by_role("button", name="Back to scope").click()
    expect(radio(console, "Not at all")).to_be_checked()
    console.page.keyboard.press("Control+Enter")
    console.confirm("Rerun 1 downstream instance", "Rerun Downstream accepted")
    assert night.show("B C D X") == "B:S C:F D:S X:R"


def test_fields_that_were_chosen_on_the_page_need_no_step(console: Console, night: House) -> None:
    page = console.open(f"/instances/{night.instances['A']}")
    page.get_by_role("checkbox", name="Select t4", exact=True).click()
    page.keyboard.press("r")
    expect(confirming(console)).to_contain_text("Rerun 1 field")
    expect(console.panel.get_by_role("list", name=STEPS)).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Rerun accepted", exact=True)).to_be_visible()
    assert night.show("B C D") == "B:S C:F D:R"


def test_a_range_of_fields_is_chosen_with_keys(console: Console, night: House) -> None:
    page = console.open(f"/instances/{night.instances['A']}")
    expect(console.row_of("t1")).to_be_visible()
    for key in ("j", "j", "x", "j", "j", "Shift+x"):
        page.keyboard.press(key)
    expect(page.get_by_text("3 fields selected", exact=True)).to_be_visible()
    expect(console.row_of("t4").get_by_role("checkbox")).not_to_be_checked()


# What is chosen


def test_a_forced_rerun_shows_what_runs_along_and_names_what_is_missing_upstream(
    console: Console, night: House
) -> None:
    page = console.open("/instances")
    console.more("E", "Forced Rerun", "Force Rerun Current Instance")
    radio(console, "Specific fields").click()
    expect(confirming(console)).to_have_attribute("aria-disabled", "true")
    expect(confirming(console)).to_have_accessible_description("Select at least one field.")
    box(console, "m3").click()
    page.keyboard.press("Control+Enter")
    known = console.panel.get_by_role("checkbox", name=re.compile("I know that A.C has not succeeded"))
    expect(known).not_to_be_checked()
    expect(confirming(console)).to_have_accessible_description("Confirm the sentence above first")
    page.keyboard.press("Control+Enter")
    expect(console.panel).to_be_visible()
    known.click()
    console.confirm("Force rerun of 1 field", "Force Rerun Current Instance accepted")
    assert night.show("P Q V") == "P:S Q:S V:R"


def test_required_fields_come_first_or_in_their_order(console: Console, night: House) -> None:
    page = console.open("/instances")
    console.row("A").get_by_role("cell").nth(3).click()
    page.keyboard.press("r")
    radio(console, "Specific fields").click()
    box(console, "t3").click()
    expect(line(console, "t2")).to_contain_text(re.compile("shares node C with t3", re.IGNORECASE))
    expect(box(console, "t2")).to_have_attribute("aria-disabled", "true")
    fields = console.panel.get_by_role("checkbox", name=re.compile(r"^t\d$"))

    def order() -> list[str | None]:
        return [each.get_attribute("aria-label") for each in fields.all()]

    expect(console.panel.get_by_text("Associated, run too")).to_be_visible()
    assert order() == ["t3", "t2", "t1", "t4"]
    console.panel.get_by_role("switch", name="Prioritize required fields").click()
    expect(console.panel.get_by_text("Associated, run too")).to_have_count(0)
    assert order() == ["t1", "t2", "t3", "t4"]
    expect(confirming(console)).to_contain_text("Rerun 3 fields")
    console.panel.get_by_role("searchbox", name="Find a field").fill("t4")
    expect(fields).to_have_count(1)
    page.keyboard.press("Escape")
    expect(fields).to_have_count(4)
    page.keyboard.press("Escape")
    expect(console.panel).to_have_count(0)


def test_downstream_is_chosen_by_instances_and_by_their_fields(console: Console, night: House) -> None:
    page = console.open("/instances")
    console.more("A", "Rerun Downstream")
    console.panel.get_by_role("button", name="Choose downstream").click()
    downstream = console.panel.get_by_role("region", name="Downstream instances")
    expect(box(console, "X")).to_have_attribute("aria-disabled", "true")
    expect(box(console, "X")).to_have_accessible_description("Running: cannot be chosen")
    downstream.get_by_role("searchbox").fill("m2")
    expect(box(console, "Y")).to_have_count(0)
    box(console, "E.m2").click()
    expect(box(console, "E")).to_have_js_property("indeterminate", True)
    downstream.get_by_role("searchbox").fill("")
    downstream.get_by_role("button", name="Fields of E").click()
    # Whatever of E depends on what runs belongs to it.
    expect(box(console, "E.m1")).to_be_checked()
    expect(box(console, "E.m1")).to_have_attribute("aria-disabled", "true")
    downstream.get_by_role("button", name=re.compile("^Level")).click()
    page.get_by_role("menuitemcheckbox", name="3").click()
    expect(box(console, "E")).to_have_count(0)
    box(console, "L").click()
    # Of the start other fields can still be chosen, beside the same list.
    console.panel.get_by_role("button", name="Start node").click()
    box(console, "t4").click()
    expect(box(console, "t4")).not_to_be_checked()
    box(console, "t4").click()
    page.keyboard.press("Control+Enter")
    console.confirm(re.compile("^Rerun 4 fields and 2 downstream instances"), "Rerun Downstream accepted")
    assert night.show("B C D P Q V X Y Z") == "B:R C:R D:R P:N Q:N V:N X:R Y:S Z:N"


@pytest.mark.parametrize(
    ("scope", "label", "after"),
    [
        ("Failed fields", "Set 1 node to success", "B:S C:S D:N"),
        ("Fields that have not run", "Set 1 node to success", "B:S C:F D:S"),
        ("Failed and not run", "Set 2 nodes to success", "B:S C:S D:S"),
        ("Specific fields", "Set 1 node to success", "B:S C:F D:S"),
    ],
)
def test_set_to_success_in_each_of_its_scopes(
    console: Console, night: House, scope: str, label: str, after: str
) -> None:
    night.set(D="N")
    console.open("/instances")
    console.more("A", "Set To Success & Resume")
    radio(console, scope).click()
    if scope == "Specific fields":
        box(console, "t4").click()
    console.confirm(re.compile(f"^{label}"), "Set To Success & Resume accepted")
    assert night.show("B C D") == after


def test_fields_are_paused_and_resumed(console: Console, night: House) -> None:
    night.set(D="N")
    page = console.open(f"/instances/{night.instances['A']}")
    page.get_by_role("checkbox", name="Select t4", exact=True).click()
    page.keyboard.press("p")
    expect(console.panel.get_by_role("region", name="What will happen")).not_to_contain_text("Runs now")
    console.confirm("Pause 1 node", "Pause accepted")
    expect(console.row_of("t4")).to_contain_text("Paused")
    assert night.status("D") == "INIT+paused"
    page.get_by_role("checkbox", name="Select t4", exact=True).set_checked(True)
    page.keyboard.press("p")
    console.confirm("Resume 1 node", "Resume accepted")
    expect(console.row_of("t4")).not_to_contain_text("Paused")
    assert night.status("D") == "RUNNING"


def test_a_batch_lists_what_does_not_fit_with_the_reason(console: Console, night: House) -> None:
    night.fail("X")
    page = console.open("/instances?tab=scripts")
    for name in ("X", "Y", "Z"):
        page.get_by_role("checkbox", name=f"Select {name}", exact=True).click()
    bar = page.get_by_role("toolbar", name="Batch operations")
    bar.get_by_role("button", name=re.compile("^Rerun")).click()
    page.get_by_role("menuitem", name=re.compile("^Rerun All Instances In Desired State")).click()
    expect(console.panel).to_contain_text(re.compile("'Z' is Not Running; only Succeeded or Failed can be rerun"))
    expect(console.panel).to_contain_text(re.compile("X.*due 02:00.*Y.*due 00:45.*Z.*due 02:00"))
    console.confirm(
        re.compile("^Rerun All Instances In Desired State: 2 of 3"),
        "Rerun All Instances In Desired State accepted for 2 of 3 instances",
    )
    assert night.show("X Y Z") == "X:R Y:R Z:N"


# What the panel says


def test_a_changed_world_is_shown_and_nothing_runs_until_it_is_confirmed_anew(console: Console, night: House) -> None:
    page = console.open("/instances")
    console.row("A").get_by_role("cell").nth(3).click()
    page.keyboard.press("r")
    expect(confirming(console)).to_contain_text("Rerun 4 fields")
    night.set(D="F")
    attempts = night.attempts("B C D")
    page.keyboard.press("Control+Enter")
    what = console.panel.get_by_role("region", name="What will happen")
    expect(what.get_by_role("alert")).to_have_text(CHANGED)
    expect(what).to_be_focused()
    marked = what.locator(".marked")
    expect(marked).to_have_count(1)
    expect(marked).to_contain_text("D")
    assert night.attempts("B C D") == attempts
    refused(console, "409")
    expect(marked).to_have_count(0)  # the bar stays for 4 s
    console.confirm("Rerun 4 fields", "Rerun accepted")
    assert night.show("B C D") == "B:R C:R D:R"


def test_a_world_in_which_it_is_refused_says_why_and_what_else_there_is(console: Console, night: House) -> None:
    page = console.open("/instances")
    console.row("A").get_by_role("cell").nth(3).click()
    page.keyboard.press("r")
    expect(confirming(console)).to_contain_text("Rerun 4 fields")
    night.set(D="R")
    page.keyboard.press("Control+Enter")
    what = console.panel.get_by_role("region", name="What will happen")
    expect(what).to_contain_text("Something changed in between")
    refused(console, "409")
    expect(what).to_contain_text("Node A/D is Running; wait for it, stop it, or force the rerun")
    expect(confirming(console)).to_have_accessible_name("Rerun Ctrl Enter")
    what.get_by_role("button", name="Take the 3 fields that fit").click()
    expect(confirming(console)).to_contain_text("Rerun 3 fields")
    radio(console, "Entire table").click()
    what.get_by_role("button", name="Force Rerun Current Instance").click()
    expect(console.panel.get_by_role("heading", level=2)).to_contain_text("Force Rerun Current Instance")


def test_what_is_refused_is_offered_once_it_can_be_done(console: Console, night: House) -> None:
    night.set(C="R")
    console.open(f"/instances/{night.instances['A']}")
    console.page.get_by_role("checkbox", name="Select t2", exact=True).click()
    console.page.keyboard.press("r")
    expect(console.panel).to_contain_text("Node A/C is Running")
    night.finish("C")
    console.confirm("Rerun 3 fields", "Rerun accepted")
    assert night.show("B C D") == "B:R C:R D:S"


def test_what_cannot_be_rerun_is_left_out_with_one_click(console: Console, night: House) -> None:
    page = console.open("/instances")
    console.row("E").get_by_role("cell").nth(3).click()
    page.keyboard.press("r")
    what = console.panel.get_by_role("region", name="What will happen")
    expect(what.get_by_role("alert")).to_contain_text("'m3' of 'E' is Not Running")
    expect(confirming(console)).to_have_accessible_name("Rerun Ctrl Enter")
    what.get_by_role("button", name="Take the 2 fields that fit").click()
    console.confirm("Rerun 2 fields", "Rerun accepted")
    assert night.show("P Q V") == "P:R Q:R V:N"


def test_refusals_are_told_in_chinese(console: Console, night: House) -> None:
    console.page.add_init_script("localStorage.setItem('taskhouse.language', 'zh')")
    page = console.open("/instances")
    console.row("E").get_by_role("cell").nth(3).click()
    page.keyboard.press("r")
    expect(console.panel.get_by_role("alert")).to_contain_text("E 的 m3 为未运行，只有成功或失败的才能重跑")
    console.panel.get_by_role("button", name="只选符合条件的 2 个字段").click()
    expect(console.panel.get_by_role("button", name=re.compile("^重跑 2 个字段"))).to_be_visible()
    page.keyboard.press("Escape")
    for name in ("A", "E"):
        console.row(name).get_by_role("checkbox").click()
    stop = page.get_by_role("toolbar").get_by_role("button", name=re.compile("^终止"))
    expect(stop).to_have_accessible_description(re.compile("没有等待或运行的节点"))


def test_a_preview_that_takes_its_time_says_so_and_is_given_up_for_the_next(console: Console, night: House) -> None:
    page = console.open("/instances")
    held: list[Route] = []
    given_up: list[str] = []
    page.on("requestfailed", lambda request: given_up.append(request.url))
    page.route("**/operations/preview", lambda route: route.continue_() if held else held.append(route))
    console.row("A").get_by_role("cell").nth(3).click()
    with page.expect_request("**/operations/preview"):
        page.keyboard.press("r")
    what = console.panel.get_by_role("region", name="What will happen")
    expect(what).to_have_attribute("aria-busy", "true")
    expect(what.get_by_role("status", name="Previewing")).to_be_visible()
    expect(confirming(console)).to_have_accessible_description("Wait for the preview")
    radio(console, "As it ran before").click()
    expect(confirming(console)).to_contain_text("Rerun 4 fields")
    expect(what).to_have_attribute("aria-busy", "false")
    assert len(held) == len(given_up) == 1


def test_a_server_that_is_gone_is_told_of_and_choices_stay(console: Console, night: House) -> None:
    page = console.open("/instances")
    console.row("A").get_by_role("cell").nth(3).click()
    page.keyboard.press("r")
    radio(console, "Specific fields").click()
    box(console, "t4").click()
    expect(confirming(console)).to_contain_text("Rerun 1 field")
    page.route("**/operations/apply", lambda route: route.abort())
    page.keyboard.press("Control+Enter")
    failed = console.panel.get_by_role("region", name="What will happen").get_by_role("alert")
    expect(failed).to_contain_text("The server does not answer")
    expect(box(console, "t4")).to_be_checked()
    page.unroute("**/operations/apply")
    failed.get_by_role("button", name="Retry").click()
    expect(page.get_by_text("Rerun accepted", exact=True)).to_be_visible()
    assert night.show("B C D") == "B:S C:F D:R"
    refused(console, "ERR_FAILED")


# Keys and names


def test_keys_alone_open_choose_confirm_and_close(console: Console, night: House) -> None:
    page = console.open("/instances")
    console.row("A").get_by_role("cell").nth(3).click()
    page.keyboard.press("r")
    radio(console, "Entire table").focus()
    page.keyboard.press("ArrowDown")
    expect(radio(console, "Specific fields")).to_be_checked()
    box(console, "t4").focus()
    page.keyboard.press("Space")
    expect(box(console, "t4")).to_be_checked()
    expect(box(console, "t4")).to_be_focused()
    console.panel.get_by_role("button", name=re.compile("^Status")).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(console.panel).to_be_visible()
    page.keyboard.press("Escape")
    expect(console.panel).to_have_count(0)
    expect(page.locator(".grid")).to_be_focused()
    page.keyboard.press("r")
    expect(confirming(console)).to_contain_text("Rerun 4 fields")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Rerun accepted", exact=True)).to_be_visible()
    expect(page.locator(".grid")).to_be_focused()
    assert night.show("B C D") == "B:R C:R D:R"


@pytest.fixture(params=["light", "dark"])
def window(request: pytest.FixtureRequest, console: Console) -> Console:
    console.page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    return console


def test_open_panels_have_no_serious_violation(window: Console, night: House) -> None:
    page = window.open("/instances")
    opened: list[tuple[str, ...]] = [
        ("Rerun Downstream",),
        ("Set To Success & Resume",),
        ("Forced Rerun", "Force Rerun Current Instance"),
        ("Forced Rerun", "Force Rerun Downstream Instances"),
        ("Modify Priority",),
    ]
    found = {}
    for entries in opened:
        window.more("E", *entries)
        expect(confirming(window)).to_be_visible()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        found[entries[-1]] = window.serious_violations()
        page.keyboard.press("Escape")
        expect(window.panel).to_have_count(0)
    window.more("A", "Rerun Downstream")
    window.panel.get_by_role("button", name="Choose downstream").click()
    box(window, "E").click()
    window.panel.get_by_role("button", name="Fields of E").click()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    found["choosing downstream"] = window.serious_violations()
    page.keyboard.press("Control+Enter")
    expect(window.panel.get_by_role("region", name="What will happen")).to_contain_text("Runs now")
    found["consequences"] = window.serious_violations()
    assert {name: each for name, each in found.items() if each} == {}
