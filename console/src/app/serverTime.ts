import { useSyncExternalStore } from "react";

/** The time by which the server goes: the browser's clock only counts what has passed since the server said it, and nothing while it stands still. */
let said = 0;
let heard = 0;
let stands = true;
let timer: ReturnType<typeof setInterval> | undefined;
const watchers = new Set<() => void>();

function tell(): void {
  for (const watcher of watchers) watcher();
}

export function setServerTime(now: string, isStill: boolean): void {
  said = Date.parse(now);
  heard = performance.now();
  stands = isStill;
  tell();
}

/** In whole seconds (ms), so that what shows it changes once a second. */
export function serverTime(): number {
  const passed = stands ? 0 : performance.now() - heard;
  return Math.floor((said + passed) / 1000) * 1000;
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  timer ??= setInterval(tell, 1000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

export function useServerTime(): number {
  return useSyncExternalStore(watch, serverTime);
}
