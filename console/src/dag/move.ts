import type { Choice, Picture } from "./graph";
import type { Layout } from "./layout";

export type Arrow = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown";

/**
 * What an arrow leads to: to the left upstream and to the right downstream along an edge, the one that is nearest in height; up and down to the next
 * in the layer, of an opened group first through its rows. null: nothing is there.
 */
export function moved(picture: Picture, layout: Layout, choice: Choice, arrow: Arrow): Choice | null {
  const at = picture.at.get(choice.node);
  if (at === undefined) return null;
  if (arrow === "ArrowLeft" || arrow === "ArrowRight") return along(picture, layout, at, choice.row, arrow);
  const rows = picture.nodes[at]?.rows ?? [];
  const step = arrow === "ArrowDown" ? 1 : -1;
  const inside = rows.findIndex((row) => row.id === choice.row) + step;
  if (rows.length > 0 && inside >= -1 && inside < rows.length) {
    if (inside >= 0) return { node: choice.node, row: rows[inside]?.id };
    if (choice.row !== undefined) return { node: choice.node };
  }
  for (let other = 0; other < picture.nodes.length; other++)
    if (layout.layer[other] === layout.layer[at] && layout.order[other] === (layout.order[at] as number) + step) {
      const node = picture.nodes[other];
      if (!node) return null;
      const last = step < 0 ? node.rows?.[node.rows.length - 1] : undefined;
      return { node: node.id, row: last?.id };
    }
  return null;
}

function along(
  picture: Picture,
  layout: Layout,
  at: number,
  row: string | undefined,
  arrow: "ArrowLeft" | "ArrowRight",
): Choice | null {
  const up = arrow === "ArrowLeft";
  const { from, to, fromPort, toPort, heights } = picture.input;
  const own = (up ? picture.ups : picture.downs)[at] ?? [];
  const ofRow =
    row === undefined
      ? own
      : own.filter((edge) => (up ? picture.edges[edge]?.toRow : picture.edges[edge]?.fromRow) === row);
  const among = ofRow.length > 0 ? ofRow : own;
  const height = (node: number, port: number) =>
    (layout.y[node] as number) + (port < 0 ? (heights[node] as number) / 2 : port);
  let best: number | null = null;
  let nearest = Number.POSITIVE_INFINITY;
  for (const edge of among) {
    const here = height(at, (up ? toPort : fromPort)[edge] as number);
    const there = height((up ? from : to)[edge] as number, (up ? fromPort : toPort)[edge] as number);
    const far = Math.abs(here - there);
    if (far < nearest) {
      nearest = far;
      best = edge;
    }
  }
  if (best === null) return null;
  const edge = picture.edges[best];
  if (!edge) return null;
  return up ? { node: edge.from, row: edge.fromRow ?? undefined } : { node: edge.to, row: edge.toRow ?? undefined };
}
