import { FileText } from "lucide-react";
import { Link } from "wouter";
import { Lasting } from "../app/Lasting";
import { Failure } from "../app/Page";
import { useZone } from "../app/session";
import { inEnvironment, useEnvironment } from "../app/url";
import { instancePath } from "../instance/InstanceFrame";
import { type Instance, useNodes } from "../instance/useInstance";
import { logTexts } from "../logs/texts";
import { StatusText } from "../status/Glyph";
import { PriorityBars } from "../status/kinds";
import { statusOf } from "../status/status";
import { NONE, runDay, shortTimeOn, timeOn } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Icon } from "../ui/Icon";
import { SkeletonRows, Tag } from "../ui/pieces";
import { type Column, Table } from "../ui/Table";
import type { Node } from "./fields";
import { fieldTexts } from "./texts";

/** The node of a script with what is known of its run. */
export function NodesTable({ instance }: { instance: Instance }) {
  const t = useTexts(fieldTexts);
  const log = useTexts(logTexts);
  const zone = useZone();
  const environment = useEnvironment();
  const { data, error, refetch } = useNodes(instance.line.id);
  const day = runDay(instance.line.bizdate);
  const columns: Column<Node>[] = [
    { key: "name", width: 220, pin: "left", head: t.node, cell: (node) => <b className="medium">{node.name}</b> },
    { key: "kind", width: 104, head: t.type, cell: (node) => <span className="muted">{node.kind}</span> },
    {
      key: "status",
      width: 220,
      head: t.status,
      cell: (node) => (
        <span className="row gap-2">
          <StatusText status={statusOf(node.status, { paused: node.paused })} />
          {node.reason && <Tag>{(log.reasons as Record<string, string>)[node.reason] ?? node.reason}</Tag>}
        </span>
      ),
    },
    { key: "attempt", width: 72, align: "right", head: t.attempt, cell: (node) => node.attempt || NONE },
    {
      key: "retries",
      width: 72,
      align: "right",
      head: t.retries,
      cell: (node) => (node.retries ? t.ofAll(node.retried, node.retries) : NONE),
    },
    { key: "due", width: 72, align: "right", head: t.due, cell: (node) => shortTimeOn(node.due_at, zone, day) },
    { key: "start", width: 116, align: "right", head: t.start, cell: (node) => timeOn(node.started_at, zone, day) },
    { key: "end", width: 116, align: "right", head: t.end, cell: (node) => timeOn(node.ended_at, zone, day) },
    { key: "duration", width: 84, align: "right", head: t.duration, cell: (node) => <Lasting of={node} /> },
    { key: "priority", width: 104, head: t.priority, cell: (node) => <PriorityBars priority={node.priority} /> },
    { key: "group", width: 132, head: t.group, cell: (node) => node.resource_group || NONE },
    {
      key: "log",
      width: 100,
      pin: "right",
      head: t.log,
      cell: (node) => (
        <Link
          href={inEnvironment(instancePath(instance.line.id, "log", { node: String(node.id) }), environment)}
          className="row gap-1"
        >
          <Icon of={FileText} size={14} />
          {t.log}
        </Link>
      ),
    },
  ];
  if (error && !data) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <SkeletonRows rows={1} label={t.loading} />;
  return (
    <Table
      label={t.nodes}
      columns={columns}
      count={data.items.length}
      rowAt={(index) => data.items[index]}
      keyOf={(node) => node.id}
      grow="name"
    />
  );
}
