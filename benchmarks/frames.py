"""What a page in Chromium does in time: when something could be seen, and how long its frames took."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from playwright.sync_api import BrowserContext, Page

_SCRIPT = """
(() => {
  const seen = {};
  window.watched = { seen, frames: [] };
  // A message that is sent in a frame is received when the frame has been painted.
  const afterPaint = (done) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done(performance.now());
    channel.port2.postMessage(null);
  });
  window.watched.whenSeen = (name, selector) => {
    const look = () => {
      if (!document.querySelector(selector)) return;
      watcher.disconnect();
      afterPaint((at) => { seen[name] = at; });
    };
    const watcher = new MutationObserver(look);
    watcher.observe(document, { childList: true, subtree: true });
  };
  window.watched.begin = () => {
    const frames = (window.watched.frames = []);
    let last = 0;
    const each = (at) => {
      if (frames !== window.watched.frames) return;
      if (last) frames.push(at - last);
      last = at;
      requestAnimationFrame(each);
    };
    requestAnimationFrame(each);
  };
  window.watched.end = () => {
    const { frames } = window.watched;
    window.watched.frames = null;
    return frames;
  };
})();
"""


class Frames(NamedTuple):
    """Milliseconds from one frame to the next."""

    p50: float
    p95: float
    most: float


def watch(context: BrowserContext, **selectors: str) -> None:
    """Pages of the context note when something that a selector finds could first be seen."""
    wanted = "".join(f"window.watched.whenSeen({name!r}, {selector!r});" for name, selector in selectors.items())
    context.add_init_script(_SCRIPT + wanted)


def seen(page: Page, name: str) -> float:
    """When it could first be seen, in milliseconds since the navigation: the frame that shows it had been painted."""
    page.wait_for_function("(name) => window.watched.seen[name] !== undefined", arg=name, timeout=60_000)
    return float(page.evaluate("(name) => window.watched.seen[name]", name))


def arrived(page: Page, path: str) -> float:
    """When the first answer to a request whose address ends like this had come whole, in milliseconds since the navigation."""
    script = """(path) => performance.getEntriesByType("resource")
        .filter((each) => new RegExp(path).test(each.name)).map((each) => each.responseEnd)[0]"""
    return float(page.evaluate(script, path))


def during(page: Page, work: Callable[[], Any]) -> Frames:
    """Frames of the page while something is done to it."""
    page.evaluate("window.watched.begin()")
    work()
    times = sorted(page.evaluate("window.watched.end()"))
    if not times:
        raise SystemExit("the page painted no frame")
    return Frames(times[len(times) // 2], times[int(len(times) * 0.95)], times[-1])
