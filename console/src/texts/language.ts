import { useSyncExternalStore } from "react";

export type Language = "en" | "zh";

export const LANGUAGES: readonly { value: Language; label: string }[] = [
  { value: "en", label: "English" },
  { value: "zh", label: "中文" },
];

const KEY = "taskhouse.language";
const listeners = new Set<() => void>();
// Also imported where there is no browser, by tests.
let current: Language = first(globalThis.localStorage?.getItem(KEY) ?? null, globalThis.navigator?.languages ?? []);
if (globalThis.document) document.documentElement.lang = tag(current);

/** The language kept by the user, else the first of the browser's that there is, else English. */
export function first(kept: string | null, wanted: readonly string[]): Language {
  if (kept === "en" || kept === "zh") return kept;
  for (const each of wanted) {
    const its = each.toLowerCase().split("-")[0];
    if (its === "en" || its === "zh") return its;
  }
  return "en";
}

export function tag(language: Language): string {
  return language === "zh" ? "zh-CN" : "en";
}

export function language(): Language {
  return current;
}

export function setLanguage(next: Language): void {
  localStorage.setItem(KEY, next);
  show(next);
}

function show(next: Language): void {
  current = next;
  document.documentElement.lang = tag(next);
  for (const listener of listeners) listener();
}

// Chosen in another tab.
globalThis.window?.addEventListener("storage", ({ key, newValue }) => {
  if (key === KEY && (newValue === "en" || newValue === "zh")) show(newValue);
});

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, language);
}
