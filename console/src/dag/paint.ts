/** Draws what of a picture is in the window: all edges, and nodes where they are too far away, or too many, to be buttons. */

import type { Status } from "../status/status";
import type { Camera, Size } from "./camera";
import type { Look, Picture } from "./graph";
import type { Layout } from "./layout";
import type { Palette } from "./palette";

/** How nodes are shown: as buttons with all that they say, as cards with stripe and glyph, or as coloured spots. */
export type Detail = "buttons" | "cards" | "spots";

export const BUTTONS_FROM = 0.5;
const CARDS_FROM = 0.3;
/** More buttons than this are not made; nodes are drawn instead. */
export const MOST_BUTTONS = 160;

/** With more edges than this, not all that cross the window are drawn. */
const MANY_EDGES = 3000;

export function detailOf(scale: number, inWindow: number): Detail {
  if (scale >= BUTTONS_FROM && inWindow <= MOST_BUTTONS) return "buttons";
  return scale >= CARDS_FROM ? "cards" : "spots";
}

/** Places of the nodes that the window shows, with some room around. */
export function inWindow(picture: Picture, layout: Layout, camera: Camera, screen: Size, room: number): number[] {
  const found: number[] = [];
  const left = (-room - camera.x) / camera.scale;
  const top = (-room - camera.y) / camera.scale;
  const right = (screen.width + room - camera.x) / camera.scale;
  const bottom = (screen.height + room - camera.y) / camera.scale;
  const { widths, heights } = picture.input;
  for (let node = 0; node < widths.length; node++) {
    const x = layout.x[node] as number;
    const y = layout.y[node] as number;
    if (x > right || y > bottom || x + (widths[node] as number) < left || y + (heights[node] as number) < top) continue;
    found.push(node);
  }
  return found;
}

export interface Scene {
  picture: Picture;
  layout: Layout;
  camera: Camera;
  screen: Size;
  ratio: number;
  palette: Palette;
  detail: Detail;
  nodes: readonly number[];
  chosen: number;
  /** The row of it that is chosen: then only its edges are marked. */
  chosenRow: string | undefined;
  hovered: number;
}

export function paint(context: CanvasRenderingContext2D, scene: Scene): void {
  const { camera, screen, ratio, detail } = scene;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, screen.width, screen.height);
  context.setTransform(ratio * camera.scale, 0, 0, ratio * camera.scale, ratio * camera.x, ratio * camera.y);
  edges(context, scene);
  if (detail === "spots") spots(context, scene);
  else if (detail === "cards") cards(context, scene);
}

