import "./runs.css";
import { useInfiniteQuery } from "@tanstack/react-query";
import { ListTree } from "lucide-react";
import { useCallback, useDeferredValue, useMemo, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { api } from "../api/client";
import { keys } from "../api/keys";
import { Failure, Page } from "../app/Page";
import { useZone } from "../app/session";
import { useShortcuts } from "../app/shortcuts";
import { useQueryState } from "../app/url";
import { dateTime, duration, NONE, timeOn } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { SearchField } from "../ui/Field";
import { Select } from "../ui/Menu";
import { Chip, Empty, Name, SkeletonRows } from "../ui/pieces";
import { type Column, Table } from "../ui/Table";
import { RunStatus } from "./RunStatus";
import { isOver, type RunLine, runPath, secondsBetween } from "./run";
import { runTexts } from "./texts";
import { useRunProjects } from "./useRun";

const WINDOW = 200;
const REFRESH_MS = 5000;

/** Task instances of a project of the warehouse. */
export default function RunsPage() {
  const t = useTexts(runTexts);
  const zone = useZone();
  const [, navigate] = useLocation();
  const [query, change] = useQueryState();
  const [current, setCurrent] = useState(-1);
  const find = useRef<HTMLInputElement>(null);
  const projects = useRunProjects();
  const project = query.get("project") ?? projects.data?.items[0] ?? "";
  const status = query.get("status") ?? "";
  const mine = query.get("mine") === "true";
  const q = query.get("q") ?? "";
  const asked = {
    project,
    status: status || null,
    mine: mine || undefined,
    q: useDeferredValue(q.trim()),
    texts: true,
    limit: WINDOW,
  };
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: keys.runs("list", asked),
    queryFn: ({ signal, pageParam }) => api.get("/runs", { query: { ...asked, marker: pageParam }, signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_marker || undefined,
    enabled: project !== "",
    refetchInterval: (its) => ((its.state.data?.pages.length ?? 0) <= 1 ? REFRESH_MS : false),
  });
  const lines = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const open = useCallback((line: RunLine) => navigate(runPath(line)), [navigate]);
  const columns = useMemo<Column<RunLine>[]>(
    () => [
      {
        key: "id",
        head: t.head.id,
        width: 212,
        pin: "left",
        cell: (line) => (
          <Link href={runPath(line)} className="medium mono" tabIndex={-1}>
            {line.id}
          </Link>
        ),
      },
      { key: "status", head: t.head.status, width: 116, cell: (line) => <RunStatus status={line.status} /> },
      { key: "name", head: t.head.name, width: 170, cell: (line) => (line.name ? <Name>{line.name}</Name> : NONE) },
      {
        key: "text",
        head: t.text,
        width: 180,
        cell: (line) => (
          <code className="run-line" title={line.text}>
            {line.text.replace(/\s+/g, " ")}
          </code>
        ),
      },
      { key: "type", head: t.head.type, width: 76, cell: (line) => line.types.join(", ") },
      { key: "owner", head: t.head.owner, width: 100, cell: (line) => line.owner },
      { key: "submitted", head: t.head.submitted, width: 150, cell: (line) => dateTime(line.submitted_at, zone) },
      { key: "start", head: t.head.start, width: 88, cell: (line) => timeOn(line.started_at, zone, day(line, zone)) },
      {
        key: "duration",
        head: t.head.duration,
        width: 84,
        align: "right",
        cell: (line) =>
          isOver(line.status) ? duration(secondsBetween(line.started_at, line.ended_at, line.submitted_at)) : NONE,
      },
      { key: "priority", head: t.head.priority, width: 68, align: "right", cell: (line) => line.priority },
    ],
    [t, zone],
  );
  useShortcuts(t.title, [
    { keys: "/", label: t.find, run: () => find.current?.focus() },
    { keys: "j", label: t.nextLine, run: () => setCurrent(Math.min(lines.length - 1, current + 1)) },
    { keys: "k", label: t.previousLine, run: () => setCurrent(Math.max(0, current - 1)) },
    {
      keys: "Enter",
      label: t.open,
      run: () => {
        const line = lines[current];
        if (line) open(line);
      },
    },
  ]);
  const isNarrowed = status !== "" || mine || q !== "";
  return (
    <Page title={t.title} crumbs={[{ label: t.title }]}>
      <div className="toolbar">
        <Select
          label={t.project}
          value={project}
          options={(projects.data?.items ?? []).map((name) => ({ value: name, label: name }))}
          onChange={(next) => change({ project: next })}
        />
        <Select
          label={t.status}
          value={status}
          active={status !== ""}
          options={[
            { value: "", label: t.any },
            ...(["WAITING", "RUNNING", "FAILED", "CANCELLED", "SUCCESS", "ENDED"] as const).map((each) => ({
              value: each as string,
              label: t.statuses[each],
            })),
          ]}
          onChange={(next) => change({ status: next })}
        />
        <SearchField
          ref={find}
          placeholder={t.find}
          shortcut="/"
          value={q}
          onChange={(next) => change({ q: next })}
          style={{ width: 240 }}
        />
        <Chip pressed={mine} onPress={() => change({ mine: mine ? null : "true" })}>
          {t.mine}
        </Chip>
        {isNarrowed && (
          <Button kind="ghost" onClick={() => change({ status: null, mine: null, q: null })}>
            {t.reset}
          </Button>
        )}
      </div>
      <Failure error={error ?? projects.error} onRetry={() => void refetch()} />
      {projects.data?.items.length === 0 && <Empty icon={ListTree} title={t.noProject} />}
      {project !== "" && !data && !error && <SkeletonRows label={t.loading} />}
      {data && (
        <Table
          label={t.title}
          columns={columns}
          grow="text"
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
            <Empty
              icon={ListTree}
              title={isNarrowed ? t.noMatch : t.empty}
              action={<Link href="/worksheet">{t.toWorksheet}</Link>}
            >
              {isNarrowed ? undefined : t.emptyNote}
            </Empty>
          }
        />
      )}
      <div className="page-foot">{data && t.shown(lines.length, hasNextPage)}</div>
    </Page>
  );
}

function day(line: RunLine, zone: string): string {
  return dateTime(line.submitted_at, zone).slice(0, 10);
}
