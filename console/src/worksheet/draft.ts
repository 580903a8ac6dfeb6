/** What is written, and how the page was left, outlives a reload, in this browser only. */

import type { Origin } from "./marks";

type Reading = Pick<Storage, "getItem"> | undefined;
type Writing = Pick<Storage, "setItem"> | undefined;

const TEXT = "taskhouse.worksheet";
const PROJECT = "taskhouse.worksheet.project";
const SENT = "taskhouse.worksheet.sent";
const BROWSING = "taskhouse.worksheet.tables";
const MOST = 200_000;

function read(storage: Reading, key: string): string {
  try {
    return storage?.getItem(key) ?? "";
  } catch {
    return "";
  }
}

function write(storage: Writing, key: string, text: string): void {
  try {
    storage?.setItem(key, text);
  } catch {
    // Full, or not allowed: it is then only in the page.
  }
}

export function kept(storage: Reading): string {
  return read(storage, TEXT);
}

export function keep(storage: Writing, text: string): void {
  if (text.length <= MOST) write(storage, TEXT, text);
}

/** The run that was started from the text, and where in the text that began which was run. */
export interface Sent extends Origin {
  id: string;
}

export function keepSent(storage: Writing, sent: Sent): void {
  write(storage, SENT, [sent.id, sent.line, sent.column].join(" "));
}

export function lastSent(storage: Reading): Sent | null {
  const [id = "", line = "", column = ""] = read(storage, SENT).split(" ");
  return id && Number(line) > 0 && Number(column) > 0 ? { id, line: Number(line), column: Number(column) } : null;
}

/** Whether tables are shown beside the editor; null: not chosen yet. */
export function isBrowsing(storage: Reading): boolean | null {
  const chosen = read(storage, BROWSING);
  return chosen === "" ? null : chosen === "true";
}

export function keepBrowsing(storage: Writing, open: boolean): void {
  write(storage, BROWSING, String(open));
}

/** The project that was run in last, if it is among those that may be run in now, else the first of them. */
export function usualProject(storage: Reading, known: readonly string[]): string {
  const last = read(storage, PROJECT);
  return known.includes(last) ? last : (known[0] ?? "");
}

export function keepProject(storage: Writing, project: string): void {
  write(storage, PROJECT, project);
}

/** What Run would run: the selection when there is one, else everything; "" when there is nothing to run. */
export function toRun({ text, selection }: { text: string; selection: string }): string {
  const chosen = selection.trim() === "" ? text : selection;
  return chosen.trim() === "" ? "" : chosen;
}

/** `project/id` of the address as its two parts. */
export function runOf(text: string | null): { project: string; id: string } | null {
  const [project = "", id = "", ...more] = (text ?? "").split("/");
  return project && id && more.length === 0 ? { project, id } : null;
}
