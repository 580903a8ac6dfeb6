import "../runs/runs.css";
import "./worksheet.css";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Ban, ExternalLink, PanelLeft, Play, SquareTerminal } from "lucide-react";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import { api } from "../api/client";
import { keys } from "../api/keys";
import { Failure, Page } from "../app/Page";
import { useZone } from "../app/session";
import { useShortcuts } from "../app/shortcuts";
import { useQueryState } from "../app/url";
import { Result, useStop } from "../runs/RunPage";
import { RunStatus } from "../runs/RunStatus";
import { isOver, type Run, runPath, secondsBetween } from "../runs/run";
import { Progress, Stages } from "../runs/Stages";
import { useRun, useRunProjects } from "../runs/useRun";
import { dateTime, duration } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Button, IconButton } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Select } from "../ui/Menu";
import { Empty, Key, SkeletonRows } from "../ui/pieces";
import { Tabs } from "../ui/Tabs";
import { toast } from "../ui/Toasts";
import { Browser } from "./Browser";
import {
  isBrowsing,
  keep,
  keepBrowsing,
  keepProject,
  keepSent,
  kept,
  lastSent,
  runOf,
  type Sent,
  toRun,
  usualProject,
} from "./draft";
import type { EditorHandle, Written } from "./Editor";
import { markOf, type Origin } from "./marks";
import { namesOf } from "./names";
import { worksheetTexts } from "./texts";

const Editor = lazy(() => import("./Editor"));

/** Task instances that the worksheet submits have this name: it is how its history finds them. */
const NAME = "worksheet";

const START: Origin = { line: 1, column: 1 };
/** Below this many pixels tables are shown only when they are asked for. */
const WIDE_PX = 1280;

type View = "result" | "stages" | "history";

/** SQL, and what comes of it. The run that is shown is in the address. */
export default function WorksheetPage() {
  const t = useTexts(worksheetTexts);
  const client = useQueryClient();
  const [query, change] = useQueryState();
  const shown = runOf(query.get("run"));
  const projects = useRunProjects();
  const project =
    query.get("project") ?? shown?.project ?? usualProject(globalThis.localStorage, projects.data?.may_run ?? []);
  const view = (["result", "stages", "history"] as const).find((each) => each === query.get("view")) ?? "result";
  const [loaded, setLoaded] = useState(() => ({ text: kept(globalThis.localStorage) }));
  const [written, setWritten] = useState<Written>({ ...loaded, selection: "", origin: START });
  const [browsing, setBrowsing] = useState(() => isBrowsing(globalThis.localStorage) ?? window.innerWidth >= WIDE_PX);
  const { data: run, error, refetch } = useRun(shown?.project ?? "", shown?.id ?? "", shown !== null);
  const editor = useRef<EditorHandle>(null);
  const [sent, setSent] = useState<Sent | null>(() => lastSent(globalThis.localStorage));
  const opened = useRef(sent?.id);
  const sql = run?.tasks.find((task) => task.type === "SQL")?.text;
  const names = useMemo(() => namesOf(client, project, projects.data?.items ?? []), [client, project, projects.data]);

  // A run that is opened from elsewhere brings its text along, unless it was submitted from here: what is written may be more by now.
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is written when it is opened
  useEffect(() => {
    if (run && sql !== undefined && opened.current !== run.line.id) {
      opened.current = run.line.id;
      setSent(null);
      if (written.text.trim() !== "" && written.text !== sql) toast({ text: t.opened });
      setLoaded({ text: sql });
    }
  }, [run, sql]);

  const submit = useMutation({
    mutationFn: (its: { project: string; sql: string; origin: Origin }) =>
      api.post("/runs", { project: its.project, sql: its.sql, name: NAME, priority: 9, settings: {} }),
    onSuccess: (made, { origin }) => {
      const its = { id: made.line.id, ...origin };
      opened.current = made.line.id;
      setSent(its);
      keepSent(globalThis.localStorage, its);
      keepProject(globalThis.localStorage, made.line.project);
      client.setQueryData(keys.runs(made.line.project, made.line.id), made);
      void client.invalidateQueries({ queryKey: keys.runs("list") });
      change({
        run: `${made.line.project}/${made.line.id}`,
        project: made.line.project,
        view: view === "history" ? null : query.get("view"),
      });
    },
  });
  const stop = useStop(run);
  const isRunning = submit.isPending || (shown !== null && run !== undefined && !isOver(run.line.status));
  const chosen = toRun(written);
  const reason = isRunning
    ? t.running
    : project === ""
      ? projects.isPending
        ? t.loading
        : t.noProject
      : chosen === ""
        ? t.noSql
        : undefined;
  const start = () => {
    const now = editor.current?.read() ?? written;
    const sql = toRun(now);
    const may = !isRunning && project !== "" && sql !== "";
    if (!may && reason) toast({ text: reason });
    if (may) submit.mutate({ project, sql, origin: sql === now.selection ? now.origin : START });
  };
  const ended = run && isOver(run.line.status) ? run.line.id : null;
  useEffect(() => {
    if (ended) void client.invalidateQueries({ queryKey: keys.warehouse(project) });
  }, [client, ended, project]);
  const refused = submit.error?.message;
  const refusedFrom = submit.variables?.origin;
  const failed = run?.tasks.find((task) => task.status === "FAILED")?.output;
  const mark = useMemo(() => {
    if (refused) return markOf(refused, refusedFrom ?? START);
    return failed ? markOf(failed, sent && sent.id === run?.line.id ? sent : START) : null;
  }, [refused, refusedFrom, failed, sent, run?.line.id]);
  useShortcuts(t.title, [{ keys: "Ctrl+Enter", label: t.run, run: start, always: true }]);
  const write = (next: Written) => {
    setWritten(next);
    if (next.text !== written.text) keep(globalThis.localStorage, next.text);
  };

  return (
    <Page title={t.title} crumbs={[{ label: t.title }]} className="worksheet">
      <div className="toolbar">
        <IconButton
          icon={PanelLeft}
          label={browsing ? t.hideTables : t.showTables}
          aria-expanded={browsing}
          onClick={() => {
            setBrowsing(!browsing);
            keepBrowsing(globalThis.localStorage, !browsing);
          }}
        />
        <Button kind="primary" icon={Play} reason={reason} onClick={start}>
          {written.selection.trim() === "" ? t.run : t.runSelection} <Key>Ctrl Enter</Key>
        </Button>
        <Button icon={Ban} reason={stop.reason} onClick={stop.stop}>
          {t.stop}
        </Button>
        <Select
          label={t.project}
          value={project}
          options={(projects.data?.may_run ?? []).map((name) => ({ value: name, label: name }))}
          onChange={(next) => change({ project: next })}
        />
        <span className="grow" />
        {run && <Standing run={run} />}
      </div>
      <div className="worksheet-main">
        {browsing && <Browser key={project} project={project} onInsert={(name) => editor.current?.insert(name)} />}
        <div className="worksheet-work column">
          <div className="worksheet-editor">
            <Suspense fallback={<SkeletonRows rows={3} label={t.loading} />}>
              <Editor
                label={t.editor}
                hint={t.placeholder}
                loaded={loaded}
                onChange={write}
                onRun={start}
                mark={mark}
                names={names}
                handle={editor}
              />
            </Suspense>
          </div>
          <div className="worksheet-tabs">
            <Tabs<View>
              label={t.views}
              tabs={(["result", "stages", "history"] as const).map((id) => ({ id, label: t.tabs[id] }))}
              current={view}
              onSelect={(id) => change({ view: id === "result" ? null : id })}
              panel="worksheet-view"
            />
          </div>
          <Failure
            error={submit.error ?? error ?? projects.error}
            onRetry={submit.error ? undefined : () => void refetch()}
          />
          <div className="worksheet-view" id="worksheet-view" role="tabpanel" aria-label={t.tabs[view]}>
            {view === "history" ? (
              <History
                project={project}
                shown={shown?.id}
                onOpen={(id) => change({ run: `${project}/${id}`, view: null }, { push: true })}
              />
            ) : run ? (
              <Outcome run={run} view={view} />
            ) : shown && !error ? (
              <SkeletonRows label={t.loading} />
            ) : (
              <Empty icon={SquareTerminal} title={t.noRun}>
                {t.noRunNote}
              </Empty>
            )}
          </div>
        </div>
      </div>
    </Page>
  );
}

