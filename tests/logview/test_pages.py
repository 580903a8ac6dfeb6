"""Logview over HTTP, as a browser and as a client see it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

FAILING = "set odps.sql.allow.fullscan=true;\nselect name, sepal_lenght\nfrom pyodps_iris;"


@pytest.fixture(scope="module")
def finished(live_client: Any, iris: str) -> Any:
    return live_client.execute_sql("select name, count(*) as cnt from pyodps_iris group by name order by name limit 10")


@pytest.fixture(scope="module")
def failed(live_client: Any, iris: str) -> Any:
    instance = live_client.run_sql(FAILING)
    instance.wait_for_completion()
    return instance


def _changed(address: str, **parameters: str) -> str:
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | parameters
    return requests.Request("GET", parts._replace(query="").geturl(), params=query).prepare().url or ""


def test_page_shows_status_query_stages_and_rows(finished: Any) -> None:
    reply = requests.get(finished.get_logview_address())
    assert reply.status_code == 200
    page = reply.text
    assert finished.id in page and "Succeeded" in page and 'data-final="true"' in page
    assert "<b>select</b>" in page
    assert "Iris-setosa" in page and "3 rows, all shown" in page
    assert "M1" in page and "Show the stages as a table" in page
    assert "http-equiv" not in page, "a finished instance needs no refresh"


def test_error_stands_at_its_line(failed: Any) -> None:
    page = requests.get(failed.get_logview_address()).text
    bad = re.search(r'<div class="ln bad">.*?role="alert">(.*?)</div>', page, re.DOTALL)
    assert bad is not None
    assert '<span class="gn">2</span>' in bad.group(0)
    assert "<u>sepal_lenght</u>" in bad.group(0)
    assert "[2,14]" in bad.group(1)


def test_nothing_comes_from_elsewhere_and_nothing_is_inline(finished: Any) -> None:
    reply = requests.get(finished.get_logview_address())
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert " style=" not in reply.text and "<style" not in reply.text and " onclick" not in reply.text
    sources = re.findall(r'(?:src|href)="([^"]*)"', reply.text)
    assert all(s.startswith(("/logview/", "/console/", "?", "#", "data:,")) for s in sources), sources
    assert re.findall(r"<script(?! src=)", reply.text) == []
    for name in re.findall(r'"(/logview/assets/[^"]*)"', reply.text):
        asset = requests.get(urlsplit(reply.url)._replace(path="", query="").geturl() + name)
        assert asset.status_code == 200 and "immutable" in asset.headers["Cache-Control"]


def test_rows_can_be_downloaded(finished: Any) -> None:
    page = requests.get(finished.get_logview_address())
    href = re.search(r'href="(/logview/csv[^"]*)"', page.text)
    assert href is not None
    base = urlsplit(page.url)._replace(path="", query="").geturl()
    reply = requests.get(base + href.group(1).replace("&amp;", "&"))
    assert reply.text.splitlines()[:2] == ['"name","cnt"', '"Iris-setosa",50']
    assert finished.id in reply.headers["Content-Disposition"]


def test_text_results_are_escaped(live_client: Any) -> None:
    instance = live_client.execute_sql("select '<script>alert(1)</script>' as x")
    page = requests.get(instance.get_logview_address()).text
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"token": "th1.bm90.aGluZw"}, 403, "is not valid"),
        ({"token": ""}, 403, "is not valid"),
        ({"i": "20200101000000000gnothing"}, 403, "opens another instance"),
        ({"p": "no_such_project"}, 403, "opens another instance"),
    ],
)
def test_address_that_does_not_open_the_instance_says_why(
    finished: Any, change: dict[str, str], status: int, said: str
) -> None:
    reply = requests.get(_changed(finished.get_logview_address(), **change))
    assert reply.status_code == status
    assert said in reply.text and "get_logview_address" in reply.text


def test_token_of_one_instance_opens_no_other(finished: Any, failed: Any) -> None:
    assert requests.get(_changed(finished.get_logview_address(), i=failed.id)).status_code == 403


def test_xflow_page_leads_to_its_sub_instances(live_client: Any, iris: str) -> None:
    live_client.delete_table("logview_ids", if_exists=True)
    parameters = {"inputTableName": iris, "outputTableName": "logview_ids"}
    instance = live_client.execute_xflow("AppendID", "algo_public", parameters)
    page = requests.get(instance.get_logview_address())
    (child,) = live_client.get_xflow_sub_instances(instance).values()
    href = re.search(rf'href="(\?[^"]*i={child.id}[^"]*)"', page.text)
    assert href is not None
    inside = requests.get(urlsplit(page.url)._replace(query="").geturl() + href.group(1).replace("&amp;", "&"))
    assert inside.status_code == 200 and "row_number" in inside.text


def _chromium() -> str:
    found = shutil.which("chromium")
    if not found:
        pytest.skip("chromium is not installed")
    return found


FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


@pytest.mark.parametrize("width", [1440, 480])
def test_browser_shows_the_page_and_runs_its_script(failed: Any, tmp_path: Path, width: int) -> None:
    command = [
        _chromium(),
        *FLAGS,
        f"--user-data-dir={tmp_path / 'profile'}",
        f"--window-size={width},900",
        "--dump-dom",
    ]
    done = subprocess.run(
        [*command, failed.get_logview_address()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert 'class="scripted"' in done.stdout
    assert re.search(r"<time [^>]*>\d\d:\d\d:\d\d</time>", done.stdout), "times are shown in the reader's zone"
    assert "sepal_lenght" in done.stdout
