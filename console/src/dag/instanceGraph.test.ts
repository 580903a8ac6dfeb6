import { describe, expect, it } from "vitest";
import { bars } from "./attempts";
import { centred, fitted, kept, leastOf, showing, step, zoomed } from "./camera";
import { groupShape, pictureOf } from "./graph";
import { type Dag, type DagInstance, graphOf, mayStillWait, moreOf, type NodeLine, rowsOf } from "./instanceGraph";
import { layout } from "./layout";
import { moved } from "./move";
import { touches } from "./useFollow";

const WORDS = { language: "en" as const, zone: "Etc/UTC", day: "2013-06-15", bizdate: "20130614" };

function instance(id: number, values: Partial<DagInstance> = {}): DagInstance {
  return {
    id,
    name: `T${id}`,
    task: `shop.T${id}`,
    project: "shop",
    direction: "up",
    level: 1,
    visible: true,
    operable: true,
    biz_type: "LOGICAL_TABLE",
    kind: "FACT",
    node_type: "",
    cycle: "DAY",
    description: "",
    owners: ["alice"],
    bizdate: "20130614",
    due_at: "2013-06-15T01:00:00Z",
    statuses: ["SUCCEEDED"],
    fields: {},
    node_statuses: { SUCCEEDED: 1 },
    waiting: [],
    paused: 0,
    priority: "MIDDLE",
    started_at: null,
    ended_at: null,
    duration_s: null,
    field_count: 3,
    node_count: 1,
    more_up: 0,
    more_down: 0,
    nodes: null,
    ...values,
  };
}

function line(id: number, values: Partial<NodeLine> = {}): NodeLine {
  return {
    id,
    node: `shop.n${id}`,
    name: `n${id}`,
    label: `T/n${id}`,
    instances: [],
    kind: "SQL",
    table: "",
    status: "SUCCESS",
    status_label: "",
    paused: false,
    forced: false,
    dry_run: false,
    reason: "",
    fields: ["a"],
    keys: [],
    attempt: 1,
    retried: 0,
    retries: 0,
    retry_at: null,
    started_at: null,
    ended_at: null,
    duration_s: null,
    since: null,
    due_at: "2013-06-15T01:00:00Z",
    priority: "MIDDLE",
    resource_group: "",
    runs: 0,
    ...values,
  };
}

function dag(
  centre: number,
  instances: DagInstance[],
  edges: [number, number, boolean?][],
  values: Partial<Dag> = {},
): Dag {
  return {
    centre,
    instances,
    edges: edges.map(([up, down, removed = false]) => ({ up, down, removed })),
    node_edges: [],
    limit: 500,
    complete: true,
    ...values,
  };
}

describe("further neighbours", () => {
  it("are asked for as the address says", () => {
    expect(moreOf("u12.d7.x.u")).toEqual(["up:12", "down:7"]);
    expect(moreOf("")).toEqual([]);
  });
});

