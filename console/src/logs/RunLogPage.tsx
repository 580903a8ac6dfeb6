import { useQuery } from "@tanstack/react-query";
import { Lock, ScrollText } from "lucide-react";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { Lasting } from "../app/Lasting";
import { Failure } from "../app/Page";
import { useZone } from "../app/session";
import { useQueryState } from "../app/url";
import { InstanceFrame } from "../instance/InstanceFrame";
import { NodeList } from "../instance/NodeList";
import { instanceTexts } from "../instance/texts";
import { type Instance, mayInspect, useNodes } from "../instance/useInstance";
import { StatusText } from "../status/Glyph";
import { statusOf } from "../status/status";
import { runDay, timeOn } from "../texts/format";
import { useTexts } from "../texts/texts";
import { classes } from "../ui/classes";
import { Empty, SkeletonRows, Tag } from "../ui/pieces";
import { LogView } from "./LogView";
import "./logs.css";
import { logTexts, triggerText } from "./texts";

export type Run = Schemas["RunLine"];

/** What each run of each node wrote, also while it writes. */
export default function RunLogPage() {
  const t = useTexts(instanceTexts);
  return (
    <InstanceFrame tab="log">
      {(instance) =>
        mayInspect(instance) ? (
          <Nodes instance={instance} />
        ) : (
          <Empty icon={Lock} title={t.forbidden}>
            {t.notInspect}
          </Empty>
        )
      }
    </InstanceFrame>
  );
}

function Nodes({ instance }: { instance: Instance }) {
  const t = useTexts(logTexts);
  const [query, change] = useQueryState();
  const { data, error, refetch } = useNodes(instance.line.id);
  if (error && !data) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <SkeletonRows label={t.loading} />;
  const node = data.items.find((each) => each.id === Number(query.get("node"))) ?? first(data.items);
  if (!node) return <Empty icon={ScrollText} title={t.never} />;
  return (
    <div className="beside-nodes">
      <NodeList
        nodes={data.items.map((each) => ({ ...each, note: <Lasting of={each} /> }))}
        current={node.id}
        onChoose={(id) => change({ node: String(id), run: null })}
      />
      <Runs key={node.id} instance={instance} node={node} />
    </div>
  );
}

const URGENT = ["RUNNING", "FAILED"];

/** The node that is looked for most likely: one that runs, else one that failed, else the first. */
function first(nodes: readonly Schemas["NodeLine"][]): Schemas["NodeLine"] | undefined {
  for (const status of URGENT) {
    const found = nodes.find((node) => node.status === status);
    if (found) return found;
  }
  return nodes[0];
}

function Runs({ instance, node }: { instance: Instance; node: Schemas["NodeLine"] }) {
  const t = useTexts(logTexts);
  const [query, change] = useQueryState();
  const { data, error, refetch } = useQuery({
    queryKey: keys.node(node.id, "runs"),
    queryFn: ({ signal }) => api.get("/node-instances/{id}/runs", { path: { id: node.id }, signal }),
  });
  const run = data?.items.find((each) => each.serial === Number(query.get("run"))) ?? data?.items[0];
  return (
    <section className="column" aria-label={t.logOf(node.name)}>
      {error && <Failure error={error} onRetry={() => void refetch()} />}
      {!data && !error && <SkeletonRows rows={3} label={t.loading} />}
      {data && !run && (
        <Empty icon={ScrollText} title={t.never}>
          {t.neverNote}
        </Empty>
      )}
      {data && run && (
        <>
          <RunTable
            day={runDay(instance.line.bizdate)}
            runs={data.items}
            current={run.serial}
            onChoose={(serial) => change({ run: String(serial) })}
          />
          <LogView key={run.serial} instance={instance} node={node.id} name={node.name} run={run} />
        </>
      )}
    </section>
  );
}

/** The runs, the latest first, with bars that compare how long they took. */
function RunTable({
  day,
  runs,
  current,
  onChoose,
}: {
  day: string;
  runs: readonly Run[];
  current: number;
  onChoose: (serial: number) => void;
}) {
  const t = useTexts(logTexts);
  const zone = useZone();
  const longest = Math.max(0.001, ...runs.map((run) => run.duration_s ?? 0));
  return (
    <div className="runs">
      <table aria-label={t.runs}>
        <thead>
          <tr>
            <th>{t.run}</th>
            <th>{t.status}</th>
            <th>{t.trigger}</th>
            <th className="right">{t.start}</th>
            <th className="right">{t.end}</th>
            <th className="right">{t.duration}</th>
            <td />
            <th className="right">{t.version}</th>
            <th>{t.message}</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => {
            const status = statusOf(run.status);
            return (
              <tr key={run.serial} aria-selected={run.serial === current} onClick={() => onChoose(run.serial)}>
                <td>
                  <button type="button" aria-pressed={run.serial === current} onClick={() => onChoose(run.serial)}>
                    {run.number > 0 ? t.attempt(run.number) : triggerText(t.triggers, run.trigger)}
                  </button>
                </td>
                <td>
                  <StatusText status={status} />
                </td>
                <td>
                  {triggerText(t.triggers, run.trigger)}
                  {run.choice === "AS_RAN" && <Tag className="as-ran">{t.asRan}</Tag>}
                </td>
                <td className="right">{timeOn(run.started_at, zone, day)}</td>
                <td className="right">{timeOn(run.ended_at, zone, day)}</td>
                <td className="right">
                  <Lasting of={run} />
                </td>
                <td className="run-bar">
                  {run.duration_s !== null && (
                    <i
                      className={classes(`of-${status}`)}
                      style={{ width: `${Math.max(2, (run.duration_s / longest) * 100)}%` }}
                    />
                  )}
                </td>
                <td className="right">{run.version || "–"}</td>
                <td className="run-message" title={run.message}>
                  {run.reason && (
                    <b className="medium">{(t.reasons as Record<string, string>)[run.reason] ?? run.reason} </b>
                  )}
                  {run.message}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
