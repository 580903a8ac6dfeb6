/**
 * Texts that are not saved yet. They stay while other pages are looked at, so that looking something up elsewhere in the console loses nothing; leaving the
 * console asks first.
 */
import { useSyncExternalStore } from "react";
import type { Schemas } from "../api/client";

/** `text` null: the file shall go. `etag` of the file as it was read, "" for a new one. */
export interface Draft {
  text: string | null;
  etag: string;
}

export type Drafts = ReadonlyMap<string, Draft>;

let kept: Drafts = new Map();
let owner = "";
const listeners = new Set<() => void>();

function change(next: Drafts): void {
  if (next.size > 0 !== kept.size > 0) {
    if (next.size > 0) window.addEventListener("beforeunload", ask);
    else window.removeEventListener("beforeunload", ask);
  }
  kept = next;
  for (const listener of listeners) listener();
}

function ask(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Drafts of one user are nobody else's. */
export function useDrafts(user: string): Drafts {
  return useSyncExternalStore(subscribe, () => {
    if (owner !== user) {
      owner = user;
      kept = new Map();
      window.removeEventListener("beforeunload", ask);
    }
    return kept;
  });
}

export function setDraft(path: string, draft: Draft | null): void {
  change(withDraft(kept, path, draft));
}

export function dropDrafts(paths: Iterable<string>): void {
  const next = new Map(kept);
  for (const path of paths) next.delete(path);
  change(next);
}

export function withDraft(drafts: Drafts, path: string, draft: Draft | null): Drafts {
  const next = new Map(drafts);
  if (draft) next.set(path, draft);
  else next.delete(path);
  return next;
}

/** What an input makes of a draft: none when the file has this text anyway. */
export function typed(draft: Draft | undefined, file: { text: string; etag: string } | undefined, text: string) {
  const etag = draft?.etag ?? file?.etag ?? "";
  return file && file.etag === etag && file.text === text ? null : { text, etag };
}

export function editsOf(drafts: Drafts): Schemas["EditBody"][] {
  return [...drafts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, draft]) => ({ path, ...draft }));
}

/** Drafts of files that are not any more as they were read. */
export function conflictsOf(drafts: Drafts, files: readonly { path: string; etag: string }[]): string[] {
  const now = new Map(files.map((each) => [each.path, each.etag]));
  return [...drafts].filter(([path, draft]) => (now.get(path) ?? "") !== draft.etag).map(([path]) => path);
}

/** The file that defines a task, with the line. */
export function definitionOf(files: readonly Schemas["FileLine"][], task: string) {
  for (const file of files) {
    const found = file.tasks.find((each) => each.id === task);
    if (found) return { file: file.path, line: found.line };
  }
  return null;
}
