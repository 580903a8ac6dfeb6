import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, Code, Copy, ExternalLink, Hand, ListTree, ScrollText, SquareDashed } from "lucide-react";
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import { api } from "../api/client";
import { keys } from "../api/keys";
import { Failure } from "../app/Page";
import { inEnvironment, useEnvironment } from "../app/url";
import { instancePath } from "../instance/InstanceFrame";
import type { Instance } from "../instance/useInstance";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { classes } from "../ui/classes";
import { Icon } from "../ui/Icon";
import { Empty, SkeletonRows } from "../ui/pieces";
import { toast } from "../ui/Toasts";
import { atEnd, failsAt, linesOf, pollAfter } from "./lines";
import type { Run } from "./RunLogPage";
import { logTexts } from "./texts";

/** What one run wrote. While it writes, it is asked for again, and the view follows the end until somebody scrolls up. */
export function LogView({ instance, node, name, run }: { instance: Instance; node: number; name: string; run: Run }) {
  const t = useTexts(logTexts);
  const environment = useEnvironment();
  const { data, error, refetch } = useQuery({
    queryKey: keys.node(node, "log", run.serial),
    queryFn: ({ signal }) =>
      api.get("/node-instances/{id}/runs/{serial}/log", { path: { id: node, serial: run.serial }, signal }),
    refetchInterval: (query) => (query.state.data?.live ? pollAfter(query.state.data.content.length) : false),
  });
  const lines = useMemo(() => linesOf(data?.content ?? ""), [data?.content]);
  const [, project, task] = /^(?:(.+)\/)?(.*)$/.exec(data?.run.task_instance ?? "") ?? [];
  return (
    <>
      <div className="room-bar">
        <span className="medium">{t.logOf(name)}</span>
        {lines.length > 0 && <span className="muted t-12">{t.lines(lines.length)}</span>}
        {data?.live && (
          <span className="live" role="status">
            {t.live}
          </span>
        )}
        <span className="grow" />
        <Link
          className="button small ghost"
          href={inEnvironment(instancePath(instance.line.id, "code", { node: String(node) }), environment)}
        >
          <Icon of={Code} size={14} />
          {t.code}
        </Link>
        {task && (
          <Link
            className="button small ghost"
            href={`/runs/${encodeURIComponent(project ?? instance.line.project)}/${encodeURIComponent(task)}`}
          >
            <Icon of={ListTree} size={14} />
            {t.taskInstance}
          </Link>
        )}
        {data?.logview && (
          <a className="button small ghost" href={data.logview} target="_blank" rel="noreferrer">
            <Icon of={ExternalLink} size={14} />
            {t.logview}
          </a>
        )}
        {lines.length > 0 && (
          <Button
            kind="ghost"
            size="small"
            icon={Copy}
            onClick={() => {
              void navigator.clipboard.writeText(data?.content ?? "").then(() => toast({ text: t.copied }));
            }}
          >
            {t.copy}
          </Button>
        )}
      </div>
      {error && <Failure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <SkeletonRows rows={6} label={t.loading} />}
      {data &&
        (lines.length > 0 ? (
          <Lines lines={lines} live={data.live} failed={run.status === "FAILED"} label={t.logOf(name)} />
        ) : (
          <Nothing run={run} live={data.live} />
        ))}
    </>
  );
}

function Nothing({ run, live }: { run: Run; live: boolean }) {
  const t = useTexts(logTexts);
  if (run.trigger === "DRY")
    return (
      <Empty icon={SquareDashed} title={t.dry}>
        {t.dryNote}
      </Empty>
    );
  if (run.trigger === "MANUAL_SUCCESS")
    return (
      <Empty icon={Hand} title={t.manual}>
        {t.manualNote}
      </Empty>
    );
  return (
    <Empty icon={ScrollText} title={live ? t.nothingYet : t.nothing}>
      {run.message}
    </Empty>
  );
}

const LINE = 18;

function Lines({
  lines,
  live,
  failed,
  label,
}: {
  lines: readonly string[];
  live: boolean;
  failed: boolean;
  label: string;
}) {
  const t = useTexts(logTexts);
  const scroller = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE,
    overscan: 40,
    paddingStart: 12,
    paddingEnd: 24,
  });
  const wrong = useMemo(() => failsAt(lines, failed), [lines, failed]);
  const widest = useMemo(() => lines.reduce((most, line) => Math.max(most, line.length), 0), [lines]);
  const top = useRef(0);
  const toEnd = () => {
    const element = scroller.current;
    if (element) element.scrollTop = element.scrollHeight;
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: it follows when there are more lines
  useLayoutEffect(() => {
    if (following) toEnd();
  }, [following, lines.length]);
  return (
    <div className="log-frame">
      <div
        className="log"
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keys
        tabIndex={0}
        role="log"
        aria-label={label}
        aria-live={live && following ? "polite" : "off"}
        onScroll={(event) => {
          const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
          // Lines that come push the end away: only a movement upwards stops following.
          if (atEnd(scrollTop, clientHeight, scrollHeight)) setFollowing(true);
          else if (scrollTop < top.current) setFollowing(false);
          top.current = scrollTop;
        }}
      >
        <div style={{ height: virtual.getTotalSize(), minWidth: `calc(${widest}ch + 72px + var(--s6))` }}>
          {virtual.getVirtualItems().map(({ index, start }) => (
            <div
              key={index}
              className={classes("log-line", index >= wrong && "wrong")}
              style={{ transform: `translateY(${start}px)` }}
            >
              <i aria-hidden="true">{index + 1}</i>
              <code>{lines[index]}</code>
            </div>
          ))}
        </div>
      </div>
      {!following && (
        <Button className="log-jump" size="small" icon={ArrowDown} onClick={() => setFollowing(true)}>
          {t.jump}
        </Button>
      )}
    </div>
  );
}
