"""The list of many instances: filters in the address, order, selection, columns, narrow windows, long names, Chinese, development."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from taskhouse.services.access import passwords
from taskhouse.wiring.administration import administration
from tests.browser.conftest import PASSWORD
from tests.browser.console import Console
from tests.scenarios.stage import House, RestDoor, Server, Stage

LONG = "ods_trade_order_payment_refund_reconciliation_with_bank_statemen"
WIDE = "dim_customer_with_a_very_long_name_and_two_hundred_attributes"
SCRIPTS, FIELDS = 230, 200
WORKSPACE = f"""
tenant: {{name: demo, time_zone: Asia/Shanghai, admins: [admin]}}
projects:
  - {{name: finance_reconciliation_core, label: 财务对账与结算核心域, mode: DEV_PROD, owner: admin, members: {{alice: [DEVELOPER]}}}}
defaults: {{project: finance_reconciliation_core, owner: admin, retries: 0}}
scripts:
  - {{name: {LONG}, type: SQL, schedule: {{at: "00:10"}}, tags: [a_tag_with_a_rather_long_name, core], priority: HIGHEST, code: SELECT 1}}
""" + "".join(
    f"  - {{name: script_{n:03}, type: SQL, owner: {'alice' if n % 3 else 'admin'}, "
    f'schedule: {{at: "{1 + n // 60:02}:{n % 60:02}"}}, code: SELECT 1}}\n'
    for n in range(SCRIPTS)
)
WORKSPACE += f"""
dimension_tables:
  - name: {WIDE}
    schedule: {{at: "00:30"}}
    source: {{table: shop.s0, alias: s, where: "s.ds = '${{bizdate}}'"}}
    key: {{name: id, type: BIGINT, expression: s.id}}
    attributes:
""" + "".join(f"      - {{name: attribute_{n:03}, type: STRING, expression: s.a{n}}}\n" for n in range(FIELDS))


@pytest.fixture(scope="module")
def wide(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with more scripts than one window of the list has, at 00:20 of a run date."""
    started = Server(tmp_path_factory.mktemp("wide") / "home").start()
    started.token("admin")
    with administration(started.home) as world:
        passwords.put(world, "ALIYUN$admin", PASSWORD)
    made = Stage(started, {"wide.yaml": WORKSPACE}, environments=("PROD", "DEV"))
    night = House(made, RestDoor(made.rest.client), made.next_run_date(), project="finance_reconciliation_core")
    night.at("00:20").finish(LONG).at("00:25")
    yield started
    made.close()
    started.stop()


@pytest.fixture
def console(browser: Browser, wide: Server) -> Iterator[Console]:
    opened = Console(browser, wide.ready["rest_url"], reduced_motion="reduce")
    opened.let_in("admin", PASSWORD)
    yield opened
    opened.close()


def heads(page: Page) -> list[str]:
    texts = page.get_by_role("columnheader").all_inner_texts()
    return [text for text in texts if text.strip() not in ("", "Operations", "操作")]


def test_filters_are_in_the_address_and_taken_out_one_by_one(console: Console) -> None:
    page = console.open("/instances?tab=scripts")
    foot = page.locator(".page-foot")
    expect(foot).to_contain_text(f"of {SCRIPTS + 1} instances")

    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_role("menuitem", name="Due").click()
    page.get_by_role("button", name="Due Any").click()
    panel = page.get_by_role("dialog", name="Due")
    panel.get_by_label("From", exact=True).fill("2026-03-02")
    panel.get_by_label("From, time of the day").fill("1:30")
    panel.get_by_label("From, time of the day").press("Enter")
    panel.get_by_label("To", exact=True).fill("2026-03-02")
    panel.get_by_label("To, time of the day").fill("01:40")
    panel.get_by_label("To, time of the day").press("Enter")
    expect(page).to_have_url(re.compile("due_from=2026-03-02T01%3A30.*due_to=2026-03-02T01%3A40"))
    assert console.serious_violations() == []
    page.keyboard.press("Escape")
    expect(foot).to_contain_text("1–10 of 10 instances")  # 01:30 to 01:39

    page.get_by_role("button", name=re.compile("^Owner")).click()
    page.get_by_role("dialog", name="Owner").get_by_role("checkbox", name="admin (Me)").click()
    page.keyboard.press("Escape")
    expect(foot).to_contain_text("of 4 instances")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_role("menuitem", name="Origin").click()
    page.get_by_role("button", name=re.compile("^Origin")).click()
    page.get_by_role("dialog", name="Origin").get_by_role("checkbox", name="Backfill").click()
    page.keyboard.press("Escape")
    none = page.get_by_role("heading", name=re.compile("^No instance fits"))
    expect(none).to_have_text(
        "No instance fits Owner admin · Origin Backfill · Due 2026-03-02 01:30 – 2026-03-02 01:40"
    )

    page.reload()
    expect(none).to_be_visible()
    page.get_by_role("button", name="Remove the filter Origin").click()
    expect(foot).to_contain_text("of 4 instances")
    page.get_by_role("button", name="Remove the filter Due").click()
    expect(page).to_have_url(re.compile(r"/instances\?tab=scripts&owner=admin$"))
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(page).to_have_url(re.compile(r"/instances\?tab=scripts$"))
    expect(foot).to_contain_text(f"of {SCRIPTS + 1} instances")


