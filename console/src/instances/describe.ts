import { statusOf, statusTexts } from "../status/status";
import { bizdate } from "../texts/format";
import type { Language } from "../texts/language";
import { ALL_DATES, MANY, momentText, valuesOf } from "./filters";
import { instanceTexts } from "./texts";

/** The filters of an address in words, as `“orders” · Status Failed, Running · Project shop`. */
export function described(query: URLSearchParams, language: Language): string {
  const t = instanceTexts[language];
  const names = statusTexts[language];
  const f = t.filter;
  const word = (name: string, value: string): string => {
    if (name === "status") return value === "WAITING" ? names.waiting : names.name[statusOf(value)];
    if (name === "waiting") return names.name[statusOf(value)];
    if (name === "cycle") return (t.cycle as Record<string, string>)[value] ?? value;
    if (name === "priority") return (names.priority as Record<string, string>)[value] ?? value;
    if (name === "kind") return (names.kind as Record<string, string>)[value] ?? value;
    if (name === "origin") return (f.origins as Record<string, string>)[value] ?? value;
    return value;
  };
  const found: string[] = [];
  const add = (name: string, text: string) => text && found.push(`${name} ${text}`);
  const span = (name: string, from: string | null, to: string | null, write: (text: string) => string) => {
    if (from || to)
      add(name, from === to ? write(from ?? "") : `${from ? write(from) : "…"} – ${to ? write(to) : "…"}`);
  };
  const search = query.get("q");
  if (search) found.push(`“${search}”`);
  const mine = query.get("mine");
  if (mine === "failed") found.push(t.myFailed);
  if (mine === "unfinished") found.push(t.myUnfinished);
  if (query.get("late") === "true") found.push(t.late);
  if (query.get("paused") === "true") found.push(names.name.paused);
  const dates = valuesOf(query, "bizdate");
  const dateWords: Record<string, string> = { yesterday: f.yesterday, today: f.today, [ALL_DATES]: f.every };
  if (!dates.includes(ALL_DATES)) add(f.bizdate, dates.map((date) => dateWords[date] ?? bizdate(date)).join(", "));
  span(f.bizdate, query.get("bizdate_from"), query.get("bizdate_to"), bizdate);
  for (const name of MANY)
    add(
      f[name],
      valuesOf(query, name)
        .map((value) => word(name, value))
        .join(", "),
    );
  span(f.due, query.get("due_from"), query.get("due_to"), momentText);
  span(f.started, query.get("started_from"), query.get("started_to"), momentText);
  add(f.ids, valuesOf(query, "id").join(", "));
  add(f.selection, query.get("selection") ?? "");
  return found.join(" · ");
}
