"""The console as its users hold it: one window of a browser, read and used by roles and names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_MS = 8_000
"""For what the server and the browser do at once; a test that waits this long has failed."""

expect.set_options(timeout=PATIENCE_MS)


class Console:
    """`errors` are what the browser's console reported as errors, uncaught ones included, and requests to other hosts; `close` finds none."""

    def __init__(self, browser: Browser, rest_url: str, **options: Any) -> None:
        self.rest_url = rest_url
        self.base = re.sub(r"/api/v1/?$", "/console", rest_url)
        self.context: BrowserContext = browser.new_context(
            **{"viewport": {"width": 1440, "height": 900}, "locale": "en-US", "accept_downloads": True, **options}
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.csrf = ""
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.context.on("request", self._asked)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def close(self) -> None:
        self.context.close()
        assert not self.errors, self.errors

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.rest_url.removesuffix("/api/v1") + "/", "data:", "blob:")):
            self.errors.append(f"another host was asked: {request.url}")

    def sign_in(self, user: str, password: str) -> None:
        """As a person does."""
        self.page.goto(f"{self.base}/sign-in")
        self.page.get_by_label("User").fill(user)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def let_in(self, user: str, password: str) -> None:
        """Signed in before the first page opens. `csrf`: what requests of the session carry."""
        answer = self.context.request.post(f"{self.rest_url}/session", data={"user": user, "password": password})
        assert answer.ok, answer.text()
        self.csrf = str(answer.json()["csrf_token"])

    def open(self, path: str) -> Page:
        self.page.goto(self.base + path)
        return self.page

    # The list

    def row(self, name: str) -> Locator:
        """The line of an instance in the list."""
        return self.page.get_by_role("row").filter(has=self.page.get_by_role("link", name=name, exact=True))

    def more(self, name: str, *entries: str) -> None:
        """Opens the panel of an operation, or a page, through the menu of a line."""
        self.row(name).get_by_role("button", name="More operations").click()
        for entry in entries:
            self.page.get_by_role("menuitem", name=entry, exact=True).click()

    def row_of(self, field: str) -> Locator:
        """The line of a field on the page of an instance."""
        return self.page.get_by_role("row").filter(
            has=self.page.get_by_role("checkbox", name=f"Select {field}", exact=True)
        )

    # The panel of an operation

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("dialog")

    def confirm(self, label: str | re.Pattern[str], accepted: str) -> None:
        """Confirms the open operation with a button of this label, and reads what the toast says."""
        button = self.panel.get_by_role("button", name=label)
        expect(button).not_to_have_attribute("aria-disabled", "true")
        button.click()
        expect(self.page.get_by_text(accepted, exact=True)).to_be_visible(timeout=PATIENCE_MS)
        expect(self.panel).to_have_count(0)

    # Accessibility

    def serious_violations(self, *rules: str) -> list[str]:
        """What axe-core finds on the page as it is, from serious upwards: by all rules, or by some."""
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
        if rules:
            options["runOnly"] = list(rules)
        found = self.page.evaluate(
            "async (options) => (await axe.run({exclude: ['[data-base-ui-focus-guard]']}, options)).violations"
            ".filter((each) => ['serious', 'critical'].includes(each.impact))"
            ".map((each) => each.id + ': ' + each.nodes.slice(0, 6).map((node) => node.html.slice(0, 200)).join(' | '))",
            options,
        )
        return list(found)