def test_quick_filters_and_chips(console: Console) -> None:
    page = console.open("/instances?tab=scripts")
    chips = page.get_by_role("group", name="Quick filters")
    chips.get_by_role("button", name="Succeeded 1").click()
    expect(page).to_have_url(re.compile("status=SUCCEEDED"))
    expect(page.locator(".page-foot")).to_contain_text("1–1 of 1 instances")
    expect(console.row(LONG)).to_be_visible()
    chips.get_by_role("button", name="Succeeded 1").click()
    chips.get_by_role("button", name=re.compile("^My unfinished")).click()
    expect(page).to_have_url(re.compile("mine=unfinished"))
    expect(chips.get_by_role("button", name=re.compile("^My unfinished"))).to_have_attribute("aria-pressed", "true")
    chips.get_by_role("button", name=re.compile("^Late")).click()
    expect(page).to_have_url(re.compile("late=true"))
    expect(page.get_by_role("heading", name="No instance fits My unfinished · Late")).to_be_visible()
    page.get_by_role("button", name="Reset filters").click()
    expect(page).to_have_url(re.compile(r"/instances\?tab=scripts$"))


def test_rows_come_in_the_order_of_a_named_column(console: Console) -> None:
    page = console.open("/instances?tab=scripts")
    first = page.locator(".instance-name a").first
    page.get_by_role("button", name="Instance object").click()
    expect(page).to_have_url(re.compile("sort=name&order=desc"))
    expect(page.get_by_role("columnheader", name="Instance object")).to_have_attribute("aria-sort", "descending")
    expect(page.locator(".instance-name").first).to_contain_text(f"script_{SCRIPTS - 1}")
    page.get_by_role("button", name="Instance object").click()
    expect(first).to_have_accessible_name(LONG)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page).to_have_url(re.compile("sort=start"))
    expect(first).to_have_accessible_name(LONG)  # the only one that has started


def test_all_that_match_are_selected_and_rows_found_by_number(console: Console) -> None:
    page = console.open("/instances?tab=scripts&sort=name&order=asc")
    page.get_by_role("checkbox", name="Select all instances that match").click()
    bar = page.get_by_role("toolbar", name="Batch operations")
    expect(bar).to_contain_text(f"{SCRIPTS + 1} selected")
    expect(bar.get_by_role("button", name=re.compile("^Pause"))).to_contain_text(f"{SCRIPTS} of {SCRIPTS + 1}")
    bar.get_by_role("button", name="Clear the selection").click()
    expect(bar).to_have_count(0)
    page.keyboard.press("Control+g")
    page.get_by_label(f"Row, 1 to {SCRIPTS + 1}").fill(str(SCRIPTS - 9))
    page.keyboard.press("Enter")
    expect(console.row(f"script_{SCRIPTS - 11}")).to_be_in_viewport()
    expect(page.locator(".page-foot")).to_contain_text(f"of {SCRIPTS + 1} instances")
    page.keyboard.press("x")
    expect(bar).to_contain_text("1 selected")


def test_what_has_the_focus_does_not_become_that_of_another_row(console: Console) -> None:
    page = console.open("/instances?tab=scripts&sort=name&order=asc")
    console.row(LONG).get_by_role("link", name="View Run Log").focus()
    grid = page.locator(".grid")
    grid.evaluate("grid => { grid.scrollTop = 3200 }")
    expect(console.row(LONG)).to_have_count(0)
    expect(grid).to_be_focused()


def test_columns_and_widths_are_kept(console: Console) -> None:
    page = console.open("/instances")
    expect(console.row(WIDE)).to_contain_text("财务对账")
    grip = page.get_by_role("separator", name="Width of Project")
    before = int(grip.get_attribute("aria-valuenow") or 0)
    grip.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(grip).to_have_attribute("aria-valuenow", str(before + 24))
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("menuitemcheckbox", name="Tags").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="Tags")).to_have_count(0)
    page.reload()
    expect(grip).to_have_attribute("aria-valuenow", str(before + 24))
    expect(page.get_by_role("columnheader", name="Tags")).to_have_count(0)
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("menuitem", name="Reset columns and widths").click()
    expect(page.get_by_role("columnheader", name="Tags")).to_be_visible()
    expect(grip).to_have_attribute("aria-valuenow", str(before))


