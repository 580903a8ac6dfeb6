import { Plus } from "lucide-react";
import { type FormEvent, memo, type RefObject, useEffect, useRef, useState } from "react";
import { useSession } from "../app/session";
import type { Patch } from "../app/url";
import { Glyph } from "../status/Glyph";
import { KindIcon, PriorityBars } from "../status/kinds";
import { PRIORITIES, statusOf, statusTexts } from "../status/status";
import { bizdate, dayOf } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Radio } from "../ui/Choice";
import { Labelled, SearchField, TextField } from "../ui/Field";
import { AddedFilter, Filter, FilterChoices, type FilterOption } from "../ui/Filter";
import { Menu } from "../ui/Menu";
import {
  ALL_DATES,
  compact,
  dayBefore,
  isNarrowed,
  type Many,
  moment,
  momentParts,
  momentText,
  NARROWING,
  tabOf,
  valuesOf,
} from "./filters";
import { instanceTexts } from "./texts";

type Change = (patch: Patch, options?: { push?: boolean }) => void;

interface BarProps {
  query: URLSearchParams;
  change: Change;
  projects: readonly { name: string; title: string }[];
  /** Values met in the list so far, offered besides what can be typed. */
  met: { owners: readonly string[]; tags: readonly string[] };
  search: RefObject<HTMLInputElement | null>;
}

const ADDED = ["due", "priority", "tag", "waiting", "origin", "task", "selection"] as const;
type Added = (typeof ADDED)[number];
/** The names in the address of those that have others. */
const NAMES: Partial<Record<Added, readonly string[]>> = { due: ["due_from", "due_to"] };
const namesOf = (added: Added) => NAMES[added] ?? [added];
const ORIGINS = ["RECURRING", "BACKFILL", "ONE_TIME", "MANUAL"] as const;
const CYCLES = ["MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR"] as const;
const KINDS = ["DIMENSION", "FACT", "AGGREGATE"] as const;
const WAITS = ["WAIT_SCHEDULE", "DISPATCH_BLOCKED", "WAIT_RESOURCE"] as const;

