"""How the built console is served: which file, kept how long, in which encoding, under which policy."""

from __future__ import annotations

import asyncio
import gzip
import re
from pathlib import Path

import httpx
import pytest

from taskhouse.protocols.console.site import NONCE_PLACE, ConsoleSite, ToConsole

PAGE = (
    b"<!doctype html><meta name=style-nonce content="
    + NONCE_PLACE
    + b"><script src=/console/assets/index-1.js></script>"
)


@pytest.fixture
def static(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_bytes(PAGE)
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "index-1.js").write_text("plain")
    (folder / "assets" / "index-1.js.gz").write_bytes(gzip.compress(b"plain"))
    (folder / "assets" / "index-1.js.br").write_bytes(b"brotli")
    (folder / "assets" / "font-1.woff2").write_bytes(b"font")
    (tmp_path / "secret.json").write_text("{}")
    return folder


def ask(site: object, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app=site)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return await client.request(method, path, headers={"accept-encoding": "identity"} | headers)

    return asyncio.run(request())


@pytest.mark.parametrize(
    "path", ["/console/", "/console/instances", "/console/instances/7/dag", "/console/tasks/shop.A"]
)
def test_every_address_of_the_console_is_its_page(static: Path, path: str) -> None:
    answer = ask(ConsoleSite(static), path)
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


def test_the_page_forbids_whatever_is_not_its_own(static: Path) -> None:
    first, second = (ask(ConsoleSite(static), "/console/") for _ in range(2))
    policy = dict(part.partition(" ")[::2] for part in first.headers["content-security-policy"].split("; "))
    assert (
        policy["default-src"] == "'none'" and policy["script-src"] == "'self'" and policy["frame-ancestors"] == "'none'"
    )
    assert not re.search(r"unsafe|https?:|\*", first.headers["content-security-policy"])
    nonce = re.search(r"content=([\w-]+)>", first.text)
    assert nonce is not None and f"'nonce-{nonce[1]}'" in policy["style-src"] and nonce[1] not in second.text
    assert first.headers["x-content-type-options"] == "nosniff" and first.headers["referrer-policy"] == "same-origin"


def test_files_with_a_hash_are_kept_for_good_and_sent_packed(static: Path) -> None:
    site = ConsoleSite(static)
    plain = ask(site, "/console/assets/index-1.js")
    assert (plain.text, plain.headers["content-type"]) == ("plain", "text/javascript; charset=utf-8")
    assert (
        plain.headers["cache-control"] == "public, max-age=31536000, immutable"
        and plain.headers["vary"] == "accept-encoding"
    )
    gzipped = ask(site, "/console/assets/index-1.js", **{"accept-encoding": "deflate, GZIP;q=0.8"})
    assert (gzipped.headers["content-encoding"], gzipped.text) == ("gzip", "plain")
    assert ask(site, "/console/assets/index-1.js", **{"accept-encoding": "br;q=0, gzip;q=0"}).text == "plain"
    head = ask(site, "/console/assets/index-1.js", "HEAD", **{"accept-encoding": "gzip, br"})
    assert head.headers["content-encoding"] == "br" and head.content == b"" and head.headers["content-length"] == "6"
    font = ask(site, "/console/assets/font-1.woff2", **{"accept-encoding": "gzip"})
    assert font.headers["content-type"] == "font/woff2" and "content-encoding" not in font.headers
    assert ask(site, "/console/favicon.svg").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/console/assets/gone-2.js",
        "/console/assets/%2e%2e/%2e%2e/secret.json",
        "/console/assets//etc/passwd.txt",
        "/console/assets/index-1.js.gz",
        "/console/assets/index-1.js/x.js",
        "/console/assets/.json",
    ],
)
def test_what_is_no_file_of_the_build_is_not_there(static: Path, path: str) -> None:
    assert ask(ConsoleSite(static), path).status_code == 404


def test_files_beside_the_build_are_not_reached(static: Path) -> None:
    site = ConsoleSite(static)
    for name in (
        "../secret.json",
        "assets/../../secret.json",
        "/etc/hostname.txt",
        "..",
        "assets/..",
        "",
        "assets/a\x00.js",
        "a" * 300 + ".js",
        "a/" * 5000 + "x.js",
    ):
        assert site._file(name, "") is None


def test_it_is_for_reading(static: Path) -> None:
    answer = ask(ConsoleSite(static), "/console/", "POST")
    assert answer.status_code == 405 and answer.headers["allow"] == "GET, HEAD"


def test_addresses_that_lead_to_it(static: Path) -> None:
    root = ask(ToConsole(), "/")
    assert (root.status_code, root.headers["location"]) == (307, "/console/")
    bare = ask(ConsoleSite(static), "/console")
    assert (bare.status_code, bare.headers["location"]) == (308, "/console/")


def test_a_console_that_was_not_built_says_so(tmp_path: Path) -> None:
    answer = ask(ConsoleSite(tmp_path / "none"), "/console/instances")
    assert answer.status_code == 503 and "make setup" in answer.text and "Node" in answer.text
    assert ask(ConsoleSite(tmp_path / "none"), "/console/assets/index-1.js").status_code == 404
