import { useQuery } from "@tanstack/react-query";
import { Copy, Download, ExternalLink } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { ApiError, address, api } from "../api/client";
import { keys } from "../api/keys";
import { Lasting } from "../app/Lasting";
import { Failure } from "../app/Page";
import { useZone } from "../app/session";
import { inEnvironment, useEnvironment } from "../app/url";
import { logTexts, triggerText } from "../logs/texts";
import { useLogEnd } from "../logs/useLog";
import { Glyph } from "../status/Glyph";
import { HUE, statusOf } from "../status/status";
import { timeOn } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Button, IconButton } from "../ui/Button";
import { classes } from "../ui/classes";
import { Empty, SkeletonRows } from "../ui/pieces";
import { toast } from "../ui/Toasts";
import { bars, type RunLine } from "./attempts";
import { drawerTexts } from "./drawerTexts";
import type { NodeLine } from "./instanceGraph";

/** Lines of a log that the drawer shows; the page of the run log has the rest. */
const MOST = 400;

/** Runs of a node, the latest first, on a common axis; and what the chosen one wrote. */
export function Attempts({ line, instance, day }: { line: NodeLine; instance: number; day: string }) {
  const t = useTexts(drawerTexts);
  const log = useTexts(logTexts);
  const zone = useZone();
  const [serial, setSerial] = useState<number | null>(null);
  const { data, error, refetch } = useQuery({
    queryKey: keys.node(line.id, "runs"),
    queryFn: ({ signal }) => api.get("/node-instances/{id}/runs", { path: { id: line.id }, signal }),
  });
  if (!data)
    return error ? (
      <Refused error={error} onRetry={() => void refetch()} />
    ) : (
      <SkeletonRows rows={3} label={t.loading} />
    );
  const runs = data.items;
  if (runs.length === 0) return <Empty title={t.never}>{t.neverNote}</Empty>;
  const chosen = runs.find((run) => run.serial === serial) ?? (runs[0] as RunLine);
  const places = bars(runs);
  return (
    <>
      <ol className="attempts">
        {runs.map((run, at) => {
          const status = statusOf(run.status);
          const place = places[at];
          return (
            <li key={run.serial}>
              <button
                type="button"
                className={HUE[status]}
                aria-pressed={run === chosen}
                onClick={() => setSerial(run.serial)}
              >
                <span className="muted right">{run.number || "–"}</span>
                <Glyph status={status} size={14} />
                <span className="attempt-axis">
                  {place && <i style={{ left: `${place.left}%`, width: `${place.width}%` }} />}
                </span>
                <span className="soft">{place ? timeOn(run.started_at, zone, day) : ""}</span>
                <span className="muted right">{place ? <Lasting of={run} /> : ""}</span>
                <span className="attempt-why muted">
                  {triggerText(log.triggers, run.trigger)}
                  {!place && `, ${t.noLog.toLowerCase()}`}
                  {run.message && `. ${run.message}`}
                </span>
              </button>
            </li>
          );
        })}
      </ol>
      {chosen.number > 0 && <Log key={chosen.serial} node={line.id} run={chosen} instance={instance} />}
    </>
  );
}

function Log({ node, run, instance }: { node: number; run: RunLine; instance: number }) {
  const t = useTexts(drawerTexts);
  const log = useTexts(logTexts);
  const environment = useEnvironment();
  const box = useRef<HTMLPreElement>(null);
  const follows = useRef(true);
  const [away, setAway] = useState(false);
  const { data, error, refetch } = useLogEnd(node, run.serial, MOST);
  const content = data?.items.join("\n") ?? "";
  // biome-ignore lint/correctness/useExhaustiveDependencies: it follows what is written
  useEffect(() => {
    if (follows.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [content]);
  const failed = run.status === "FAILED";
  return (
    <section className="dag-log" aria-label={t.log(run.number)}>
      <div className="row gap-2 dag-log-head">
        <b className="medium grow">{t.log(run.number)}</b>
        {away && data?.live && (
          <Button
            size="small"
            onClick={() => {
              follows.current = true;
              setAway(false);
              if (box.current) box.current.scrollTop = box.current.scrollHeight;
            }}
          >
            {t.toEnd}
          </Button>
        )}
        <IconButton
          size="small"
          icon={Copy}
          label={t.copy}
          onClick={() => {
            void navigator.clipboard?.writeText(content).then(() => toast({ text: t.copied }));
          }}
        />
        {content !== "" && (
          <a
            className="button ghost icon small"
            href={address("/node-instances/{id}/runs/{serial}/log.txt", { path: { id: node, serial: run.serial } })}
            download
            aria-label={log.download}
            title={log.download}
          >
            <Download size={14} aria-hidden="true" />
          </a>
        )}
        {data?.logview && (
          <a
            className="button ghost icon small"
            href={data.logview}
            target="_blank"
            rel="noreferrer"
            aria-label={t.logview}
            title={t.logview}
          >
            <ExternalLink size={14} aria-hidden="true" />
          </a>
        )}
      </div>
      {error && <Refused error={error} onRetry={() => void refetch()} />}
      {data && (
        <pre
          ref={box}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
          tabIndex={0}
          className={classes("mono", failed && "failed")}
          onScroll={(event) => {
            const its = event.currentTarget;
            follows.current = its.scrollHeight - its.scrollTop - its.clientHeight < 24;
            setAway(!follows.current);
          }}
        >
          {content || <span className="muted">{t.emptyLog}</span>}
          {data.live && <span className="muted">{`\n${t.live}`}</span>}
        </pre>
      )}
      <p className="t-12 muted dag-log-foot">
        {data && data.line > 1 && `${t.truncated} `}
        <Link href={inEnvironment(`/instances/${instance}/log?node=${node}&run=${run.serial}`, environment)}>
          {t.runLogPage}
        </Link>
      </p>
    </section>
  );
}

/** What may not be seen says so; other errors can be tried again. */
export function Refused({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const t = useTexts(drawerTexts);
  if (error instanceof ApiError && error.status === 403)
    return <p className="t-12 muted dag-refused">{t.notInspect}</p>;
  return <Failure error={error} onRetry={onRetry} />;
}
