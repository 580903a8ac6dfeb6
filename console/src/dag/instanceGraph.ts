/** The picture of instances from what the server says of them. */

import type { Schemas } from "../api/client";
import { type Status, statusOf } from "../status/status";
import { bizdate, duration, shortTimeOn } from "../texts/format";
import type { Choice, GraphEdge, GraphField, GraphNode, GraphRow, Look } from "./graph";
import { dagTexts } from "./texts";

export type Dag = Schemas["Dag"];
export type DagInstance = Schemas["DagInstance"];
export type NodeLine = Schemas["NodeLine"];
export type FieldLine = Schemas["FieldLine"];

export const ROOT = "0";
/** Of tables with more nodes so many are shown, first those that have not succeeded. */
export const MOST_ROWS = 12;

/** Further neighbours that were asked for, `u12.d7` in the address, as the server is asked for them. */
export function moreOf(text: string): string[] {
  return text.split(".").flatMap((each) => {
    const match = /^([ud])(\d{1,15})$/.exec(each);
    return match ? [`${match[1] === "u" ? "up" : "down"}:${match[2]}`] : [];
  });
}

export function statusOfInstance(instance: DagInstance): Status | null {
  const code = instance.statuses[0];
  if (!instance.visible || code === undefined) return null;
  return statusOf(code, {
    waiting: instance.waiting[0],
    paused: instance.paused > 0 && instance.paused === instance.node_count,
  });
}

export function statusOfNode(node: NodeLine): Status {
  return statusOf(node.status, { paused: node.paused });
}

export interface Words {
  language: "en" | "zh";
  zone: string;
  /** The data timestamp of the centre, and the day on which it runs. */
  bizdate: string;
  day: string | null;
}

/** Nodes and edges of the picture. `fields` are those of the instance of which a node is chosen. */
export function graphOf(
  dag: Dag,
  chosen: Choice | null,
  fields: readonly FieldLine[] | undefined,
  allRows: ReadonlySet<string>,
  words: Words,
): { nodes: GraphNode[]; edges: GraphEdge[] } {
  const edges = edgesOf(dag);
  const clock = clockOf(words);
  const kept = new Set<string>();
  const gone = new Set<string>();
  for (const edge of dag.edges) {
    const side = edge.removed ? gone : kept;
    side.add(String(edge.up));
    side.add(String(edge.down));
  }
  const nodes = dag.instances.map((each) => {
    const id = String(each.id);
    const removed = each.id !== dag.centre && gone.has(id) && !kept.has(id);
    return nodeOf(each, dag, removed, chosen?.node === id ? chosen : null, fields, allRows.has(id), words, clock);
  });
  return { nodes, edges };
}

/** Times of the day, each minute written once: to ask the browser for thousands takes long. */
function clockOf(words: Words): (instant: string) => string {
  const known = new Map<string, string>();
  return (instant) => {
    const minute = instant.slice(0, 16);
    let text = known.get(minute);
    if (text === undefined) {
      text = shortTimeOn(instant, words.zone, words.day);
      known.set(minute, text);
    }
    return text;
  };
}

function nodeOf(
  each: DagInstance,
  dag: Dag,
  removed: boolean,
  chosen: Choice | null,
  fields: readonly FieldLine[] | undefined,
  everyRow: boolean,
  words: Words,
  clock: (instant: string) => string,
): GraphNode {
  const t = dagTexts[words.language];
  const node: GraphNode = {
    id: String(each.id),
    name: each.name,
    kind: each.kind,
    status: statusOfInstance(each),
    meta: "",
    locked: !each.visible,
    removed,
    moreUp: each.more_up,
    moreDown: each.more_down,
  };
  if (!each.visible) return { ...node, meta: t.lockedMeta(each.project) };
  if (each.biz_type === "ROOT") return { ...node, meta: t.root };
  if (removed) return { ...node, meta: t.removedMeta };
  // Instances of other data timestamps have the same names.
  const date = each.bizdate === words.bizdate ? "" : bizdate(each.bizdate);
  const due = each.due_at ? t.due(clock(each.due_at)) : "";
  const ended = each.ended_at ? clock(each.ended_at) : "";
  if (each.nodes && each.biz_type !== "SCRIPT") {
    const rows = rowsOf(each.nodes, everyRow ? Number.POSITIVE_INFINITY : MOST_ROWS, chosen?.row);
    return {
      ...node,
      meta: [t.hash(each.id), date || due].filter(Boolean).join(", "),
      aside: t.nodeCount(each.node_count),
      counts: each.node_statuses,
      waiting: each.waiting,
      rows: rows.map((line) => rowOf(line, each, dag, chosen?.row === String(line.id) ? fields : undefined, words)),
      moreRows: each.nodes.length - rows.length,
    };
  }
  const what = each.biz_type === "SCRIPT" ? t.script : t.fieldsAndNodes(each.field_count, each.node_count);
  if (date) return { ...node, meta: what, aside: date };
  return { ...node, meta: ended ? what : [what, due].filter(Boolean).join(", "), aside: ended };
}

