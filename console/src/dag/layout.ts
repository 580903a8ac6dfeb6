/** Where the nodes of a picture stand: layers from left to right, an order in each, and whole pixels. Pure: the same comes out of the same. */

import { closing, layersOf } from "./layers";
import { ordered } from "./order";
import { apartFrom } from "./place";

export interface LayoutInput {
  /** Sizes by node; nodes are numbers from 0, in an order that decides where nothing else does. */
  widths: Int32Array;
  heights: Int32Array;
  /** Ends of edges by node; and how far below the top of the node each is fastened, -1 for its middle. */
  from: Int32Array;
  to: Int32Array;
  fromPort: Int32Array;
  toPort: Int32Array;
  /** The node that is looked at, or -1. */
  centre: number;
}

export interface Layout {
  layer: Int32Array;
  /** Place within the layer. */
  order: Int32Array;
  x: Int32Array;
  y: Int32Array;
  /** By edge the points that it passes between its ends: `bends[bendStart[e]]` up to `bends[bendStart[e + 1]]`, as left, right, height. */
  bendStart: Int32Array;
  bends: Int32Array;
  width: number;
  height: number;
}

/** Pixels between layers, between nodes of a layer, and beside an edge that passes. */
export const LAYER_GAP = 88;
export const NODE_GAP = 24;
const EDGE_GAP = 12;
/** Edges over several layers find a way of their own between the nodes while there are at most so many turns; beyond, they pass behind. */
const MOST_BENDS = 12_000;
/** How often heights are evened out; large pictures are too large for the difference to be seen. */
const PLACINGS = 10;
const PLACINGS_OF_LARGE = 5;
const LARGE = 4000;

export function layout(input: LayoutInput): Layout {
  const { from, to, widths, heights } = input;
  const nodes = widths.length;
  const closes = closing(nodes, from, to);
  const layer = layersOf(nodes, from, to, closes, input.centre);
  const built = withBends(input, layer, closes);
  const layers = ordered(built);
  const centres = placed(input, built, layers);

  const columns = layers.map((items) => items.reduce((most, item) => Math.max(most, widths[item] ?? 0), 0));
  const lefts: number[] = [];
  let left = 0;
  for (const width of columns) {
    lefts.push(left);
    left += width + LAYER_GAP;
  }
  let top = Number.POSITIVE_INFINITY;
  let bottom = Number.NEGATIVE_INFINITY;
  for (let item = 0; item < built.size.length; item++) {
    const half = (built.size[item] as number) / 2;
    top = Math.min(top, (centres[item] as number) - half);
    bottom = Math.max(bottom, (centres[item] as number) + half);
  }
  if (nodes === 0) {
    top = 0;
    bottom = 0;
  }

  const x = new Int32Array(nodes);
  const y = new Int32Array(nodes);
  const order = new Int32Array(nodes);
  layers.forEach((items) => {
    items
      .filter((item) => item < nodes)
      .forEach((node, at) => {
        order[node] = at;
        x[node] = lefts[layer[node] as number] as number;
        y[node] = Math.round((centres[node] as number) - (heights[node] as number) / 2 - top);
      });
  });
  const bendStart = new Int32Array(from.length + 1);
  const bends: number[] = [];
  built.chains.forEach((chain, edge) => {
    for (const { item, layer: at } of chain)
      bends.push(
        lefts[at] as number,
        (lefts[at] as number) + (columns[at] as number),
        Math.round((centres[item] as number) - top),
      );
    bendStart[edge + 1] = bends.length / 3;
  });
  return {
    layer,
    order,
    x,
    y,
    bendStart,
    bends: Int32Array.from(bends),
    width: Math.max(0, left - LAYER_GAP),
    height: Math.ceil(bottom - top),
  };
}

interface Built {
  layers: number[][];
  before: number[][];
  behind: number[][];
  /** Height of each item; items after the nodes are turns of edges. */
  size: number[];
  chains: { item: number; layer: number }[][];
  /** By item and neighbour (in the order of `before`, `behind`) how far below the neighbour's centre it is fastened, less its own. */
  pullBefore: number[][];
  pullBehind: number[][];
}