/** How the run stands, with the bar of its stages while it runs. */
function Standing({ run }: { run: Run }) {
  const t = useTexts(worksheetTexts);
  const over = isOver(run.line.status);
  const task = run.tasks[run.tasks.length - 1];
  return (
    <span className="row gap-3 standing" aria-live="polite">
      {!over && <Progress task={task} percent={run.percent} />}
      <RunStatus status={run.line.status} />
      <span className="muted t-12 nowrap">
        {t.ran(duration(secondsBetween(run.line.started_at, run.line.ended_at, run.now)))}
      </span>
      <Link href={runPath(run.line)}>{t.details}</Link>
      <a href={run.logview} target="_blank" rel="noreferrer" className="row gap-1">
        {t.logview}
        <Icon of={ExternalLink} size={12} />
      </a>
    </span>
  );
}

function Outcome({ run, view }: { run: Run; view: "result" | "stages" }) {
  const t = useTexts(worksheetTexts);
  const task = run.tasks[run.tasks.length - 1];
  if (!task) return null;
  if (view === "result")
    return (
      <div className="worksheet-result" key={run.line.id}>
        {isOver(run.line.status) ? <Result run={run} task={task} /> : <Stages task={task} />}
      </div>
    );
  return (
    <div className="worksheet-result">
      {task.stages.length > 0 ? <Stages task={task} /> : <p className="muted">{t.noStages}</p>}
    </div>
  );
}

/** What the user ran from here, the newest first. */
function History({
  project,
  shown,
  onOpen,
}: {
  project: string;
  shown: string | undefined;
  onOpen: (id: string) => void;
}) {
  const t = useTexts(worksheetTexts);
  const zone = useZone();
  const asked = { project, mine: true, name: NAME, texts: true, limit: 100 };
  const { data, error, refetch } = useQuery({
    queryKey: keys.runs("list", asked),
    queryFn: ({ signal }) => api.get("/runs", { query: asked, signal }),
    enabled: project !== "",
    staleTime: 0,
  });
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <SkeletonRows label={t.loading} />;
  if (data.items.length === 0) return <Empty icon={SquareTerminal} title={t.noHistory} />;
  return (
    <ul className="history">
      {data.items.map((line) => (
        <li key={line.id}>
          <button type="button" onClick={() => onOpen(line.id)} aria-current={line.id === shown || undefined}>
            <RunStatus status={line.status} />
            <span className="soft">{dateTime(line.submitted_at, zone)}</span>
            <code className="ellipsis" title={line.text}>
              {line.text.replace(/\s+/g, " ")}
            </code>
            <span className="right">
              {isOver(line.status) && duration(secondsBetween(line.started_at, line.ended_at, line.submitted_at))}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
