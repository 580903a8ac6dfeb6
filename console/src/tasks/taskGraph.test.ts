import { expect, it } from "vitest";
import type { Schemas } from "../api/client";
import { joined, taskPicture } from "./taskGraph";

function card(id: string, more: Partial<Schemas["TaskCard"]> = {}): Schemas["TaskCard"] {
  return {
    id,
    name: id,
    project: "shop",
    direction: "CENTRE",
    level: 0,
    visible: true,
    biz_type: "SCRIPT",
    kind: null,
    cycle: "DAY",
    owners: [],
    more_up: 0,
    more_down: 0,
    ...more,
  };
}

function edge(up: string, down: string, cycle = "CURRENT"): Schemas["TaskEdge"] {
  return { up, down, cycle, policy: "ALL", fields: [] };
}

const DAG: Schemas["TaskDag"] = {
  centre: "a",
  tasks: [card("a", { more_down: 2 }), card("b", { visible: false, cycle: "" })],
  edges: [edge("a", "a", "PREVIOUS"), edge("b", "a"), edge("b", "a", "PREVIOUS")],
  limit: 500,
  complete: true,
};

it("dependencies between two tasks are one line, and one on itself a sign", () => {
  const picture = taskPicture(DAG, (cycle) => cycle.toLowerCase());
  expect(picture.edges.map(({ from, to }) => [from, to])).toEqual([["b", "a"]]);
  expect(picture.nodes.map(({ id, meta, aside, locked }) => [id, meta, aside, locked])).toEqual([
    ["a", "shop · day", "↻", false],
    ["b", "shop", undefined, true],
  ]);
});

it("what is opened is added, and what it brings is not missing any more", () => {
  const more: Schemas["TaskDag"] = { ...DAG, centre: "a", tasks: [card("a"), card("c")], edges: [edge("a", "c")] };
  const both = joined([DAG, more]);
  expect(both.tasks.map(({ id, more_down }) => [id, more_down])).toEqual([
    ["a", 0],
    ["b", 0],
    ["c", 0],
  ]);
  expect(both.edges).toHaveLength(4);
});
