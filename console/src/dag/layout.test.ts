import { describe, expect, it } from "vitest";
import { closing } from "./layers";
import { type LayoutInput, layout, NODE_GAP } from "./layout";
import { crossings } from "./order";
import { apartFrom } from "./place";

function input(nodes: number, edges: readonly (readonly [number, number])[], centre = -1): LayoutInput {
  return {
    widths: new Int32Array(nodes).fill(220),
    heights: new Int32Array(nodes).fill(52),
    from: Int32Array.from(edges.map(([from]) => from)),
    to: Int32Array.from(edges.map(([, to]) => to)),
    fromPort: new Int32Array(edges.length).fill(-1),
    toPort: new Int32Array(edges.length).fill(-1),
    centre,
  };
}

/** Numbers that look random and are always the same. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

function random(nodes: number, edges: number, seed: number): (readonly [number, number])[] {
  const next = chance(seed);
  return Array.from({ length: edges }, () => {
    const a = Math.floor(next() * nodes);
    const b = Math.floor(next() * nodes);
    return a < b ? ([a, b] as const) : ([b, a] as const);
  }).filter(([a, b]) => a !== b);
}

describe("layers", () => {
  it("lead from upstream to downstream", () => {
    const edges = random(60, 140, 7);
    const { layer } = layout(input(60, edges));
    for (const [up, down] of edges) expect(layer[up]).toBeLessThan(layer[down] as number);
  });

  it("keep parents beside the centre, and grandparents beyond", () => {
    // 0 and 1 are parents of 2; 3 is also a parent of 1
    const { layer } = layout(
      input(
        4,
        [
          [0, 2],
          [1, 2],
          [3, 1],
        ],
        2,
      ),
    );
    expect([...layer]).toEqual([1, 1, 2, 0]);
  });

  it("break circles at one edge, and ignore edges of a node to itself", () => {
    const edges = [
      [0, 1],
      [1, 2],
      [2, 0],
      [1, 1],
    ] as const;
    expect([...closing(3, [0, 1, 2, 1], [1, 2, 0, 1])]).toEqual([0, 0, 1, 1]);
    const { layer } = layout(input(3, edges));
    expect([...layer]).toEqual([0, 1, 2]);
  });
});

describe("places", () => {
  it("are whole, begin at 0 and never overlap", () => {
    const given = input(80, random(80, 200, 3));
    given.heights.set([300, 120], 10);
    const { x, y, layer, width, height } = layout(given);
    for (let a = 0; a < 80; a++) {
      expect(x[a]).toBeGreaterThanOrEqual(0);
      expect(y[a]).toBeGreaterThanOrEqual(0);
      expect((x[a] as number) + 220).toBeLessThanOrEqual(width);
      expect((y[a] as number) + (given.heights[a] as number)).toBeLessThanOrEqual(height + 1);
      for (let b = 0; b < 80; b++) {
        if (a === b || layer[a] !== layer[b] || (y[a] as number) > (y[b] as number)) continue;
        const room = (y[b] as number) - (y[a] as number) - (given.heights[a] as number);
        expect(room).toBeGreaterThanOrEqual(NODE_GAP - 1);
      }
    }
  });

  it("are the same again", () => {
    const edges = random(200, 500, 11);
    expect(layout(input(200, edges))).toEqual(layout(input(200, edges)));
  });

  it("put one child level with its only parent, and a parent amid its children", () => {
    const chain = layout(input(2, [[0, 1]]));
    expect(chain.y[0]).toBe(chain.y[1]);
    const fan = layout(
      input(4, [
        [0, 1],
        [0, 2],
        [0, 3],
      ]),
    );
    expect(fan.y[0]).toBe(fan.y[2]);
  });

  it("fasten an edge at its port: the child is level with the row, not with the middle of the group", () => {
    const given = input(2, [[0, 1]]);
    given.heights[0] = 400;
    given.fromPort[0] = 80;
    const { y } = layout(given);
    expect((y[1] as number) + 26 - (y[0] as number)).toBe(80);
  });

  it("are none for no nodes", () => {
    expect(layout(input(0, []))).toMatchObject({ width: 0, height: 0 });
  });
});

describe("edges", () => {
  it("over several layers have a turn in each, between the nodes", () => {
    const given = input(4, [
      [0, 1],
      [1, 2],
      [2, 3],
      [0, 3],
    ]);
    const found = layout(given);
    expect([...found.bendStart]).toEqual([0, 0, 0, 0, 2]);
    for (let bend = 0; bend < 2; bend++) {
      const height = found.bends[bend * 3 + 2] as number;
      const node = bend + 1;
      const inside = height > (found.y[node] as number) && height < (found.y[node] as number) + 52;
      expect(inside).toBe(false);
    }
  });

  it("do not cross where they need not", () => {
    // The other order of 3 and 4 would cross.
    const { order } = layout(
      input(5, [
        [0, 4],
        [1, 3],
        [2, 3],
        [2, 0],
        [2, 1],
      ]),
    );
    expect((order[0] as number) < (order[1] as number)).toBe((order[4] as number) < (order[3] as number));
  });

  it("are counted where they cross", () => {
    const layers = [
      [0, 1],
      [2, 3],
    ];
    expect(crossings(layers, [[3], [2], [], []])).toBe(1);
    expect(crossings(layers, [[2], [3], [], []])).toBe(0);
    expect(crossings(layers, [[2, 3], [2, 3], [], []])).toBe(1);
  });
});

describe("a column", () => {
  it("leaves alone what has room, and moves together what pushes", () => {
    expect(apartFrom([0, 100, 300], [1, 1, 1], [0, 50, 50])).toEqual([0, 100, 300]);
    expect(apartFrom([100, 100], [1, 1], [0, 50])).toEqual([75, 125]);
    expect(apartFrom([100, 100], [3, 1], [0, 50])).toEqual([87.5, 137.5]);
  });
});

it("lays out ten thousand nodes", () => {
  const next = chance(5);
  const edges: [number, number][] = [];
  for (let node = 200; node < 10_000; node++)
    for (let k = 0; k < 3; k++) edges.push([Math.floor(node / 200) * 200 - 1 - Math.floor(next() * 200), node]);
  const { layer, width } = layout(input(10_000, edges));
  expect(Math.max(...layer)).toBe(49);
  expect(width).toBe(50 * 220 + 49 * 88);
});
