/** How much room the contents of a list need. It is estimated from the characters, so that nothing has to be measured while rows are drawn. */
import { counts, priorityOf, statusOf, statusTexts } from "../status/status";
import { bizdate, duration, runDay, shortTimeOn, timeOn } from "../texts/format";
import type { Language } from "../texts/language";
import type { Line } from "./windows";

/** Pixels by column. */
export type Rooms = Readonly<Record<string, number>>;

/** No content makes a column wider than this; what is longer is cut, and told in full by its tooltip. */
const MOST: Rooms = { name: 264, status: 320, project: 176, tags: 132, group: 160, cycle: 80 };
const CELL = 14;
const SORT_ARROW = 14;

/** Pixels of a text in the type of tables. */
export function textRoom(text: string): number {
  let found = 0;
  for (const character of text) found += (character.codePointAt(0) ?? 0) > 0x2e7f ? 12 : 6.9;
  return found;
}

function countsRoom(of: Readonly<Record<string, number>>, waiting: readonly string[], paused: number): number {
  const { shown, rest } = counts(of, { waiting, paused });
  if (shown.length === 0) return 0;
  const each = shown.reduce((sum, { count }) => sum + 21 + 7.4 * String(count).length, 0);
  return 25 + each + (rest > 0 ? 22 : 0);
}

function roomsOf(line: Line, zone: string, language: Language): Rooms {
  const day = runDay(line.bizdate);
  const names = statusTexts[language];
  const status = statusOf(line.statuses[0] ?? "NOT_RUNNING", { waiting: line.waiting[0], paused: line.paused > 0 });
  return {
    name: textRoom(line.name) + 20 + 22 * line.marks.length + 8 + 6.4 * String(line.id).length + CELL,
    status:
      line.biz_type === "SCRIPT"
        ? textRoom(names.name[status]) + 20 + CELL
        : countsRoom(line.fields, line.waiting, line.paused) + countsRoom(line.nodes, line.waiting, line.paused),
    due: textRoom(shortTimeOn(line.due_at, zone, day)) + CELL,
    start: textRoom(timeOn(line.started_at, zone, day)) + CELL,
    end: textRoom(timeOn(line.ended_at, zone, day)) + CELL,
    bizdate: textRoom(bizdate(line.bizdate)) + CELL,
    duration: textRoom(duration(line.duration_s)) + CELL,
    tags: line.tags.length > 0 ? textRoom(line.tags[0] ?? "") + 12 + (line.tags.length > 1 ? 26 : 0) + CELL : 0,
    priority: textRoom(names.priority[priorityOf(line.priority)]) + 40 + CELL,
    group: textRoom(line.resource_group ?? "") + CELL,
  };
}

const kept = { en: new WeakMap<Line, Rooms>(), zh: new WeakMap<Line, Rooms>() };

/** The room of the widest of these lines, column by column, at least that of `before`. The same object when nothing became wider. */
export function widest(
  lines: Iterable<Line>,
  zone: string,
  language: Language,
  title: (project: string) => string,
  before: Rooms,
): Rooms {
  const found: Record<string, number> = { ...before };
  const projects = new Set<string>();
  const take = (key: string, room: number) => {
    const wanted = Math.ceil(Math.min(room, MOST[key] ?? room) / 4) * 4;
    if (wanted > (found[key] ?? 0)) found[key] = wanted;
  };
  for (const line of lines) {
    const rooms = kept[language].get(line) ?? roomsOf(line, zone, language);
    kept[language].set(line, rooms);
    for (const key in rooms) take(key, rooms[key] ?? 0);
    projects.add(line.projects.join(" "));
  }
  for (const names of projects) take("project", textRoom(names.split(" ").map(title).join(", ")) + CELL);
  const isSame = Object.keys(found).every((key) => found[key] === before[key]);
  return isSame ? before : found;
}

/** The room that a head takes, with the arrow of its order. */
export function headRoom(head: string, isSorted: boolean): number {
  return Math.ceil(textRoom(head) + CELL + (isSorted ? SORT_ARROW : 0));
}
