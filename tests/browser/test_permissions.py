"""Who may only look: refused in the interface, and by the server whatever the interface says."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD
from tests.browser.console import Console
from tests.scenarios.stage import House


def test_an_analyst_sees_why_she_may_not_operate(visitor: Console, night: House) -> None:
    page = visitor.open("/instances")
    expect(visitor.row("A")).to_be_visible()
    expect(visitor.row("A").get_by_role("button", name="Rerun", exact=True)).to_have_attribute("aria-disabled", "true")
    visitor.row("A").get_by_role("button", name="More operations").click()
    for name in ("Rerun Downstream", "Set To Success & Resume", "Pause", "Modify Priority"):
        entry = page.get_by_role("menuitem", name=re.compile(f"^{name}"))
        expect(entry).to_have_attribute("aria-disabled", "true")
        expect(entry).to_contain_text(re.compile("may not|permission|only", re.IGNORECASE))
    page.keyboard.press("Escape")


def test_the_server_refuses_an_analyst(visitor: Console, night: House) -> None:
    body = {"operation": "RERUN", "targets": [{"instance": night.instances["A"], "fields": ["t3"]}], "options": {}}
    path = f"{visitor.rest_url}/operations"
    headers = {"X-CSRF-Token": visitor.csrf}
    preview = visitor.context.request.post(f"{path}/preview", data=body, headers=headers)
    assert preview.status == 200 and not preview.json()["accepted"]
    refusal = visitor.context.request.post(
        f"{path}/apply", data=body | {"digest": preview.json()["digest"]}, headers=headers
    )
    assert refusal.status == 403 and refusal.json()["code"].startswith("FORBIDDEN")
    assert night.status("C") == "FAILED"


def test_nobody_operates_without_the_csrf_token(console: Console, night: House) -> None:
    body = {"operation": "PAUSE", "targets": [{"instance": night.instances["E"]}], "options": {}}
    answer = console.context.request.post(f"{console.rest_url}/operations/preview", data=body)
    assert answer.status == 403


def test_a_wrong_password_does_not_open_the_console(outside: Console) -> None:
    page = outside.open("/instances?status=FAILED")
    expect(page).to_have_url(re.compile("/console/sign-in"))
    assert outside.serious_violations() == []
    outside.sign_in("admin", "not the password")
    expect(page.get_by_role("alert")).to_contain_text("The name or the password is wrong.")
    outside.errors.clear()  # the browser reports the refused request by itself
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
