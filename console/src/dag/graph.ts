/** What a picture of dependencies consists of, for instances as for tasks. */

import type { Status } from "../status/status";
import type { LayoutInput } from "./layout";

export interface GraphField {
  name: string;
  /** null: a key, which has none. */
  status: Status | null;
  note?: string;
}

/** A materialization node of an opened table. */
export interface GraphRow {
  id: string;
  name: string;
  status: Status;
  /** Beside the name. */
  meta: string;
  /** At the end of the row. */
  note?: string;
  /** Shown below it, when the row is opened. */
  fields?: readonly GraphField[];
}

export interface GraphNode {
  id: string;
  name: string;
  /** Of a table; null for scripts. */
  kind: string | null;
  /** null: what is shown has no status, or none that may be told. */
  status: Status | null;
  /** The second line, and its right end. */
  meta: string;
  aside?: string;
  /** The person looking has no role in its project. */
  locked?: boolean;
  /** All its dependencies in the picture were removed. */
  removed?: boolean;
  /** Neighbours that are not shown. */
  moreUp: number;
  moreDown: number;
  /** Numbers by class, in the head of an opened table. */
  counts?: Readonly<Record<string, number>>;
  /** For what those wait that wait. */
  waiting?: readonly string[];
  rows?: readonly GraphRow[];
  /** Rows that are not shown. */
  moreRows?: number;
}

export type Look = "plain" | "unmet" | "removed";

export interface GraphEdge {
  from: string;
  to: string;
  fromRow?: string | null;
  toRow?: string | null;
  look: Look;
}

/** What is chosen: a node, or a row of it. */
export interface Choice {
  node: string;
  row?: string;
}

export const CARD = { width: 220, height: 52 } as const;
export const GROUP = { width: 280, head: 58, row: 44, opened: 8, field: 24, gap: 6, foot: 8, more: 28 } as const;

export function rowHeight(row: GraphRow): number {
  return GROUP.row + (row.fields ? GROUP.opened + row.fields.length * GROUP.field : 0);
}

/** Tops of rows below the top of their group, and the height of the whole. */
export function groupShape(rows: readonly GraphRow[], more = 0): { tops: number[]; height: number } {
  let y: number = GROUP.head;
  const tops = rows.map((row) => {
    const top = y;
    y += rowHeight(row) + GROUP.gap;
    return top;
  });
  if (more > 0) y += GROUP.more + GROUP.gap;
  return { tops, height: y - GROUP.gap + GROUP.foot };
}

export interface Picture {
  nodes: readonly GraphNode[];
  edges: readonly GraphEdge[];
  /** Place of a node in `nodes`. */
  at: ReadonlyMap<string, number>;
  input: LayoutInput;
  /** Edges between rows of one group: group, upper and lower end below its top. */
  inner: readonly { node: number; from: number; to: number; look: Look }[];
  /** By node the places of its edges. */
  ups: readonly number[][];
  downs: readonly number[][];
}

/** A picture ready to be laid out. Nodes are taken by name, so that the order of an answer decides nothing. */
export function pictureOf(nodes: readonly GraphNode[], edges: readonly GraphEdge[], centre: string): Picture {
  const sorted = [...nodes].sort((a, b) => compare(a.name, b.name) || compare(a.id, b.id));
  const at = new Map(sorted.map((node, index) => [node.id, index]));
  const widths = new Int32Array(sorted.length);
  const heights = new Int32Array(sorted.length);
  const ports = new Map<string, number>();
  sorted.forEach((node, index) => {
    if (!node.rows) {
      widths[index] = CARD.width;
      heights[index] = CARD.height;
      return;
    }
    const { tops, height } = groupShape(node.rows, node.moreRows);
    widths[index] = GROUP.width;
    heights[index] = height;
    node.rows.forEach((row, k) => {
      ports.set(`${node.id}/${row.id}`, (tops[k] as number) + GROUP.row / 2);
    });
  });
  const shown = edges.filter((edge) => edge.from !== edge.to && at.has(edge.from) && at.has(edge.to));
  const port = (node: string, row: string | null | undefined) => (row ? (ports.get(`${node}/${row}`) ?? -1) : -1);
  const inner = edges
    .filter((edge) => edge.from === edge.to && at.has(edge.from))
    .map((edge) => ({
      node: at.get(edge.from) as number,
      from: port(edge.from, edge.fromRow),
      to: port(edge.to, edge.toRow),
      look: edge.look,
    }))
    .filter((edge) => edge.from >= 0 && edge.to >= 0 && edge.from !== edge.to);
  const ups: number[][] = sorted.map(() => []);
  const downs: number[][] = sorted.map(() => []);
  shown.forEach((edge, index) => {
    ups[at.get(edge.to) as number]?.push(index);
    downs[at.get(edge.from) as number]?.push(index);
  });
  return {
    nodes: sorted,
    edges: shown,
    at,
    inner,
    ups,
    downs,
    input: {
      widths,
      heights,
      from: Int32Array.from(shown, (edge) => at.get(edge.from) as number),
      to: Int32Array.from(shown, (edge) => at.get(edge.to) as number),
      fromPort: Int32Array.from(shown, (edge) => port(edge.from, edge.fromRow)),
      toPort: Int32Array.from(shown, (edge) => port(edge.to, edge.toRow)),
      centre: at.get(centre) ?? -1,
    },
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
