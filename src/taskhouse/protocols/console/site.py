"""The built console under `/console/`: files that never change, and one page for every address of the console's own.

Files below `assets/` carry a hash of their content in their name, so browsers keep them for good; the page is asked for each time. What can be
compressed was compressed when it was built. Nothing comes from other servers, and the page forbids it (`Content-Security-Policy`).
"""

from __future__ import annotations

import asyncio
import re
import secrets
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response

CONSOLE_PATH = "/console"
STATIC = Path(__file__).parent / "static"
NONCE_PLACE = b"style-nonce-of-this-answer"
"""Stands in the built page where the nonce of each answer goes: the editor makes style sheets that need it."""

_NAME = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]*/)*[A-Za-z0-9_][A-Za-z0-9._-]*")
_MAX_NAME = 200
"""Characters; a disk refuses names that are much longer."""
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Taskhouse</title>
<h1>The console was not built</h1>
<p>This server runs from its sources. <code>make setup</code> builds the console; it needs Node 20.19 or newer, once. The packages of
Taskhouse contain it ready built. Everything else works: the command line, the REST API, and MaxCompute clients.</p></html>"""


class ConsoleSite:
    """ASGI application for paths below `/console`. `static`: the folder that the console was built into."""

    def __init__(self, static: Path = STATIC) -> None:
        self._static = static

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        answer = await self._answer(scope["method"], scope["path"], Headers(scope=scope))
        for name, value in _ALWAYS.items():
            answer.headers.setdefault(name, value)
        await answer(scope, receive, send)

    def retire(self) -> None:
        pass

    def close(self) -> None:
        pass

    async def _answer(self, method: str, path: str, headers: Headers) -> Response:
        if method not in ("GET", "HEAD"):
            return Response("not allowed here\n", 405, {"allow": "GET, HEAD"}, "text/plain")
        if path == CONSOLE_PATH:
            return RedirectResponse(CONSOLE_PATH + "/", 308)
        name = path.removeprefix(CONSOLE_PATH + "/")
        loop = asyncio.get_running_loop()
        file = await loop.run_in_executor(None, self._file, name, headers.get("accept-encoding", ""))
        if file is not None:
            return file
        if name.startswith("assets/"):
            # Of a build that is not this one: the page that asks for it is reloaded by the console.
            return Response("there is no such file\n", 404, {"cache-control": "no-store"}, "text/plain")
        return await loop.run_in_executor(None, self._page)

    def _file(self, name: str, accepted: str) -> Response | None:
        kind = _TYPES.get(Path(name).suffix)
        if kind is None or len(name) > _MAX_NAME or not _NAME.fullmatch(name):
            return None
        path = self._static / name
        headers = {
            "cache-control": "public, max-age=31536000, immutable" if name.startswith("assets/") else "no-cache",
            "vary": "accept-encoding",
        }
        try:
            for encoding, suffix in _ENCODINGS:
                packed = path.with_name(path.name + suffix)
                if _takes(accepted, encoding) and packed.is_file():
                    return Response(packed.read_bytes(), 200, headers | {"content-encoding": encoding}, kind)
            return Response(path.read_bytes(), 200, headers, kind)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def _page(self) -> Response:
        nonce = secrets.token_urlsafe(16)
        headers = {"cache-control": "no-cache", "content-security-policy": _policy(nonce)}
        try:
            page = (self._static / "index.html").read_bytes()
        except FileNotFoundError:
            return Response(_NOT_BUILT, 503, headers, "text/html; charset=utf-8")
        return Response(page.replace(NONCE_PLACE, nonce.encode()), 200, headers, "text/html; charset=utf-8")


class ToConsole:
    """ASGI application for `/`: leads to the console."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await RedirectResponse(CONSOLE_PATH + "/", 307)(scope, receive, send)

    def retire(self) -> None:
        pass

    def close(self) -> None:
        pass


def _policy(nonce: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "worker-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _takes(accepted: str, encoding: str) -> bool:
    """Whether an `Accept-Encoding` admits an encoding by its name."""
    for part in accepted.split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() == encoding:
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
