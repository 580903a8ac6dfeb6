import { useEffect, useState } from "react";
import type { Status } from "../status/status";

export interface Palette {
  surface: string;
  sunken: string;
  line: string;
  ink: string;
  ink2: string;
  ink3: string;
  ink4: string;
  status: Record<Status, string>;
  font: string;
}

const HUES: Record<Status, string> = {
  succeeded: "--ok-f",
  failed: "--fail-f",
  running: "--run-f",
  waiting: "--wait-f",
  throttled: "--wait-f",
  resources: "--wait-f",
  notRunning: "--idle-f",
  paused: "--hold-f",
  warning: "--warn-f",
  safe: "--ok-f",
  broken: "--fail-f",
};

function read(): Palette {
  // Only as the colour of something does a token become the one of the present theme.
  const probe = document.createElement("i");
  probe.hidden = true;
  document.body.append(probe);
  const style = getComputedStyle(probe);
  const colour = (token: string) => {
    probe.style.color = `var(${token})`;
    return style.color;
  };
  const status = Object.fromEntries(Object.entries(HUES).map(([name, token]) => [name, colour(token)]));
  const found: Palette = {
    surface: colour("--surface"),
    sunken: colour("--sunken"),
    line: colour("--line-2"),
    ink: colour("--ink"),
    ink2: colour("--ink-2"),
    ink3: colour("--ink-3"),
    ink4: colour("--ink-4"),
    status: status as Record<Status, string>,
    font: getComputedStyle(document.body).fontFamily,
  };
  probe.remove();
  return found;
}

/** Colours of the theme for what is drawn on a canvas; they follow it. */
export function usePalette(): Palette {
  const [palette, setPalette] = useState(read);
  useEffect(() => {
    const again = () => setPalette(read());
    const watcher = new MutationObserver(again);
    watcher.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", again);
    return () => {
      watcher.disconnect();
      system.removeEventListener("change", again);
    };
  }, []);
  return palette;
}