interface Bounds {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

function edges(context: CanvasRenderingContext2D, scene: Scene): void {
  const { picture, layout, camera, screen, palette, chosen, chosenRow } = scene;
  const bounds: Bounds = {
    left: -camera.x / camera.scale,
    top: -camera.y / camera.scale,
    right: (screen.width - camera.x) / camera.scale,
    bottom: (screen.height - camera.y) / camera.scale,
  };
  const straight = camera.scale < CARDS_FROM;
  const heads = camera.scale >= 0.4;
  const paths: Record<Look | "near", Path2D> = {
    plain: new Path2D(),
    unmet: new Path2D(),
    removed: new Path2D(),
    near: new Path2D(),
  };
  const tips: Record<Look | "near", Path2D> = {
    plain: new Path2D(),
    unmet: new Path2D(),
    removed: new Path2D(),
    near: new Path2D(),
  };
  const { from, to, fromPort, toPort, widths, heights } = picture.input;
  for (const index of edgesToDraw(scene)) {
    const edge = picture.edges[index];
    if (!edge) continue;
    const a = from[index] as number;
    const b = to[index] as number;
    const x1 = (layout.x[a] as number) + (widths[a] as number);
    const y1 =
      (layout.y[a] as number) +
      ((fromPort[index] as number) < 0 ? (heights[a] as number) / 2 : (fromPort[index] as number));
    const x2 = layout.x[b] as number;
    const y2 =
      (layout.y[b] as number) +
      ((toPort[index] as number) < 0 ? (heights[b] as number) / 2 : (toPort[index] as number));
    const first = layout.bendStart[index] as number;
    const end = layout.bendStart[index + 1] as number;
    let top = Math.min(y1, y2);
    let bottom = Math.max(y1, y2);
    for (let bend = first; bend < end; bend++) {
      const y = layout.bends[bend * 3 + 2] as number;
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
    const turned = x2 < x1;
    if (Math.min(x1, x2) - 60 > bounds.right || Math.max(x1, x2) + 60 < bounds.left) continue;
    if (top > bounds.bottom || bottom < bounds.top) continue;
    const isNear =
      (a === chosen && (!chosenRow || edge.fromRow === chosenRow)) ||
      (b === chosen && (!chosenRow || edge.toRow === chosenRow));
    const look = isNear && edge.look !== "removed" ? "near" : edge.look;
    const path = paths[look];
    path.moveTo(x1, y1);
    let x = x1;
    let y = y1;
    for (let bend = first; bend < end; bend++) {
      const left = layout.bends[bend * 3] as number;
      const right = layout.bends[bend * 3 + 1] as number;
      const at = layout.bends[bend * 3 + 2] as number;
      if (turned) break;
      curve(path, x, y, left, at, straight);
      path.lineTo(right, at);
      x = right;
      y = at;
    }
    if (turned) {
      // Back to the left: around, as there is no layer further right to end in.
      const reach = 40;
      path.bezierCurveTo(x1 + reach, y1, x1 + reach, (y1 + y2) / 2, (x1 + x2) / 2, (y1 + y2) / 2);
      path.bezierCurveTo(x2 - reach, (y1 + y2) / 2, x2 - reach, y2, x2, y2);
    } else curve(path, x, y, heads ? x2 - 4 : x2, y2, straight);
    if (heads) tip(tips[look], x2 - 1, y2);
  }
  for (const edge of picture.inner) {
    const right = (layout.x[edge.node] as number) + (widths[edge.node] as number);
    const top = layout.y[edge.node] as number;
    if (right + 24 < bounds.left || right > bounds.right) continue;
    const path = paths[edge.look];
    path.moveTo(right, top + edge.from);
    path.bezierCurveTo(right + 22, top + edge.from, right + 22, top + edge.to, right + 4, top + edge.to);
    if (heads) tipLeft(tips[edge.look], right + 1, top + edge.to);
  }
  const thin = Math.max(1.25, 0.75 / camera.scale);
  draw("plain", palette.ink4, thin, []);
  draw("removed", palette.ink4, thin, [4, 4]);
  draw("unmet", palette.ink2, Math.max(1.75, 0.9 / camera.scale), []);
  draw("near", palette.ink, Math.max(1.75, 0.9 / camera.scale), []);

  function draw(look: Look | "near", colour: string, width: number, dash: number[]): void {
    context.globalAlpha = look === "plain" && straight ? 0.5 : 1;
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.lineWidth = width;
    context.setLineDash(dash);
    context.stroke(paths[look]);
    context.fill(tips[look]);
    context.setLineDash([]);
    context.globalAlpha = 1;
  }
}

/**
 * Edges that may be seen. Of a picture so large that edges have no ways of their own, only those that begin or end at a node in the window: the
 * thousands that pass behind tell nothing.
 */
function edgesToDraw({ picture, layout, nodes }: Scene): Iterable<number> {
  if (picture.edges.length <= MANY_EDGES || layout.bends.length > 0) return picture.edges.keys();
  if (nodes.length > picture.nodes.length / 2) return picture.edges.keys();
  const found = new Set<number>();
  for (const node of nodes) {
    for (const edge of picture.ups[node] ?? []) found.add(edge);
    for (const edge of picture.downs[node] ?? []) found.add(edge);
  }
  return found;
}

function curve(path: Path2D, x1: number, y1: number, x2: number, y2: number, straight: boolean): void {
  if (straight || y1 === y2) {
    path.lineTo(x2, y2);
    return;
  }
  const reach = Math.max(24, (x2 - x1) / 2);
  path.bezierCurveTo(x1 + reach, y1, x2 - reach, y2, x2, y2);
}

function tip(path: Path2D, x: number, y: number): void {
  path.moveTo(x, y);
  path.lineTo(x - 6, y - 3.5);
  path.lineTo(x - 6, y + 3.5);
  path.closePath();
}

function tipLeft(path: Path2D, x: number, y: number): void {
  path.moveTo(x, y);
  path.lineTo(x + 6, y - 3.5);
  path.lineTo(x + 6, y + 3.5);
  path.closePath();
}

/** Coloured spots, however far away at least as large as can be seen. */
function spots(context: CanvasRenderingContext2D, scene: Scene): void {
  const { picture, layout, nodes, palette, chosen, hovered, camera } = scene;
  const { widths, heights } = picture.input;
  const least = 1.5 / camera.scale;
  const rim = Math.max(10, 2 / camera.scale);
  for (const at of nodes) {
    const node = picture.nodes[at];
    if (!node) continue;
    context.fillStyle = node.status && !node.removed ? palette.status[node.status] : palette.line;
    const x = layout.x[at] as number;
    const y = layout.y[at] as number;
    const width = Math.max(least, widths[at] as number);
    const height = Math.max(least, heights[at] as number);
    context.fillRect(x, y, width, height);
    if (at === chosen || at === hovered || at === picture.input.centre) {
      context.strokeStyle = palette.ink;
      context.lineWidth = rim;
      context.strokeRect(x - rim, y - rim, width + 2 * rim, height + 2 * rim);
    }
  }
}

function cards(context: CanvasRenderingContext2D, scene: Scene): void {
  const { picture, layout, nodes, palette, chosen, hovered, camera } = scene;
  const { widths, heights } = picture.input;
  const named = camera.scale >= BUTTONS_FROM;
  for (const at of nodes) {
    const node = picture.nodes[at];
    if (!node) continue;
    const x = layout.x[at] as number;
    const y = layout.y[at] as number;
    const width = widths[at] as number;
    const height = heights[at] as number;
    context.beginPath();
    context.roundRect(x, y, width, height, 8);
    context.fillStyle = node.locked || node.removed ? palette.sunken : palette.surface;
    context.fill();
    const marked = at === chosen || at === hovered;
    context.strokeStyle = marked ? palette.ink : palette.line;
    context.lineWidth = marked ? 3 : 1.5;
    context.setLineDash(node.removed ? [6, 6] : []);
    context.stroke();
    context.setLineDash([]);
    if (!node.status || node.removed) continue;
    stripe(context, node.status, x + 1, y + 1, height - 2, palette);
    if (node.rows) {
      let top = y + 58;
      for (const row of node.rows) {
        const tall = 44 + (row.fields ? 8 + row.fields.length * 24 : 0);
        stripe(context, row.status, x + 14, top, tall, palette);
        glyph(context, row.status, x + width / 2 - 11, top + 11, 22, palette);
        top += tall + 6;
      }
      glyph(context, node.status, x + width / 2 - 14, y + 15, 28, palette);
    } else if (named) {
      context.fillStyle = palette.ink;
      context.font = `500 12px ${palette.font}`;
      context.fillText(node.name, x + 14, y + 22, width - 48);
      context.fillStyle = palette.ink3;
      context.font = `11px ${palette.font}`;
      context.fillText(node.meta, x + 14, y + 41, width - 28);
      glyph(context, node.status, x + width - 26, y + 10, 14, palette);
    } else glyph(context, node.status, x + width / 2 - 14, y + height / 2 - 14, 28, palette);
  }
}

function stripe(
  context: CanvasRenderingContext2D,
  status: Status,
  x: number,
  y: number,
  height: number,
  palette: Palette,
): void {
  context.fillStyle = palette.status[status];
  if (status === "notRunning" || status === "paused") {
    for (let at = 0; at < height; at += 9) context.fillRect(x, y + at, 5, Math.min(5, height - at));
  } else if (status === "waiting" || status === "throttled" || status === "resources") {
    for (let at = 0; at < height; at += 6) context.fillRect(x, y + at, 5, Math.min(3, height - at));
  } else context.fillRect(x, y, 5, height);
}

/** The silhouettes of the statuses, drawn in a square of `size`. */
function glyph(
  context: CanvasRenderingContext2D,
  status: Status,
  x: number,
  y: number,
  size: number,
  palette: Palette,
): void {
  context.save();
  context.translate(x, y);
  context.scale(size / 16, size / 16);
  context.strokeStyle = palette.status[status];
  context.fillStyle = palette.status[status];
  context.lineCap = "round";
  context.lineWidth = 1.7;
  const ring = (radius: number) => {
    context.beginPath();
    context.arc(8, 8, radius, 0, Math.PI * 2);
  };
  const cut = (...lines: number[][]) => {
    context.strokeStyle = palette.surface;
    for (const line of lines) {
      context.beginPath();
      context.moveTo(line[0] as number, line[1] as number);
      for (let k = 2; k < line.length; k += 2) context.lineTo(line[k] as number, line[k + 1] as number);
      context.stroke();
    }
  };
  if (status === "succeeded" || status === "safe" || status === "paused") {
    ring(6.5);
    context.fill();
    if (status === "paused") cut([6.3, 5.6, 6.3, 10.4], [9.7, 5.6, 9.7, 10.4]);
    else cut([5, 8.3, 7.1, 10.4, 11, 6.2]);
  } else if (status === "failed" || status === "broken") {
    context.beginPath();
    context.roundRect(1.8, 1.8, 12.4, 12.4, 2.8);
    context.fill();
    if (status === "failed") cut([5.6, 5.6, 10.4, 10.4], [10.4, 5.6, 5.6, 10.4]);
  } else if (status === "running") {
    context.globalAlpha = 0.28;
    ring(5.7);
    context.stroke();
    context.globalAlpha = 1;
    context.beginPath();
    context.arc(8, 8, 5.7, -Math.PI / 2, 0);
    context.stroke();
    context.fill(new Path2D("M6.7 5.7v4.6L10.3 8z"));
  } else if (status === "notRunning") {
    context.setLineDash([2.4, 2.15]);
    context.lineCap = "butt";
    ring(5.8);
    context.stroke();
  } else if (status === "warning") {
    context.fill(new Path2D("M8 1.9 14.9 14H1.1z"));
  } else {
    const lines: Partial<Record<Status, string>> = {
      throttled: "M2.5 11.8a6.2 6.2 0 1 1 11 0zM8 9.6l2.4-3",
      resources: "M4 2.3h8M4 13.7h8M5 2.5c0 3.2 6 7.8 6 11M11 2.5c0 3.2-6 7.8-6 11",
    };
    const shape = lines[status];
    if (shape) context.stroke(new Path2D(shape));
    else {
      ring(5.9);
      context.stroke();
      context.stroke(new Path2D("M8 4.8v3.4l2.2 1.4"));
    }
  }
  context.restore();
}
