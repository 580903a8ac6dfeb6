/* Logview's small script: theme, copying, local times, and fresh content while the instance runs.
   Everything it does is an addition; the page is complete without it. */
"use strict";
(() => {
  const root = document.documentElement;
  const kept = (() => { try { return localStorage.getItem("taskhouse-theme"); } catch { return null; } })();
  const asked = new URLSearchParams(location.search).get("theme");
  if (asked === "light" || asked === "dark") root.dataset.theme = asked;
  else if (kept) root.dataset.theme = kept;

  const two = (n) => String(n).padStart(2, "0");
  const clock = (d) => `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  const day = (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;

  function localTimes(scope) {
    for (const el of scope.querySelectorAll("time[datetime]")) {
      const at = new Date(el.dateTime);
      const today = day(at) === day(new Date());
      el.textContent = today ? clock(at) : `${day(at)} ${clock(at)}`;
      el.title = `${day(at)} ${clock(at)} local time, ${at.toISOString()}`;
    }
  }

  function live(text, lost) {
    const el = document.getElementById("live");
    if (!el) return;
    el.textContent = text;
    el.classList.toggle("lost", Boolean(lost));
  }

  async function copy(button) {
    const from = document.getElementById(button.dataset.copy);
    const text = from.dataset.text || from.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(from);
      const selection = getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
      document.execCommand("copy");
    }
    const before = button.getAttribute("aria-label");
    button.setAttribute("aria-label", "Copied");
    button.classList.add("done");
    setTimeout(() => { button.setAttribute("aria-label", before); button.classList.remove("done"); }, 1200);
  }

  /* Replace only the parts that changed, so that scroll positions, selections and open details stay. */
  function renew(fresh) {
    const page = new DOMParser().parseFromString(fresh, "text/html");
    for (const part of page.querySelectorAll("[data-part]")) {
      const old = document.querySelector(`[data-part="${part.dataset.part}"]`);
      if (old && old.innerHTML !== part.innerHTML && old.dataset.shown !== part.innerHTML) {
        const open = [...old.querySelectorAll("details")].map((d) => d.open);
        old.dataset.shown = part.innerHTML;
        old.replaceChildren(...[...part.childNodes].map((n) => document.importNode(n, true)));
        old.querySelectorAll("details").forEach((d, i) => { d.open = open[i] ?? d.open; });
        localTimes(old);
      }
    }
    return page.querySelector("main").dataset.final === "true";
  }

  async function follow() {
    let pause = 1000;
    for (;;) {
      await new Promise((go) => setTimeout(go, pause));
      if (document.hidden) continue;
      try {
        const reply = await fetch(location.href, { cache: "no-store", credentials: "omit" });
        if (!reply.ok) throw new Error(String(reply.status));
        const final = renew(await reply.text());
        document.getElementById("main").dataset.final = String(final);
        if (final) return live("Finished");
        live(`Live, ${clock(new Date())}`);
        pause = 1000;
      } catch {
        pause = Math.min(pause * 2, 15000);
        live(`No answer since ${clock(new Date())}, trying again`, true);
      }
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    localTimes(document);
    document.body.classList.add("scripted");
    document.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if (button.dataset.copy) copy(button);
      if (button.id === "theme") {
        const dark = getComputedStyle(root).colorScheme === "dark" ||
          (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
        root.dataset.theme = dark ? "light" : "dark";
        try { localStorage.setItem("taskhouse-theme", root.dataset.theme); } catch { /* private window */ }
      }
    });
    const main = document.getElementById("main");
    if (main && main.dataset.final === "false") follow();
  });
})();