describe("the picture", () => {
  it("tells nothing but the name of what may not be seen", () => {
    const { nodes } = graphOf(
      dag(1, [instance(1), instance(2, { visible: false, statuses: [], project: "ops" })], [[2, 1]]),
      null,
      undefined,
      new Set(),
      WORDS,
    );
    expect(nodes[1]).toMatchObject({ locked: true, status: null, meta: "Project ops, no role" });
  });

  it("marks what was removed, but not what still leads somewhere", () => {
    const { nodes, edges } = graphOf(
      dag(
        1,
        [instance(1), instance(2), instance(3)],
        [
          [2, 1, true],
          [3, 1, true],
          [3, 2],
        ],
      ),
      null,
      undefined,
      new Set(),
      WORDS,
    );
    expect(nodes.map((node) => node.removed)).toEqual([false, false, false]);
    expect(edges.map((edge) => edge.look)).toEqual(["removed", "removed", "plain"]);
    const alone = graphOf(dag(1, [instance(1), instance(2)], [[2, 1, true]]), null, undefined, new Set(), WORDS);
    expect(alone.nodes.map((node) => node.removed)).toEqual([false, true]);
  });

  it("draws a dependency as unmet while its end waits for it", () => {
    const waiting = instance(1, { statuses: ["NOT_RUNNING"] });
    const failed = instance(2, { statuses: ["FAILED", "SUCCEEDED"] });
    const looks = (d: Dag) => graphOf(d, null, undefined, new Set(), WORDS).edges.map((edge) => edge.look);
    expect(
      looks(
        dag(
          1,
          [waiting, failed, instance(3)],
          [
            [2, 1],
            [3, 1],
          ],
        ),
      ),
    ).toEqual(["unmet", "plain"]);
    expect(looks(dag(1, [instance(1), failed], [[2, 1]]))).toEqual(["plain"]);
  });

  it("opens a table: rows with their fields, edges to rows, what a row waits for", () => {
    const open = instance(1, {
      nodes: [line(10, { status: "FAILED", attempt: 2, retries: 2 }), line(11, { status: "INIT" })],
      node_count: 2,
    });
    const its = dag(1, [open, instance(2)], [[2, 1]], {
      node_edges: [
        { up: 2, up_node: null, down: 1, down_node: 10, kind: "SAME", fields: [], removed: false },
        { up: 1, up_node: 10, down: 1, down_node: 11, kind: "INTERNAL", fields: [], removed: false },
      ],
    });
    const { nodes, edges } = graphOf(its, { node: "1", row: "10" }, undefined, new Set(), WORDS);
    expect(nodes[0]?.rows?.map((row) => [row.name, row.note])).toEqual([
      ["n10", "attempt 2 of 3"],
      ["n11", "after n10"],
    ]);
    expect(edges).toEqual([
      { from: "2", to: "1", fromRow: null, toRow: "10", look: "plain" },
      { from: "1", to: "1", fromRow: "10", toRow: "11", look: "unmet" },
    ]);
    const picture = pictureOf(nodes, edges, "1");
    expect(picture.inner).toHaveLength(1);
    expect(picture.input.heights[picture.at.get("1") ?? -1]).toBe(groupShape(nodes[0]?.rows ?? []).height);
  });

  it("names the data timestamp of instances of other days", () => {
    const { nodes } = graphOf(
      dag(1, [instance(1), instance(2, { bizdate: "20130613" })], [[2, 1]]),
      null,
      undefined,
      new Set(),
      WORDS,
    );
    expect(nodes[1]?.aside).toBe("2013-06-13");
  });

  it("shows first what has not succeeded, and what is chosen, when a table has many nodes", () => {
    const many = Array.from({ length: 20 }, (_, at) => line(at, { status: at === 15 ? "FAILED" : "SUCCESS" }));
    const shown = rowsOf(many, 12, "18").map((node) => node.id);
    expect(shown[0]).toBe(15);
    expect(shown).toContain(18);
    expect(shown).toHaveLength(13);
  });
});

describe("arrows", () => {
  const open = instance(1, { nodes: [line(10), line(11)], node_count: 2 });
  const its = dag(
    1,
    [open, instance(2), instance(3), instance(4)],
    [
      [2, 1],
      [3, 1],
      [1, 4],
    ],
    {
      node_edges: [
        { up: 2, up_node: null, down: 1, down_node: 10, kind: "SAME", fields: [], removed: false },
        { up: 3, up_node: null, down: 1, down_node: 11, kind: "SAME", fields: [], removed: false },
        { up: 1, up_node: 11, down: 4, down_node: null, kind: "SAME", fields: [], removed: false },
      ],
    },
  );
  const { nodes, edges } = graphOf(its, null, undefined, new Set(), WORDS);
  const picture = pictureOf(nodes, edges, "1");
  const place = layout(picture.input);
  const go = (node: string, row: string | undefined, key: Parameters<typeof moved>[3]) =>
    moved(picture, place, { node, row }, key);

  it("follow the edges of a row", () => {
    expect(go("1", "10", "ArrowLeft")).toMatchObject({ node: "2" });
    expect(go("1", "11", "ArrowLeft")).toMatchObject({ node: "3" });
    expect(go("2", undefined, "ArrowRight")).toMatchObject({ node: "1", row: "10" });
    expect(go("1", undefined, "ArrowRight")).toMatchObject({ node: "4" });
    expect(go("4", undefined, "ArrowRight")).toBeNull();
  });

  it("go through the rows, and on to the next of the layer", () => {
    expect(go("1", undefined, "ArrowDown")).toEqual({ node: "1", row: "10" });
    expect(go("1", "10", "ArrowDown")).toEqual({ node: "1", row: "11" });
    expect(go("1", "10", "ArrowUp")).toEqual({ node: "1" });
    expect(go("2", undefined, "ArrowDown")).toMatchObject({ node: "3" });
    expect(go("3", undefined, "ArrowDown")).toBeNull();
  });
});

