import "./runs.css";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Ban, ExternalLink, MapPinOff, SquareTerminal } from "lucide-react";
import { type ReactNode, useId } from "react";
import { Link, useLocation, useParams } from "wouter";
import { ApiError, api } from "../api/client";
import { keys } from "../api/keys";
import { errorText } from "../app/errors";
import { Failure, Page } from "../app/Page";
import { useZone } from "../app/session";
import { dateTime, duration, NONE } from "../texts/format";
import { language } from "../texts/language";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Empty, SkeletonRows } from "../ui/pieces";
import { toast } from "../ui/Toasts";
import { ResultGrid } from "./ResultGrid";
import { RunStatus } from "./RunStatus";
import { isOver, type Run, type RunTask, runPath, secondsBetween } from "./run";
import { Progress, Stages } from "./Stages";
import { runTexts } from "./texts";
import { useRun } from "./useRun";

/** One task instance: how it stands, what it was given, what came of it. */
export default function RunPage() {
  const t = useTexts(runTexts);
  const { project = "", id = "" } = useParams<{ project: string; id: string }>();
  const { data, error, refetch } = useRun(decodeURIComponent(project), decodeURIComponent(id));
  const isMissing = error instanceof ApiError && error.status === 404;
  return (
    <Page
      title={`${t.title} ${id}`}
      heading={<span className="mono">{id}</span>}
      crumbs={[{ label: t.title, to: `/runs?project=${project}` }, { label: <span className="mono">{id}</span> }]}
      beside={data && <RunStatus status={data.line.status} />}
      actions={data && <Actions run={data} />}
    >
      {isMissing ? (
        <Empty icon={MapPinOff} title={t.missing} action={<Link href="/runs">{t.title}</Link>}>
          {t.missingNote(id)}
        </Empty>
      ) : (
        <Failure error={error} onRetry={() => void refetch()} />
      )}
      {!data && !error && <SkeletonRows label={t.loading} />}
      {data && (
        <div className="run">
          <General run={data} />
          <div className="run-tasks">
            {data.tasks.map((task) => (
              <TaskPart key={task.index} run={data} task={task} />
            ))}
          </div>
        </div>
      )}
    </Page>
  );
}

function Actions({ run }: { run: Run }) {
  const t = useTexts(runTexts);
  const [, navigate] = useLocation();
  const stop = useStop(run);
  const sql = run.tasks.find((task) => task.type === "SQL");
  return (
    <>
      <Button icon={Ban} reason={stop.reason} onClick={stop.stop}>
        {t.stop}
      </Button>
      {sql && (
        <Button icon={SquareTerminal} onClick={() => navigate(`/worksheet?run=${run.line.project}/${run.line.id}`)}>
          {t.again}
        </Button>
      )}
      <a className="button" href={run.logview} target="_blank" rel="noreferrer">
        <Icon of={ExternalLink} size={16} />
        {t.logview}
      </a>
    </>
  );
}

/** Stopping a task instance, and why that is not open. */
export function useStop(run: Run | undefined): { stop: () => void; reason: string | undefined } {
  const t = useTexts(runTexts);
  const client = useQueryClient();
  const { mutate, isPending } = useMutation({
    mutationFn: (its: Run) =>
      api.post("/runs/{project}/{id}/stop", {}, { path: { project: its.line.project, id: its.line.id } }),
    onSuccess: (after) => {
      client.setQueryData(keys.runs(after.line.project, after.line.id), after);
      toast({ text: t.stopped });
    },
    onError: (error: Error) => toast({ text: errorText(language(), error) }),
  });
  const over = !run || isOver(run.line.status);
  return {
    stop: () => run && mutate(run),
    reason: over ? t.stopEnded : run.may_stop ? (isPending ? t.stopped : undefined) : t.stopNot,
  };
}

function General({ run }: { run: Run }) {
  const t = useTexts(runTexts);
  const zone = useZone();
  const id = useId();
  const { line } = run;
  const facts: [string, ReactNode][] = [
    [t.head.name, line.name || NONE],
    [t.project, line.project],
    [t.head.owner, line.owner],
    [t.head.priority, line.priority],
    [t.submittedAt, dateTime(line.submitted_at, zone)],
    [t.startedAt, dateTime(line.started_at, zone)],
    [t.endedAt, dateTime(line.ended_at, zone)],
    [t.waited, duration(secondsBetween(line.submitted_at, line.started_at ?? line.ended_at, run.now))],
    [t.ran, duration(secondsBetween(line.started_at, line.ended_at, run.now))],
  ];
  if (run.comment) facts.push([t.comment, run.comment]);
  if (run.parent)
    facts.push([
      t.parent,
      <Link key="parent" href={runPath({ project: line.project, id: run.parent })}>
        {run.parent}
      </Link>,
    ]);
  return (
    <section className="run-side" aria-labelledby={id}>
      <h2 id={id}>{t.general}</h2>
      <Facts of={facts} />
    </section>
  );
}

function Facts({ of }: { of: readonly [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function TaskPart({ run, task }: { run: Run; task: RunTask }) {
  const t = useTexts(runTexts);
  const id = useId();
  const settings = Object.entries(task.settings);
  return (
    <section aria-labelledby={id}>
      <div className="row gap-3">
        <h2 id={id}>{t.task(task.name, task.type)}</h2>
        <RunStatus status={task.status} />
      </div>
      {!isOver(task.status) && <Progress task={task} percent={run.percent} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled by keys */}
      <section className="run-text" tabIndex={0} aria-label={t.text}>
        <pre>{task.text}</pre>
      </section>
      {settings.length > 0 && (
        <details>
          <summary className="muted">{t.settings}</summary>
          <Facts of={settings} />
        </details>
      )}
      {task.warnings.length > 0 && (
        <details>
          <summary className="muted">{t.warnings(task.warnings.length)}</summary>
          <ul>
            {task.warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </details>
      )}
      {task.stages.length > 0 && (
        <details open={!isOver(task.status)}>
          <summary className="muted">{t.stages(task.stages.length)}</summary>
          <Stages task={task} />
        </details>
      )}
      <Result run={run} task={task} />
    </section>
  );
}

/** What came of a task: rows, a text, or why not. */
export function Result({ run, task }: { run: Run; task: RunTask }) {
  const t = useTexts(runTexts);
  if (task.status === "CANCELLED") return <p className="muted result-none">{task.output || t.statuses.CANCELLED}</p>;
  if (task.status === "FAILED")
    return (
      <div className="run-error" role="alert">
        <pre>{task.output || (t.statuses as Record<string, string>)[task.status]}</pre>
      </div>
    );
  if (!isOver(task.status)) return <p className="muted result-none">{t.pending}</p>;
  if (task.result === "ROWS") return <ResultGrid run={run} task={task.index} />;
  if (task.output)
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled by keys
      <section className="run-text" tabIndex={0} aria-label={t.result}>
        <pre>{task.output}</pre>
      </section>
    );
  return <p className="muted result-none">{t.nothing}</p>;
}
