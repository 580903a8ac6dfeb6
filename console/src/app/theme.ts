import { useSyncExternalStore } from "react";

/** `system`: as the machine says. */
export type Theme = "system" | "light" | "dark";

const KEY = "taskhouse.theme";
const listeners = new Set<() => void>();
let current = read(globalThis.localStorage?.getItem(KEY) ?? null);
if (globalThis.document) show();

export function read(kept: string | null): Theme {
  return kept === "light" || kept === "dark" ? kept : "system";
}

function show(): void {
  if (current === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = current;
}

// Chosen in another tab.
globalThis.window?.addEventListener("storage", ({ key, newValue }) => {
  if (key !== KEY) return;
  current = read(newValue);
  show();
  for (const listener of listeners) listener();
});

export function setTheme(next: Theme): void {
  current = next;
  localStorage.setItem(KEY, next);
  show();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  const scheme = window.matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    scheme.removeEventListener("change", listener);
  };
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => current);
}

/** What is really shown; canvases read their colours anew when it changes. */
export function useDark(): boolean {
  return useSyncExternalStore(
    subscribe,
    () => current === "dark" || (current === "system" && window.matchMedia("(prefers-color-scheme: dark)").matches),
  );
}
