import "./overview.css";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { CalendarOff, ChevronLeft, ChevronRight } from "lucide-react";
import { Link } from "wouter";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { Failure, Page } from "../app/Page";
import { useZone } from "../app/session";
import { inEnvironment, useEnvironment, useQueryState } from "../app/url";
import { compact } from "../instances/filters";
import { Glyph } from "../status/Glyph";
import { dayOf, runDay } from "../texts/format";
import { tag, useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { Button, IconButton } from "../ui/Button";
import { Filter, FilterChoices } from "../ui/Filter";
import { Empty, SkeletonRows } from "../ui/pieces";
import { FailedList, LateList } from "./Attention";
import { ByProject } from "./ByProject";
import { FinishCurve } from "./FinishCurve";
import { listOf, TYPES } from "./links";
import { Slots } from "./Slots";
import { Tiles } from "./Tiles";
import { overviewTexts } from "./texts";
import { useRenewal } from "./useRenewal";

export type Overview = Schemas["Overview"];

/** A data timestamp at a glance. */
export default function OverviewPage() {
  const t = useTexts(overviewTexts);
  const language = useLanguage();
  const environment = useEnvironment();
  const zone = useZone();
  const [query, change] = useQueryState();
  const date = query.get("date") ?? "";
  const projects = query.getAll("project");
  const { data, error, refetch } = useQuery({
    queryKey: ["overview", environment, date, projects],
    queryFn: ({ signal }) =>
      api.get("/overview", {
        query: { environment, bizdate: date.replaceAll("-", "") || "yesterday", project: projects },
        signal,
      }),
    placeholderData: keepPreviousData,
  });
  useRenewal(environment, () => void refetch());
  const known = useQuery({ queryKey: keys.projects(), queryFn: ({ signal }) => api.get("/projects", { signal }) });
  const heading = data
    ? new Intl.DateTimeFormat(tag(language), { dateStyle: "full", timeZone: "UTC" }).format(
        new Date(`${data.run_date}T00:00:00Z`),
      )
    : t.title;
  const at = data?.bizdate ?? date;
  const today = data ? dayOf(data.now, zone) : "";
  return (
    <Page
      title={t.title}
      heading={heading}
      crumbs={[{ label: t.title }]}
      beside={data && <span className="muted nowrap">{t.dates(data.bizdate)}</span>}
      actions={
        <>
          <Filter
            label={t.project}
            value={projects.length === 0 ? t.all : projects.length === 1 ? projects[0] : t.several(projects.length)}
            active={projects.length > 0}
          >
            <FilterChoices
              options={(known.data?.items ?? []).map((each) => ({
                value: each.name,
                label: each.title,
                text: each.title,
              }))}
              chosen={projects}
              onChange={(next) => change({ project: next })}
              words={{ find: t.find, clear: t.clear, none: t.none }}
            />
          </Filter>
          <DatePick date={at} onChange={(next) => change({ date: next })} />
          {data && runDay(at) !== today && <Button onClick={() => change({ date: null })}>{t.today}</Button>}
        </>
      }
    >
      <Failure error={error} onRetry={() => void refetch()} />
      {!data && !error && <SkeletonRows label={t.loading} />}
      {data && <Earlier of={data} projects={projects} />}
      {data && data.total === 0 && (
        <Empty
          icon={CalendarOff}
          title={t.empty(data.bizdate)}
          action={<Link href={inEnvironment("/tasks", environment)}>{t.toTasks}</Link>}
        >
          {environment === "DEV" ? t.emptyDev : t.emptyNote}
        </Empty>
      )}
      {data && data.total > 0 && <Day of={data} projects={projects} />}
    </Page>
  );
}

/** Failures of earlier days that nobody has mended. */
function Earlier({ of, projects }: { of: Overview; projects: readonly string[] }) {
  const t = useTexts(overviewTexts);
  const environment = useEnvironment();
  const days = { bizdate_from: compact(of.earlier_from), bizdate_to: compact(moved(of.bizdate, -1)) };
  const found = TYPES.map((type) => ({ type, count: of.earlier_failed[type] ?? 0 })).filter(({ count }) => count > 0);
  if (found.length === 0) return null;
  const all = found.reduce((sum, { count }) => sum + count, 0);
  return (
    <p className="earlier t-12" role="status">
      <Glyph status="failed" size={12} label="" />
      {t.earlier(all)}
      {found.map(({ type, count }) => (
        <Link key={type} href={listOf(environment, null, type, { ...days, status: "FAILED", project: projects })}>
          {type === "SCRIPT" ? t.scripts(count) : t.tables(count)}
        </Link>
      ))}
    </p>
  );
}

function NotScheduled() {
  const t = useTexts(overviewTexts);
  return (
    <section>
      <div className="overview-head">
        <h2>{t.notScheduled}</h2>
      </div>
      <p className="muted t-12">{t.noLateDev}</p>
    </section>
  );
}

function Day({ of, projects }: { of: Overview; projects: readonly string[] }) {
  const environment = useEnvironment();
  return (
    <div className="overview">
      <Tiles of={of} projects={projects} />
      <div className="overview-two">
        <div>
          <FinishCurve of={of} />
          <ByProject of={of} />
        </div>
        <div>
          <FailedList of={of} projects={projects} />
          {environment === "DEV" ? <NotScheduled /> : <LateList of={of} projects={projects} />}
          {of.groups.length > 0 && <Slots of={of} />}
        </div>
      </div>
    </div>
  );
}

function DatePick({ date, onChange }: { date: string; onChange: (date: string) => void }) {
  const t = useTexts(overviewTexts);
  const take = (text: string) => {
    if (text !== date && isDate(text)) onChange(text);
  };
  return (
    <span className="row gap-1">
      <IconButton icon={ChevronLeft} size="small" label={t.before} onClick={() => onChange(moved(date, -1))} />
      <label className="field">
        {t.date}
        <input
          className="date-input"
          key={date}
          defaultValue={date}
          aria-label={t.date}
          placeholder="2026-01-31"
          maxLength={10}
          onKeyDown={(event) => {
            if (event.key === "Enter") take(event.currentTarget.value);
          }}
          onBlur={(event) => take(event.currentTarget.value)}
        />
      </label>
      <IconButton icon={ChevronRight} size="small" label={t.after} onClick={() => onChange(moved(date, 1))} />
    </span>
  );
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(new Date(`${text}T00:00:00Z`).getTime());
}

function moved(date: string, days: number): string {
  const day = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(day.getTime())) return date;
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
}