function withBends(input: LayoutInput, layer: Int32Array, closes: Uint8Array): Built {
  const { from, to, heights } = input;
  const nodes = heights.length;
  let wanted = 0;
  for (let edge = 0; edge < from.length; edge++)
    wanted += Math.max(
      0,
      Math.abs((layer[to[edge] as number] as number) - (layer[from[edge] as number] as number)) - 1,
    );
  const bending = wanted <= MOST_BENDS;

  let count = 0;
  for (const each of layer) count = Math.max(count, each + 1);
  const layers: number[][] = Array.from({ length: count }, () => []);
  const size: number[] = Array.from(heights);
  const before: number[][] = size.map(() => []);
  const behind: number[][] = size.map(() => []);
  const pullBefore: number[][] = size.map(() => []);
  const pullBehind: number[][] = size.map(() => []);
  for (let node = 0; node < nodes; node++) layers[layer[node] as number]?.push(node);

  const port = (node: number, at: number) => (at < 0 ? 0 : at - (heights[node] as number) / 2);
  const chains: { item: number; layer: number }[][] = [];
  for (let edge = 0; edge < from.length; edge++) {
    const chain: { item: number; layer: number }[] = [];
    chains.push(chain);
    const turned = closes[edge] === 1;
    const tail = (turned ? to[edge] : from[edge]) as number;
    const head = (turned ? from[edge] : to[edge]) as number;
    if (tail === head) continue;
    const tailPort = port(tail, (turned ? input.toPort[edge] : input.fromPort[edge]) as number);
    const headPort = port(head, (turned ? input.fromPort[edge] : input.toPort[edge]) as number);
    let last = tail;
    let lastPort = tailPort;
    if (bending)
      for (let at = (layer[tail] as number) + 1; at < (layer[head] as number); at++) {
        const item = size.length;
        size.push(0);
        before.push([]);
        behind.push([]);
        pullBefore.push([]);
        pullBehind.push([]);
        layers[at]?.push(item);
        chain.push({ item, layer: at });
        join(last, item, lastPort, 0);
        last = item;
        lastPort = 0;
      }
    join(last, head, lastPort, headPort);
    if (turned) chain.reverse();
  }
  return { layers, before, behind, size, chains, pullBefore, pullBehind };

  function join(up: number, down: number, upPort: number, downPort: number): void {
    behind[up]?.push(down);
    pullBehind[up]?.push(downPort - upPort);
    before[down]?.push(up);
    pullBefore[down]?.push(upPort - downPort);
  }
}

/** The centre of each item: near the middle of its neighbours, turns of edges on a straight line when it can be. */
function placed(input: LayoutInput, built: Built, layers: readonly number[][]): Float64Array {
  const nodes = input.heights.length;
  const centres = new Float64Array(built.size.length);
  const gap = (a: number, b: number) => (a < nodes && b < nodes ? NODE_GAP : EDGE_GAP);
  const apart = layers.map((items) =>
    items.map((item, at) => {
      const above = items[at - 1];
      if (above === undefined) return 0;
      return ((built.size[above] as number) + (built.size[item] as number)) / 2 + gap(above, item);
    }),
  );
  layers.forEach((items, at) => {
    let y = 0;
    items.forEach((item, k) => {
      y += (apart[at] as number[])[k] as number;
      centres[item] = y;
    });
    for (const item of items) centres[item] = (centres[item] as number) - y / 2;
  });
  const rounds = built.size.length > LARGE ? PLACINGS_OF_LARGE : PLACINGS;
  for (let round = 0; round < rounds; round++) {
    const right = round % 2 === 0;
    const both = round >= rounds - 2;
    for (let step = 0; step < layers.length; step++) {
      const at = right ? step : layers.length - 1 - step;
      const items = layers[at] as number[];
      const wanted: number[] = [];
      const weight: number[] = [];
      for (const item of items) {
        let sum = 0;
        let count = 0;
        if (right || both)
          (built.before[item] as number[]).forEach((other, k) => {
            sum += (centres[other] as number) + ((built.pullBefore[item] as number[])[k] as number);
            count += 1;
          });
        if (!right || both)
          (built.behind[item] as number[]).forEach((other, k) => {
            sum += (centres[other] as number) + ((built.pullBehind[item] as number[])[k] as number);
            count += 1;
          });
        wanted.push(count > 0 ? sum / count : (centres[item] as number));
        weight.push(item >= nodes ? 2 : count > 0 ? 1 + Math.min(count, 8) / 8 : 0.1);
      }
      apartFrom(wanted, weight, apart[at] as number[]).forEach((y, k) => {
        centres[items[k] as number] = y;
      });
    }
  }
  return centres;
}