describe("the window", () => {
  const screen = { width: 1200, height: 800 };

  it("zooms around a point, within its limits, step by step", () => {
    const now = { x: 10, y: 20, scale: 1 };
    const next = zoomed(now, 2, { x: 110, y: 220 });
    expect(next).toEqual({ scale: 2, x: -90, y: -180 });
    expect(zoomed(now, 9, { x: 0, y: 0 }).scale).toBe(2);
    expect(zoomed(now, 0.01, { x: 0, y: 0 }).scale).toBe(0.2);
    expect(step(1, 1)).toBe(1.25);
    expect(step(1, -1)).toBe(0.8);
    expect(step(2, 1)).toBe(2);
    expect(step(0.2, -1)).toBe(0.2);
    expect([step(0.2, -1, 0.04), step(0.05, -1, 0.04), step(0.04, 1, 0.04)]).toEqual([0.14, 0.04, 0.05]);
  });

  it("fits what it can, never larger than life, and else shows what it is about", () => {
    expect(fitted({ width: 300, height: 200 }, screen, null).scale).toBe(1);
    expect(fitted({ width: 2208, height: 200 }, screen, null).scale).toBe(0.5);
    expect(fitted({ width: 22_080, height: 30 }, screen, null).scale).toBe(0.05);
    expect(leastOf({ width: 22_080, height: 30 }, screen)).toBe(0.05);
    expect(leastOf({ width: 300, height: 200 }, screen)).toBe(0.2);
    const far = fitted({ width: 900_000, height: 900_000 }, screen, { x: 90_000, y: 200_000, width: 200, height: 100 });
    expect(far.scale).toBe(0.01);
    expect(90_100 * far.scale + far.x).toBe(600);
    // What is at the end stands at the end: there is nothing beyond.
    const end = fitted({ width: 900_000, height: 100 }, screen, { x: 899_800, y: 0, width: 200, height: 100 });
    expect(900_000 * end.scale + end.x).toBe(1152);
    expect(centred({ width: 300, height: 200 }, screen, { x: 0, y: 0, width: 10, height: 10 }, 1).x).toBe(450);
  });

  it("keeps some of the picture in sight", () => {
    const content = { width: 3000, height: 40 };
    expect(kept({ x: -9000, y: 9000, scale: 1 }, content, screen)).toEqual({
      x: 96 - 3000,
      y: screen.height - 40,
      scale: 1,
    });
    expect(kept({ x: 9000, y: -9000, scale: 0.5 }, content, screen)).toEqual({
      x: screen.width - 96,
      y: 0,
      scale: 0.5,
    });
    const now = { x: -100, y: 50, scale: 1 };
    expect(kept(now, content, screen)).toEqual(now);
  });

  it("moves just as far as is needed", () => {
    const now = { x: 0, y: 0, scale: 1 };
    expect(showing(now, { x: 100, y: 100, width: 200, height: 50 }, screen)).toEqual(now);
    expect(showing(now, { x: 1300, y: 100, width: 200, height: 50 }, screen).x).toBe(-348);
  });
});

it("waits for another as long as it has not succeeded, or as one may not know whether it has", () => {
  expect(mayStillWait(instance(1, { statuses: ["SUCCEEDED"] }))).toBe(false);
  expect(mayStillWait(instance(1, { statuses: ["RUNNING", "SUCCEEDED"] }))).toBe(true);
  expect(mayStillWait(instance(1, { visible: false, statuses: [] }))).toBe(true);
});

describe("attempts", () => {
  it("share one axis", () => {
    const runs = [
      { started_at: "2013-06-15T02:30:00Z", duration_s: 1800 },
      { started_at: null, duration_s: null },
      { started_at: "2013-06-15T02:00:00Z", duration_s: 900 },
    ];
    expect(bars(runs)).toEqual([{ left: 50, width: 50 }, null, { left: 0, width: 25 }]);
    expect(bars([{ started_at: "2013-06-15T02:00:00Z", duration_s: 900 }])).toEqual([{ left: 0, width: 100 }]);
  });
});

it("is read anew when something changes that it shows, or something was generated", () => {
  const shown = new Set([1, 2]);
  const node = { id: 9, name: "n", instances: [2], status: "", label: "", paused: false, attempt: 1, run: 1 };
  expect(touches({ instances: [3], nodes: [], generated: [] }, shown)).toBe(false);
  expect(touches({ instances: [1], nodes: [], generated: [] }, shown)).toBe(true);
  expect(touches({ instances: [], nodes: [node], generated: [] }, shown)).toBe(true);
  expect(touches({ instances: [], nodes: [], generated: ["20130614"] }, shown)).toBe(true);
});