def test_names_and_operations_stay_while_the_table_is_scrolled_sideways(console: Console) -> None:
    page = console.open("/instances?tab=scripts&sort=name&order=asc")
    page.set_viewport_size({"width": 1100, "height": 700})
    row = console.row(LONG)
    expect(row).to_be_visible()
    name, operations = row.get_by_role("link", name=LONG, exact=True), row.get_by_role("button", name="More operations")
    left = name.bounding_box()
    page.locator(".grid").evaluate("grid => { grid.scrollLeft = grid.scrollWidth }")
    expect(row.get_by_role("cell").filter(has_text="a_tag_with")).to_be_in_viewport()
    assert name.bounding_box() == left and left is not None
    box = operations.bounding_box()
    assert box is not None and box["x"] + box["width"] <= 1100
    assert (
        left["height"] <= 32 and (name.get_attribute("title") or name.locator("[title]").get_attribute("title")) == LONG
    )


def test_a_narrow_window_keeps_what_matters(console: Console) -> None:
    page = console.open("/instances")
    page.set_viewport_size({"width": 800, "height": 900})
    expect(page.get_by_role("columnheader", name="Project")).to_have_count(0)
    expect(page.get_by_role("columnheader", name="Due")).to_be_visible()
    assert heads(page) == ["Instance object", "Running status", "Due"]
    assert page.locator(".grid").evaluate("grid => grid.scrollWidth <= grid.clientWidth")
    expect(console.row(WIDE).get_by_role("button", name="More operations")).to_be_in_viewport()
    page.get_by_role("button", name="Columns").click()
    expect(page.get_by_role("menuitem", name=re.compile("^Owner"))).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Escape")
    # The navigation is a rail of icons that still have their names.
    box = page.get_by_role("navigation", name="Main").bounding_box()
    assert box is not None and box["width"] <= 49
    expect(page.get_by_role("link", name="Recurring tasks")).to_be_visible()


def test_two_hundred_fields_are_found_in_the_popover(console: Console) -> None:
    page = console.open("/instances")
    console.row(WIDE).get_by_role("button", name=re.compile(rf"^{FIELDS} fields")).click()
    popover = page.get_by_role("dialog", name=f"Fields of {WIDE}")
    popover.get_by_placeholder("Find a field").fill("attribute_19")
    expect(popover).to_contain_text("attribute_199")
    assert console.serious_violations() == []
    page.keyboard.press("Escape")  # empties the search
    page.keyboard.press("Escape")
    expect(popover).to_have_count(0)


def test_development_is_generated_and_not_scheduled(console: Console) -> None:
    page = console.open("/instances?env=dev&bizdate=all")
    expect(page.get_by_text("Development: generated, not scheduled")).to_be_visible()
    expect(console.row(WIDE).get_by_role("button", name=re.compile("fields not running"))).to_be_visible()
    chips = page.get_by_role("group", name="Quick filters")
    expect(chips.get_by_role("button", name=re.compile("^Late"))).to_have_count(0)
    page = console.open("/?env=dev")
    expect(page.get_by_text("Development is generated, not scheduled: its instances run")).to_be_visible()
    page.goto(console.base + "/instances?env=dev&bizdate=20200101")
    expect(page.get_by_role("heading", name="No instance fits Data date 2020-01-01")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_list_in_chinese(browser: Browser, wide: Server, theme: str) -> None:
    console = Console(browser, wide.ready["rest_url"], locale="zh-CN", color_scheme=theme, reduced_motion="reduce")
    console.let_in("admin", PASSWORD)
    page = console.open("/instances")
    row = console.row(WIDE)
    expect(row).to_contain_text("财务对账")
    assert heads(page)[:5] == ["实例对象", "运行状态", "调度周期", "业务日期", "定时时间"]
    # No head is cut: Chinese has no shorter words to fall back on.
    cut = "heads => heads.filter((head) => head.scrollWidth > head.clientWidth).map((head) => head.textContent)"
    assert page.locator("thead th").evaluate_all(cut) == []
    row.get_by_role("button", name="更多操作").click()
    menu = page.get_by_role("menu")
    for name in ("查看甘特图", "重跑下游", "置成功并继续调度", "强制重跑", "修改优先级"):
        expect(menu.get_by_role("menuitem", name=name).first).to_be_visible()
    assert console.serious_violations() == []
    page.keyboard.press("Escape")
    for filter in ("业务日期", "负责人", "项目"):
        page.get_by_role("button", name=re.compile(f"^{filter}")).first.click()
        dialog = page.get_by_role("dialog", name=filter)
        expect(dialog).to_be_visible()
        assert console.serious_violations() == []
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
    page.get_by_role("button", name="列设置").click()
    assert console.serious_violations() == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu").or_(page.get_by_role("dialog"))).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("重跑下游")
    english = re.compile(r"\b(Rerun|Pause|Filter|Instances?|Refresh|Columns)\b")
    assert not english.findall(page.locator("body").inner_text())
    console.close()
