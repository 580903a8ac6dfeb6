/** What is written and not run yet outlives a reload, in this browser only. */

const KEY = "taskhouse.worksheet";
const MOST = 200_000;

export function kept(storage: Pick<Storage, "getItem"> | undefined): string {
  try {
    return storage?.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

export function keep(storage: Pick<Storage, "setItem"> | undefined, text: string): void {
  try {
    if (text.length <= MOST) storage?.setItem(KEY, text);
  } catch {
    // Full, or not allowed: the text is then only in the page.
  }
}

const PROJECT = "taskhouse.worksheet.project";

/** The project that was run in last, if it is among those that may be run in now, else the first of them. */
export function usualProject(storage: Pick<Storage, "getItem"> | undefined, known: readonly string[]): string {
  let last = "";
  try {
    last = storage?.getItem(PROJECT) ?? "";
  } catch {
    // Nothing is kept here.
  }
  return known.includes(last) ? last : (known[0] ?? "");
}

export function keepProject(storage: Pick<Storage, "setItem"> | undefined, project: string): void {
  try {
    storage?.setItem(PROJECT, project);
  } catch {
    // It is then chosen anew.
  }
}

/** What Run would run: the selection when there is one, else everything; "" when there is nothing to run. */
export function toRun(text: string, selection: string): string {
  const chosen = selection.trim() === "" ? text : selection;
  return chosen.trim() === "" ? "" : chosen;
}

/** `project/id` of the address as its two parts. */
export function runOf(text: string | null): { project: string; id: string } | null {
  const [project = "", id = "", ...more] = (text ?? "").split("/");
  return project && id && more.length === 0 ? { project, id } : null;
}