export const FilterBar = memo(function FilterBar({ query, change, projects, met, search }: BarProps) {
  const t = useTexts(instanceTexts);
  const names = useTexts(statusTexts);
  const { user } = useSession();
  const [opened, setOpened] = useState<readonly Added[]>([]);
  const isUsed = (added: Added) => namesOf(added).some((name) => query.has(name));
  const shown = ADDED.filter((name) => isUsed(name) || opened.includes(name));
  const choices = (name: Many, label: string, options: readonly FilterOption[], none: string, free?: string) => (
    <Choices key={name} {...{ name, label, options, none, free, query, change }} />
  );
  const priorities = PRIORITIES.toReversed().map((value) => ({
    value,
    label: <PriorityBars priority={value} />,
    text: names.priority[value],
  }));
  const waits = WAITS.map((value) => ({
    value,
    label: (
      <span className="row gap-2">
        <Glyph status={statusOf(value)} label="" />
        {names.name[statusOf(value)]}
      </span>
    ),
    text: names.name[statusOf(value)],
  }));
  const origins = ORIGINS.map((value) => ({ value, label: t.filter.origins[value] }));
  const added: Record<Added, React.ReactNode> = {
    due: <Due query={query} change={change} />,
    origin: choices("origin", t.filter.origin, origins, t.filter.any),
    priority: choices("priority", t.filter.priority, priorities, t.filter.any),
    tag: choices("tag", t.filter.tag, plain(met.tags), t.filter.any, t.filter.tag),
    waiting: choices("waiting", t.filter.waiting, waits, t.filter.any),
    task: choices("task", t.filter.task, [], t.filter.any, t.filter.task),
    selection: <Selection query={query} change={change} />,
  };
  const owners = plain([user, ...met.owners.filter((owner) => owner !== user)]).map((option) =>
    option.value === user ? { ...option, label: `${user} (${t.filter.me})` } : option,
  );
  return (
    <div className="toolbar filters">
      <Search query={query} change={change} field={search} />
      <Dates query={query} change={change} />
      <Started query={query} change={change} />
      {tabOf(query) === "modeling" &&
        choices(
          "kind",
          t.filter.kind,
          KINDS.map((value) => ({
            value,
            label: (
              <span className="row gap-2">
                <KindIcon kind={value} />
                {names.kind[value]}
              </span>
            ),
            text: names.kind[value],
          })),
          t.filter.all,
        )}
      {choices(
        "cycle",
        t.filter.cycle,
        CYCLES.map((value) => ({ value, label: t.cycle[value] })),
        t.filter.all,
      )}
      {choices("owner", t.filter.owner, owners, t.filter.anyone, t.filter.owner)}
      {choices(
        "project",
        t.filter.project,
        projects.map((project) => ({ value: project.name, label: project.title })),
        t.filter.all,
      )}
      {shown.map((name) => (
        <AddedFilter
          key={name}
          remove={t.filter.remove(t.filter[name])}
          onRemove={() => {
            setOpened(opened.filter((other) => other !== name));
            change(Object.fromEntries(namesOf(name).map((each) => [each, null])));
          }}
        >
          {added[name]}
        </AddedFilter>
      ))}
      {query.has("id") && (
        <AddedFilter remove={t.filter.remove(t.filter.ids)} onRemove={() => change({ id: null })}>
          <span className="field active">
            {t.filter.ids} <b>{short(valuesOf(query, "id").join(", "))}</b>
          </span>
        </AddedFilter>
      )}
      {shown.length < ADDED.length && (
        <Menu
          align="start"
          trigger={
            <Button kind="ghost" icon={Plus}>
              {t.filter.more}
            </Button>
          }
          entries={ADDED.filter((name) => !shown.includes(name)).map((name) => ({
            key: name,
            label: t.filter[name],
            onSelect: () => setOpened([...opened, name]),
          }))}
        />
      )}
      <span className="grow" />
      {isNarrowed(query) && (
        <Button
          kind="ghost"
          onClick={() => {
            setOpened([]);
            change(Object.fromEntries(NARROWING.map((name) => [name, null])), { push: true });
          }}
        >
          {t.filter.reset}
        </Button>
      )}
    </div>
  );
});

function plain(values: readonly string[]): FilterOption[] {
  return values.map((value) => ({ value, label: value }));
}

/** Typed text reaches the address, and with it the server, when the typing rests. */
const REST_MS = 250;

function Search({
  query,
  change,
  field,
}: {
  query: URLSearchParams;
  change: Change;
  field: RefObject<HTMLInputElement | null>;
}) {
  const t = useTexts(instanceTexts);
  const kept = query.get("q") ?? "";
  const [text, setText] = useState(kept);
  const sent = useRef(kept);
  useEffect(() => {
    if (kept !== sent.current) {
      sent.current = kept;
      setText(kept);
    }
  }, [kept]);
  useEffect(() => {
    if (text.trim() === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = text.trim();
      change({ q: text.trim() });
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [text, change]);
  return (
    <SearchField
      ref={field}
      value={text}
      onChange={setText}
      placeholder={t.search}
      shortcut="/"
      style={{ width: 220 }}
    />
  );
}

interface ChoicesProps {
  name: Many;
  label: string;
  options: readonly FilterOption[];
  none: string;
  /** What can be typed besides. */
  free?: string;
  query: URLSearchParams;
  change: Change;
}

function Choices({ name, label, options, none, free, query, change }: ChoicesProps) {
  const t = useTexts(instanceTexts);
  const chosen = valuesOf(query, name);
  const [typed, setTyped] = useState("");
  const known = new Map(options.map((option) => [option.value, option]));
  const all = [...options, ...plain(chosen.filter((value) => !known.has(value)))];
  const set = (values: readonly string[]) => change({ [name]: values });
  const first = known.get(chosen[0] ?? "");
  let value = none;
  if (chosen.length === 1)
    value = short(first?.text ?? (typeof first?.label === "string" ? first.label : (chosen[0] ?? "")));
  else if (chosen.length > 1) value = t.filter.chosen(chosen.length);
  return (
    <Filter label={label} value={value} active={chosen.length > 0} width={free ? 260 : 240}>
      {free && (
        <form
          className="filter-add"
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            const text = typed.trim();
            if (text && !chosen.includes(text)) set([...chosen, text]);
            setTyped("");
          }}
        >
          <TextField value={typed} onChange={setTyped} placeholder={t.filter.enter(free)} aria-label={free} />
        </form>
      )}
      {(all.length > 0 || !free) && (
        <FilterChoices
          options={all}
          chosen={chosen}
          onChange={set}
          words={{ find: t.filter.find, clear: t.filter.clear, none: t.filter.none }}
        />
      )}
    </Filter>
  );
}

