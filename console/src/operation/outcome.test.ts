import { expect, test } from "vitest";
import type { Plan, PlannedNode, Preview } from "./choice";
import { axisOf, changedLines, namesOnce, outcomeOf } from "./outcome";

function node(id: number, more: Partial<PlannedNode> = {}): PlannedNode {
  return {
    id,
    name: `t${id}/n${id}`,
    instance: id,
    fields: [],
    before: "Failed",
    after: "Not Running",
    part: "REQUESTED",
    reason: "requested",
    runs: true,
    pauses: null,
    cancels: null,
    skips_checks: false,
    waits_for: [],
    expected_start: null,
    expected_end: null,
    ...more,
  };
}

function plan(nodes: PlannedNode[], more: Partial<Plan> = {}): Plan {
  return {
    operation: "RERUN",
    instance: 1,
    name: "t1",
    bizdate: "20260301",
    due_at: "2026-03-01T16:30:00Z",
    accepted: true,
    digest: "d",
    code: "CURRENT",
    requested: [],
    required: [],
    associated: [],
    nodes,
    unchanged: [],
    members: [],
    optional: [],
    excluded: [],
    downstream: [],
    removed_upstream: [],
    priorities: [],
    notices: [],
    refusals: [],
    totals: {},
    ...more,
  };
}

function preview(its: Plan): Preview {
  return {
    operation: "RERUN",
    accepted: true,
    digest: "d",
    digest_needed: true,
    expected_finish: null,
    plan: its,
    plans: [],
    skipped: [],
    refusals: [],
    totals: { plans: 1, skipped: 0 },
  };
}

test("the start runs at once, unless it waits; members run in their turn, by instance", () => {
  const first = node(1);
  const waits = node(2, { waits_for: ["up"] });
  const late = node(3, {
    part: "MEMBER",
    expected_start: "2026-03-02T01:00:00Z",
    expected_end: "2026-03-02T01:05:00Z",
  });
  const early = node(4, {
    part: "MEMBER",
    expected_start: "2026-03-02T00:30:00Z",
    expected_end: "2026-03-02T00:35:00Z",
  });
  const found = outcomeOf({
    ...preview(plan([first, waits, late, early])),
    totals: { starts: 1, follows: 30, sets: 0 },
  });
  expect(found.now).toEqual([first]);
  expect(found.later.map((group) => group.name)).toEqual(["t4", "t3", "t2"]);
  expect(found.counts).toMatchObject({ now: 1, later: 30 });
});

test("a forced start runs although upstream has not succeeded, and says so", () => {
  const found = outcomeOf(preview(plan([node(1, { skips_checks: true, waits_for: ["up"] })])));
  expect(found.now).toHaveLength(1);
  expect(found.unmet).toEqual(["up"]);
});

test("what changes without running, and what is told of outside", () => {
  const stopped = node(1, { runs: false, before: "Running", after: "Failed" });
  const neighbour = node(2, { runs: false, part: "NEIGHBOUR", before: "Waiting" });
  const told = node(3, { runs: false, part: "NEIGHBOUR", before: "Waiting" });
  const downstream = [
    { id: 3, name: "t3/n3", status: "Waiting", sees: "WAITS_AGAIN", meaning: "waits" },
    { id: 4, name: "t4/n4", status: "Succeeded", sees: "KEEPS_OLD_DATA", meaning: "keeps" },
    { id: 5, name: "t5/n5", status: "Succeeded", sees: "KEEPS_OLD_DATA", meaning: "keeps" },
  ];
  const found = outcomeOf(preview(plan([stopped, neighbour, told], { downstream })));
  expect(found.set).toEqual([stopped]);
  expect(found.neighbours).toEqual([neighbour]);
  expect(found.outside.map((group) => group.names)).toEqual([["t3/n3"], ["t4/n4", "t5/n5"]]);
});

test("lines that are new or say something else are named", () => {
  const before = preview(plan([node(1), node(2)]));
  const after = preview(plan([node(1), node(2, { before: "Succeeded" }), node(3)]));
  expect([...changedLines(before, after)]).toEqual(["node 2", "node 3"]);
  const batch = (skipped: typeof before.skipped, plans: Plan[]) => ({ ...before, plan: null, plans, skipped });
  const out = { instance: 1, name: "t1", due_at: null, code: "STATUS_NOT_ALLOWED", reason: "" };
  expect([...changedLines(batch([out], []), batch([], [plan([])]))]).toEqual(["instance 1"]);
});

test("bars share an axis from now to the last end", () => {
  const now = Date.parse("2026-03-02T00:00:00Z");
  const axis = axisOf([{ start: "2026-03-02T00:10:00Z", end: "2026-03-02T01:00:00Z" }], now);
  expect(axis.at("2026-03-02T00:30:00Z")).toBe(0.5);
  expect(axis.at("2026-03-02T02:00:00Z")).toBe(1);
});

test("instances of one name are told apart by when they are due, and named once", () => {
  const at = (instance: number, due_at: string) => ({ ...plan([node(instance)]), instance, name: "hourly", due_at });
  const alone = plan([node(9)], { instance: 9, name: "daily" });
  const preview = {
    plan: null,
    plans: [at(1, "2026-03-01T16:05:00Z"), at(2, "2026-03-01T17:05:00Z"), alone],
    totals: {},
  };
  expect([...outcomeOf(preview as unknown as Preview).dues]).toEqual([
    [1, "2026-03-01T16:05:00Z"],
    [2, "2026-03-01T17:05:00Z"],
  ]);
  expect(namesOnce(["H", "L", "H"])).toEqual(["H (2)", "L"]);
});

test("of a batch, what is outside is none of it, and told once", () => {
  const beyond = (id: number) => ({ id, name: `t${id}`, status: "Not Running", sees: "STAYS_BLOCKED", meaning: "" });
  const plans = [
    plan([node(1)], { downstream: [beyond(2), beyond(3)] }),
    plan([node(2)], { instance: 2, downstream: [beyond(3)] }),
  ];
  const { outside } = outcomeOf({ plan: null, plans, totals: {} } as unknown as Preview);
  expect(outside.map(({ names }) => names)).toEqual([["t3"]]);
});
