import {
  ChevronDown,
  ChevronUp,
  Code,
  Copy,
  Download,
  ExternalLink,
  Hand,
  ListTree,
  ScrollText,
  SquareDashed,
} from "lucide-react";
import { useDeferredValue, useRef, useState } from "react";
import { Link } from "wouter";
import { address, api } from "../api/client";
import { Failure } from "../app/Page";
import { useShortcuts } from "../app/shortcuts";
import { inEnvironment, useEnvironment } from "../app/url";
import { instancePath } from "../instance/InstanceFrame";
import type { Instance } from "../instance/useInstance";
import { number, useTexts } from "../texts/texts";
import { IconButton } from "../ui/Button";
import { SearchField } from "../ui/Field";
import { Icon } from "../ui/Icon";
import { Empty, SkeletonRows } from "../ui/pieces";
import { toast } from "../ui/Toasts";
import { LogLines } from "./LogLines";
import type { Run } from "./RunLogPage";
import { logTexts } from "./texts";
import { useLogEnd, useMatches } from "./useLog";

/** What one run wrote, also while it writes, and what can be done with it: search, copy, save. */
export function LogView({ instance, node, name, run }: { instance: Instance; node: number; name: string; run: Run }) {
  const t = useTexts(logTexts);
  const environment = useEnvironment();
  const { data: end, error, refetch } = useLogEnd(node, run.serial);
  const [search, setSearch] = useState("");
  const wanted = useDeferredValue(search);
  const field = useRef<HTMLInputElement>(null);
  const [at, setAt] = useState(0);
  const { data: matches } = useMatches(node, run.serial, wanted, end?.lines ?? 0);
  const shown = wanted !== "" && matches ? matches : undefined;
  const chosen = shown && shown.lines.length > 0 ? Math.min(at, shown.lines.length - 1) : -1;
  const step = (by: number) => {
    if (shown && shown.lines.length > 0) setAt((chosen + by + shown.lines.length) % shown.lines.length);
  };
  useShortcuts(t.logOf(name), [{ keys: "/", label: t.find, run: () => field.current?.focus() }]);
  const [, project, task] = /^(?:(.+)\/)?(.*)$/.exec(end?.run.task_instance ?? "") ?? [];
  const hasLines = end !== undefined && end.lines > 0;
  const path = { id: node, serial: run.serial };
  return (
    <>
      <div className="room-bar">
        <h2 className="medium ellipsis">{t.logOf(name)}</h2>
        {hasLines && <span className="muted t-12">{t.lines(end.lines)}</span>}
        {end?.live && (
          <span className="live" role="status">
            {t.live}
          </span>
        )}
        <span className="grow" />
        {hasLines && (
          <span className="row gap-1 log-find">
            {wanted !== "" && (
              <span className="muted t-12" role="status">
                {shown ? (shown.count > 0 ? t.matchOf(chosen + 1, shown.count) : t.noMatch) : ""}
              </span>
            )}
            <SearchField
              ref={field}
              value={search}
              onChange={(text) => {
                setSearch(text);
                setAt(0);
              }}
              placeholder={t.find}
              shortcut="/"
              onKeyDown={(event) => {
                if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
              }}
            />
            {wanted !== "" && (
              <>
                <IconButton icon={ChevronUp} size="small" label={t.previous} onClick={() => step(-1)} />
                <IconButton icon={ChevronDown} size="small" label={t.next} onClick={() => step(1)} />
              </>
            )}
          </span>
        )}
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
        {end?.logview && (
          <a className="button small ghost" href={end.logview} target="_blank" rel="noreferrer">
            <Icon of={ExternalLink} size={14} />
            {t.logview}
          </a>
        )}
        {hasLines && (
          <>
            <IconButton
              size="small"
              icon={Copy}
              label={t.copy}
              onClick={() => {
                void api
                  .get("/node-instances/{id}/runs/{serial}/log", { path })
                  .then(({ content }) => navigator.clipboard?.writeText(content))
                  .then(() => toast({ text: t.copied }));
              }}
            />
            <a
              className="button ghost icon small"
              href={address("/node-instances/{id}/runs/{serial}/log.txt", { path })}
              download
              aria-label={t.download}
              title={t.download}
            >
              <Icon of={Download} size={14} />
            </a>
          </>
        )}
      </div>
      {error && <Failure error={error} onRetry={() => void refetch()} />}
      {!end && !error && <SkeletonRows rows={6} label={t.loading} />}
      {end && end.left_out > 0 && <p className="log-cut t-12">{t.leftOut(number(end.left_out))}</p>}
      {end &&
        (hasLines ? (
          <LogLines
            node={node}
            serial={run.serial}
            end={end}
            label={t.logOf(name)}
            wanted={wanted}
            found={shown?.lines[chosen]}
          />
        ) : (
          <Nothing run={run} live={end.live} />
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
      {run.reason === "LOST" ? t.lostNote : run.message}
    </Empty>
  );
}