/** At most `most`, and the one that is chosen: what has not succeeded comes first when some are left out. */
export function rowsOf(nodes: readonly NodeLine[], most: number, chosen: string | undefined): NodeLine[] {
  if (nodes.length <= most) return [...nodes];
  const ranked = [...nodes].sort((a, b) => rank(a) - rank(b));
  const taken = new Set(ranked.slice(0, most));
  const own = nodes.find((node) => String(node.id) === chosen);
  if (own) taken.add(own);
  return ranked.filter((node) => taken.has(node));

  function rank(node: NodeLine): number {
    return node.status === "SUCCESS" ? 1 : 0;
  }
}

function rowOf(
  line: NodeLine,
  instance: DagInstance,
  dag: Dag,
  fields: readonly FieldLine[] | undefined,
  words: Words,
): GraphRow {
  const t = dagTexts[words.language];
  const status = statusOfNode(line);
  let note = duration(line.duration_s);
  if (line.duration_s === null) note = "";
  // A picture does not tick.
  else if (line.ended_at === null) note = t.since(shortTimeOn(line.started_at, words.zone, words.day));
  if (line.status === "FAILED" && line.retries > 0) note = t.attemptOf(line.attempt, line.retries + 1);
  if (line.status === "INIT") {
    const before = new Set(
      dag.node_edges
        .filter((edge) => edge.kind === "INTERNAL" && edge.down === instance.id && edge.down_node === line.id)
        .map((edge) => edge.up_node),
    );
    const name = instance.nodes?.find((node) => before.has(node.id) && node.status !== "SUCCESS")?.name;
    note = name ? t.after(name) : "";
  }
  if (line.paused) note = t.paused;
  return {
    id: String(line.id),
    name: line.name,
    status,
    meta: t.fields(line.fields.length),
    note,
    fields: fields ? fieldsOf(line, fields, words) : undefined,
  };
}

function fieldsOf(line: NodeLine, fields: readonly FieldLine[], words: Words): GraphField[] {
  const t = dagTexts[words.language];
  const known = new Map(fields.map((field) => [field.name, field]));
  return line.fields.map((name) => {
    const field = known.get(name);
    const elsewhere = field?.nodes.filter((node) => node.id !== line.id).map((node) => node.name) ?? [];
    return {
      name,
      status: field?.status
        ? statusOf(field.status, { waiting: field.waiting, paused: field.paused === "paused" })
        : null,
      note: elsewhere.length > 0 ? t.alsoIn(elsewhere.join(", ")) : undefined,
    };
  });
}

/** Whether it has not got through yet; of what may not be looked at that is not known, and nobody is told that nothing waits. */
export function mayStillWait(each: DagInstance): boolean {
  return !each.visible || each.statuses.some((status) => status !== "SUCCEEDED");
}

function edgesOf(dag: Dag): GraphEdge[] {
  const byId = new Map(dag.instances.map((each) => [each.id, each]));
  const nodes = new Map<string, NodeLine>();
  for (const each of dag.instances) for (const node of each.nodes ?? []) nodes.set(`${each.id}/${node.id}`, node);
  const isThrough = (id: number, node: number | null): boolean => {
    const line = node === null ? undefined : nodes.get(`${id}/${node}`);
    if (line) return line.status === "SUCCESS";
    const instance = byId.get(id);
    return !instance?.visible || instance.statuses.every((status) => status === "SUCCEEDED");
  };
  /** Unmet: the one end has not succeeded, and the other has not got over it. */
  const look = (edge: { up: number; down: number; removed: boolean }, up: number | null, down: number | null): Look => {
    if (edge.removed) return "removed";
    return isThrough(edge.up, up) || isThrough(edge.down, down) ? "plain" : "unmet";
  };
  const opened = (id: number) => {
    const each = byId.get(id);
    return each?.nodes !== null && each?.nodes !== undefined && each.biz_type !== "SCRIPT";
  };
  const found: GraphEdge[] = dag.edges
    .filter((edge) => !opened(edge.up) && !opened(edge.down))
    .map((edge) => ({ from: String(edge.up), to: String(edge.down), look: look(edge, null, null) }));
  for (const edge of dag.node_edges) {
    if (!opened(edge.up) && !opened(edge.down)) continue;
    found.push({
      from: String(edge.up),
      to: String(edge.down),
      fromRow: edge.up_node === null || !opened(edge.up) ? null : String(edge.up_node),
      toRow: edge.down_node === null || !opened(edge.down) ? null : String(edge.down_node),
      look: look(edge, edge.up_node, edge.down_node),
    });
  }
  return found;
}