/** 24 characters, then an ellipsis. */
export function short(text: string): string {
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
}

function Selection({ query, change }: { query: URLSearchParams; change: Change }) {
  const t = useTexts(instanceTexts);
  const kept = query.get("selection") ?? "";
  const [text, setText] = useState(kept);
  return (
    <Filter label={t.filter.selection} value={kept ? short(kept) : t.filter.any} active={kept !== ""} width={360}>
      {(close: () => void) => (
        <form
          className="filter-add"
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            change({ selection: text.trim() });
            close();
          }}
        >
          <TextField
            value={text}
            onChange={setText}
            placeholder={t.filter.selectionHint}
            aria-label={t.filter.selection}
            className="mono"
          />
          <div className="row gap-2 filter-buttons">
            <Button type="submit" kind="primary" size="small">
              {t.filter.apply}
            </Button>
          </div>
        </form>
      )}
    </Filter>
  );
}

/** Today in the tenant's zone: the day that instances run on. */
function useToday(): string {
  const session = useSession();
  return dayOf(session.now, session.time_zone);
}

function Dates({ query, change }: { query: URLSearchParams; change: Change }) {
  const t = useTexts(instanceTexts);
  const today = useToday();
  const yesterday = dayBefore(today);
  const dates = valuesOf(query, "bizdate");
  const from = query.get("bizdate_from") ?? "";
  const to = query.get("bizdate_to") ?? "";
  let value = yesterday;
  if (from || to) value = from === to ? bizdate(from) : `${bizdate(from) || "…"} – ${bizdate(to) || "…"}`;
  else if (dates.includes(ALL_DATES)) value = t.filter.every;
  else if (dates[0] === "today") value = today;
  else if (dates.length > 1) value = String(dates.length);
  else if (dates[0] && dates[0] !== "yesterday") value = bizdate(dates[0]);
  const kept = from || to ? "range" : dates.includes(ALL_DATES) ? "all" : (dates[0] ?? "yesterday");
  const set = (patch: Patch) => change({ bizdate: null, bizdate_from: null, bizdate_to: null, ...patch });
  const active = dates.length > 0 || from !== "" || to !== "";
  return (
    <Filter label={t.filter.bizdate} value={value} active={active} width={300}>
      {() => (
        <div className="filter-dates">
          <Radio name="bizdate" checked={kept === "yesterday"} onChange={() => set({})} note={t.filter.yesterday}>
            {yesterday}
          </Radio>
          <Radio
            name="bizdate"
            checked={kept === "today"}
            onChange={() => set({ bizdate: "today" })}
            note={t.filter.today}
          >
            {today}
          </Radio>
          <Radio name="bizdate" checked={kept === "all"} onChange={() => set({ bizdate: ALL_DATES })}>
            {t.filter.every}
          </Radio>
          <Span
            from={from ? bizdate(from) : isDate(dates[0]) ? bizdate(dates[0] ?? "") : ""}
            to={to ? bizdate(to) : isDate(dates[0]) ? bizdate(dates[0] ?? "") : ""}
            onChange={(first, last) => set({ bizdate_from: compact(first), bizdate_to: compact(last) })}
          />
        </div>
      )}
    </Filter>
  );
}

