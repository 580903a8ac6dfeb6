import "./tasks.css";
import { useInfiniteQuery } from "@tanstack/react-query";
import { TableProperties } from "lucide-react";
import { useCallback, useMemo, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { api } from "../api/client";
import { keys } from "../api/keys";
import { Failure, Page } from "../app/Page";
import { useZone } from "../app/session";
import { useShortcuts } from "../app/shortcuts";
import { inEnvironment, useEnvironment, useQueryState } from "../app/url";
import { KindIcon, PriorityBars } from "../status/kinds";
import { dateTime, NONE } from "../texts/format";
import { number, useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { SearchField } from "../ui/Field";
import { Filter, FilterChoices } from "../ui/Filter";
import { Select } from "../ui/Menu";
import { Empty, Name, SkeletonRows } from "../ui/pieces";
import { type Column, Table } from "../ui/Table";
import { Tags } from "./TaskFrame";
import { taskTexts } from "./texts";
import { type TaskLine, taskPath, useProjects } from "./useTask";

const WINDOW = 200;
const CYCLES = ["MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "YEAR"] as const;

/** What is published in the environment. */
export default function TasksPage() {
  const t = useTexts(taskTexts);
  const zone = useZone();
  const environment = useEnvironment();
  const [, navigate] = useLocation();
  const [query, change] = useQueryState();
  const [current, setCurrent] = useState(-1);
  const field = useRef<HTMLDivElement>(null);
  const search = query.get("q") ?? "";
  const type = query.get("type") ?? "";
  const projects = query.getAll("project");
  const cycles = query.getAll("cycle");
  const asked = { environment, search, type: type || null, project: projects, cycle: cycles, limit: WINDOW };
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: keys.tasks("list", asked),
    queryFn: ({ signal, pageParam }) => api.get("/tasks", { query: { ...asked, marker: pageParam }, signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_marker || undefined,
    placeholderData: (before) => before,
  });
  const lines = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const known = useProjects();
  const titles = useMemo(() => new Map(known.data?.items.map((each) => [each.name, each.title])), [known.data]);
  const isNarrowed = search !== "" || type !== "" || projects.length > 0 || cycles.length > 0;
  const open = useCallback(
    (line: TaskLine) => navigate(inEnvironment(taskPath(line.id), environment)),
    [navigate, environment],
  );
  useShortcuts(t.tasks, [
    { keys: "/", label: t.search, run: () => field.current?.querySelector("input")?.focus() },
    { keys: "j", label: "↓", run: () => setCurrent((at) => Math.min(lines.length - 1, at + 1)) },
    { keys: "k", label: "↑", run: () => setCurrent((at) => Math.max(0, at - 1)) },
  ]);
  const columns = useMemo<Column<TaskLine>[]>(
    () => [
      {
        key: "name",
        head: t.head.name,
        width: 200,
        pin: "left",
        cell: (line) => (
          <span className="row gap-2">
            <KindIcon kind={line.kind} />
            <Link href={inEnvironment(taskPath(line.id), environment)} className="medium task-name" tabIndex={-1}>
              <Name>{line.name}</Name>
            </Link>
          </span>
        ),
      },
      {
        key: "cycle",
        head: t.head.schedule,
        width: 84,
        cell: (line) => (t.cycles as Record<string, string>)[line.cycle] ?? line.cycle,
      },
      {
        key: "fields",
        head: t.head.fields,
        width: 72,
        align: "right",
        cell: (line) => (line.field_count ? number(line.field_count) : NONE),
      },
      { key: "nodes", head: t.head.nodes, width: 72, align: "right", cell: (line) => number(line.node_count) },
      { key: "priority", head: t.head.priority, width: 100, cell: (line) => <PriorityBars priority={line.priority} /> },
      { key: "owner", head: t.head.owner, width: 110, cell: (line) => line.owners.join(", ") || NONE },
      {
        key: "project",
        head: t.head.project,
        width: 160,
        cell: (line) => line.projects.map((name) => titles.get(name) ?? name).join(", "),
      },
      { key: "tags", head: t.head.tags, width: 110, cell: (line) => <Tags of={line.tags} short /> },
      { key: "version", head: t.head.version, width: 76, align: "right", cell: (line) => line.version },
      { key: "published", head: t.head.published, width: 150, cell: (line) => dateTime(line.published_at, zone) },
      { key: "by", head: t.head.by, width: 88, cell: (line) => line.published_by || NONE },
    ],
    [t, environment, titles, zone],
  );
  return (
    <Page title={t.tasks} crumbs={[{ label: t.tasks }]}>
      <div className="toolbar" ref={field}>
        <SearchField
          value={search}
          onChange={(value) => change({ q: value })}
          placeholder={t.search}
          shortcut="/"
          style={{ width: 200 }}
        />
        <Select
          label={t.type}
          value={type}
          active={type !== ""}
          options={[
            { value: "", label: t.any },
            { value: "LOGICAL_TABLE", label: t.table },
            { value: "SCRIPT", label: t.script },
          ]}
          onChange={(value) => change({ type: value })}
        />
        <Filter label={t.project} value={chosen(projects, t)} active={projects.length > 0}>
          <FilterChoices
            options={(known.data?.items ?? []).map((each) => ({
              value: each.name,
              label: each.title,
              text: each.title,
            }))}
            chosen={projects}
            onChange={(next) => change({ project: next })}
            words={t}
          />
        </Filter>
        <Filter
          label={t.cycle}
          value={chosen(
            cycles.map((each) => (t.cycles as Record<string, string>)[each] ?? each),
            t,
          )}
          active={cycles.length > 0}
          width={200}
        >
          <FilterChoices
            options={CYCLES.map((each) => ({ value: each, label: t.cycles[each] }))}
            chosen={cycles}
            onChange={(next) => change({ cycle: next })}
            words={t}
          />
        </Filter>
        {isNarrowed && (
          <Button kind="ghost" onClick={() => change({ q: null, type: null, project: null, cycle: null })}>
            {t.reset}
          </Button>
        )}
      </div>
      <Failure error={error} onRetry={() => void refetch()} />
      {!data && !error && <SkeletonRows label={t.loading} />}
      {data && (
        <Table
          label={t.tasks}
          columns={columns}
          grow="name"
          count={lines.length}
          rowAt={(index) => lines[index]}
          keyOf={(line) => line.id}
          current={current}
          onCurrent={setCurrent}
          onOpen={open}
          onView={(_, last) => {
            if (hasNextPage && !isFetchingNextPage && last >= lines.length - 40) void fetchNextPage();
          }}
          empty={
            isNarrowed ? (
              <Empty
                title={t.noMatch}
                action={
                  <Button onClick={() => change({ q: null, type: null, project: null, cycle: null })}>{t.reset}</Button>
                }
              />
            ) : (
              <Empty
                icon={TableProperties}
                title={t.empty}
                action={<code className="mono">taskhouse apply DIR --env {environment.toLowerCase()}</code>}
              >
                {t.emptyNote}
              </Empty>
            )
          }
        />
      )}
      <div className="page-foot">{data && t.shown(number(lines.length), hasNextPage)}</div>
    </Page>
  );
}

function chosen(values: readonly string[], t: { any: string; several: (count: number) => string }): string {
  return values.length === 0 ? t.any : values.length === 1 ? (values[0] ?? "") : t.several(values.length);
}
