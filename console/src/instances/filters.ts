import type { Query } from "../api/client";
import type { Environment } from "../app/url";

export type ListQuery = Query<"/instances">;
export type Tab = "modeling" | "scripts";

/** Filters of which several values are alternatives. Their names in the address are those of the API. */
export const MANY = [
  "status",
  "waiting",
  "cycle",
  "owner",
  "priority",
  "kind",
  "project",
  "tag",
  "task",
  "origin",
] as const;
export type Many = (typeof MANY)[number];

const ONE = ["bizdate_from", "bizdate_to", "started_from", "started_to", "due_from", "due_to", "selection"] as const;

/** Data dates: yesterday's (what runs today) unless something else is chosen; `all` for every date. */
export const DEFAULT_BIZDATE = "yesterday";
export const ALL_DATES = "all";

export function tabOf(query: URLSearchParams): Tab {
  return query.get("tab") === "scripts" ? "scripts" : "modeling";
}

/** Every value of a name, given several times or once with commas. */
export function valuesOf(query: URLSearchParams, name: string): string[] {
  return query
    .getAll(name)
    .flatMap((text) => text.split(","))
    .filter(Boolean);
}

/** What the address asks for, as the API takes it; without order and page. */
export function filtersOf(query: URLSearchParams, environment: Environment): ListQuery {
  const found: Record<string, unknown> = {
    environment,
    type: tabOf(query) === "scripts" ? "SCRIPT" : "LOGICAL_TABLE",
  };
  for (const name of MANY) {
    const values = valuesOf(query, name).filter((value) => name !== "status" || value !== "PAUSED");
    if (values.length > 0 && !(name === "kind" && tabOf(query) === "scripts")) found[name] = values;
  }
  for (const name of ONE) {
    const value = query.get(name);
    if (value) found[name] = value;
  }
  const search = query.get("q")?.trim();
  if (search) found.search = search;
  const ids = valuesOf(query, "id").map(Number).filter(Number.isInteger);
  if (ids.length > 0) found.id = ids;
  const mine = query.get("mine");
  if (mine === "failed" || mine === "unfinished") found.mine = mine;
  if (query.get("late") === "true") found.late = true;
  if (query.get("paused") === "true" || valuesOf(query, "status").includes("PAUSED")) found.paused = true;
  const dates = valuesOf(query, "bizdate");
  if (dates.length > 0 && !dates.includes(ALL_DATES)) found.bizdate = dates;
  else if (dates.length === 0 && !found.bizdate_from && !found.bizdate_to && !found.id)
    found.bizdate = [DEFAULT_BIZDATE];
  return found as ListQuery;
}

export function orderOf(query: URLSearchParams): { name: string; order: "asc" | "desc" } {
  const name = query.get("sort") ?? "due";
  return { name, order: query.get("order") === "asc" ? "asc" : "desc" };
}

/** Names in the address that narrow the list; taking them out resets it. */
export const NARROWING: readonly string[] = [...MANY, ...ONE, "q", "id", "mine", "late", "paused", "bizdate"];

export function isNarrowed(query: URLSearchParams): boolean {
  return NARROWING.some((name) => query.has(name));
}

/** What is chosen of a time: its day, and the time of the day when there is one. `2026-03-02T01:30`. */
export function momentParts(text: string): { day: string; time: string } {
  const [day = "", time = ""] = text.split("T");
  return { day, time: time.slice(0, 5) };
}

/** `2026-03-02T01:30`, or the day alone; empty without a day. `1:30` and `130` are times, too. */
export function moment(day: string, time: string): string {
  const at = /^(\d{1,2}):?(\d{2})$/.exec(time.trim());
  const isTime = at !== null && Number(at[1]) < 24 && Number(at[2]) < 60;
  if (!day) return "";
  return isTime ? `${day}T${at[1]?.padStart(2, "0")}:${at[2]}` : day;
}

/** `2026-03-02 01:30` as people read it. */
export function momentText(text: string): string {
  return text.replace("T", " ");
}

/** A day before `2026-03-02` as the API writes data timestamps: `20260301`. */
export function dayBefore(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() - 1);
  return date.toISOString().slice(0, 10);
}

/** `2026-03-01` as a data timestamp. */
export function compact(day: string): string {
  return day.replaceAll("-", "");
}