function isDate(text: string | undefined): boolean {
  return /^\d{8}$/.test(text ?? "");
}

function Started({ query, change }: { query: URLSearchParams; change: Change }) {
  const t = useTexts(instanceTexts);
  const from = query.get("started_from") ?? "";
  const to = query.get("started_to") ?? "";
  const active = from !== "" || to !== "";
  const value = active ? (from === to ? from : `${from || "…"} – ${to || "…"}`) : t.filter.any;
  return (
    <Filter label={t.filter.started} value={value} active={active} width={300}>
      <div className="filter-dates">
        <Span from={from} to={to} onChange={(first, last) => change({ started_from: first, started_to: last })} />
        {active && (
          <Button kind="ghost" size="small" onClick={() => change({ started_from: null, started_to: null })}>
            {t.filter.clear}
          </Button>
        )}
      </div>
    </Filter>
  );
}

/** When instances are due: days, or times of days. */
function Due({ query, change }: { query: URLSearchParams; change: Change }) {
  const t = useTexts(instanceTexts);
  const from = query.get("due_from") ?? "";
  const to = query.get("due_to") ?? "";
  const active = from !== "" || to !== "";
  const value = from === to ? momentText(from) : `${momentText(from) || "…"} – ${momentText(to) || "…"}`;
  return (
    <Filter label={t.filter.due} value={active ? value : t.filter.any} active={active} width={320}>
      <div className="filter-dates">
        <Moment label={t.filter.from} value={from} onChange={(text) => change({ due_from: text })} />
        <Moment label={t.filter.to} value={to} onChange={(text) => change({ due_to: text })} />
        <p className="muted t-12">{t.filter.dueNote}</p>
        {active && (
          <Button kind="ghost" size="small" onClick={() => change({ due_from: null, due_to: null })}>
            {t.filter.clear}
          </Button>
        )}
      </div>
    </Filter>
  );
}

function Moment({ label, value, onChange }: { label: string; value: string; onChange: (text: string) => void }) {
  const t = useTexts(instanceTexts);
  const parts = momentParts(value);
  const [time, setTime] = useState(parts.time);
  const take = () => {
    const next = moment(parts.day, time);
    if (next !== value) onChange(next);
    setTime(momentParts(next).time);
  };
  return (
    <div className="filter-moment">
      <Labelled label={label}>
        {(id) => <TextField id={id} type="date" value={parts.day} onChange={(day) => onChange(moment(day, time))} />}
      </Labelled>
      <TextField
        aria-label={t.filter.timeOf(label)}
        placeholder="00:00"
        maxLength={5}
        value={time}
        onChange={setTime}
        onBlur={take}
        onKeyDown={(event) => event.key === "Enter" && take()}
      />
    </div>
  );
}

/** From one day to another, both included. */
function Span({ from, to, onChange }: { from: string; to: string; onChange: (from: string, to: string) => void }) {
  const t = useTexts(instanceTexts);
  return (
    <div className="filter-span">
      <Labelled label={t.filter.from}>
        {(id) => (
          <TextField
            id={id}
            type="date"
            value={from}
            max={to || undefined}
            onChange={(text) => onChange(text, to || text)}
          />
        )}
      </Labelled>
      <Labelled label={t.filter.to}>
        {(id) => (
          <TextField
            id={id}
            type="date"
            value={to}
            min={from || undefined}
            onChange={(text) => onChange(from || text, text)}
          />
        )}
      </Labelled>
    </div>
  );
}
