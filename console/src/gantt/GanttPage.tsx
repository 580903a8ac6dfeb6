import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { ArrowRight, ChartGantt, Lock, Route } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError, api } from "../api/client";
import { keys } from "../api/keys";
import { Failure } from "../app/Page";
import { useZone } from "../app/session";
import { useQueryState } from "../app/url";
import { InstanceFrame } from "../instance/InstanceFrame";
import type { Instance } from "../instance/useInstance";
import { useTexts } from "../texts/texts";
import { Segmented } from "../ui/Button";
import { Switch } from "../ui/Choice";
import { Icon } from "../ui/Icon";
import { Empty, SkeletonRows } from "../ui/pieces";
import { Chart } from "./Chart";
import "./gantt.css";
import { InstanceChoice, labelOf } from "./InstanceChoice";
import { ganttTexts } from "./texts";

export default function GanttPage() {
  return (
    <InstanceFrame tab="gantt">{(instance) => <Gantt key={instance.line.id} instance={instance} />}</InstanceFrame>
  );
}

/** The critical path between this instance and another one; which of them is the start and which the end is in the address. */
function Gantt({ instance }: { instance: Instance }) {
  const t = useTexts(ganttTexts);
  const zone = useZone();
  const [query, change] = useQueryState();
  const id = instance.line.id;
  const isStart = query.get("as") === "start";
  const text = query.get("with") ?? "";
  const other = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  const only = query.get("only") === "path";
  const asked = { ...(isStart ? { start: id, end: other } : { start: other }), others: !only };
  const ready = !isStart || other > 0;
  const { data, error, refetch, isPlaceholderData } = useQuery({
    queryKey: keys.around(id, "gantt", asked),
    queryFn: ({ signal }) => api.get("/instances/{id}/gantt", { path: { id }, query: asked, signal }),
    enabled: ready,
    placeholderData: keepPreviousData,
  });
  const { data: far } = useQuery({
    queryKey: keys.instance(other),
    queryFn: ({ signal }) => api.get("/instances/{id}", { path: { id: other }, signal }),
    enabled: other > 0,
  });
  const own = labelOf(instance.line, zone);
  const label = other === 0 ? (isStart ? t.choose : t.root) : far ? labelOf(far.line, zone) : String(other);
  const choice = (
    <InstanceChoice
      label={isStart ? t.end : t.start}
      value={label}
      around={instance.line}
      root={!isStart}
      onChange={(chosen) => change({ with: chosen === 0 ? null : String(chosen) })}
    />
  );
  const self = (
    <span className="field gantt-choice fixed">
      {isStart ? t.start : t.end} <b>{own}</b>
      <Icon of={Lock} size={12} />
    </span>
  );
  return (
    <>
      <div className="toolbar gantt-tools">
        <Segmented
          label={t.role}
          value={isStart ? "start" : "end"}
          options={[
            { value: "start", label: t.asStart },
            { value: "end", label: t.asEnd },
          ]}
          onChange={(role) => change({ as: role === "start" ? "start" : null, with: null })}
        />
        {isStart ? self : choice}
        <Icon of={ArrowRight} size={14} className="muted" />
        {isStart ? choice : self}
        <span className="grow" />
        <Switch checked={only} onChange={(on) => change({ only: on ? "path" : null })}>
          {t.onlyPath}
        </Switch>
      </div>
      {!ready ? (
        <Empty icon={Route} title={t.chooseEnd}>
          {t.chooseEndNote}
        </Empty>
      ) : (
        <Answer error={error} onRetry={() => void refetch()} start={isStart ? own : label} end={isStart ? label : own}>
          {data && (
            <Chart
              key={`${data.start} ${data.end}`}
              gantt={data}
              dimmed={isPlaceholderData}
              runs={instance.line.bizdate}
            />
          )}
        </Answer>
      )}
    </>
  );
}

/** The chart, or why there is none. */
function Answer({
  error,
  onRetry,
  start,
  end,
  children,
}: {
  error: unknown;
  onRetry: () => void;
  start: string;
  end: string;
  children: ReactNode;
}) {
  const t = useTexts(ganttTexts);
  if (error instanceof ApiError && error.code === "NO_PATH")
    return (
      <Empty icon={Route} title={t.noPath}>
        {t.noPathNote(start, end)}
      </Empty>
    );
  if (error instanceof ApiError && error.code === "FEATURE_OFF")
    return (
      <Empty icon={ChartGantt} title={t.off}>
        {t.offNote}
      </Empty>
    );
  if (error && !children) return <Failure error={error} onRetry={onRetry} />;
  if (!children) return <SkeletonRows label={t.loading} />;
  return (
    <>
      {error !== null && <Failure error={error} onRetry={onRetry} />}
      {children}
    </>
  );
}
