import { expect, it } from "vitest";
import { address, filled, search } from "./client";
import { concerns, pauseBefore } from "./live";

it("addresses are filled and quoted", () => {
  expect(filled("/tasks/{id}/versions", { id: "shop.A/B C" })).toBe("/tasks/shop.A%2FB%20C/versions");
  expect(address("/instances/{id}", { path: { id: 7 } })).toBe("/api/v1/instances/7");
});

it("queries leave out what is empty and repeat what is a list", () => {
  expect(search({ a: 1, b: "", c: null, d: undefined, e: ["x", "y z"], f: false })).toBe("?a=1&e=x&e=y+z&f=false");
  expect(search()).toBe("");
});

it("an answer is read anew when what it is about has changed", () => {
  const instances = new Set([7]);
  const nodes = new Set([70]);
  expect(concerns(["instance", 7, "fields"], instances, nodes)).toBe(true);
  expect(concerns(["instance", 8, "fields"], instances, nodes)).toBe(false);
  expect(concerns(["node", 70], instances, nodes)).toBe(true);
  expect(concerns(["instances", { status: "FAILED" }], instances, nodes)).toBe(true);
  expect(concerns(["around", 8, "gantt"], instances, nodes)).toBe(true);
  expect(concerns(["dag", 8], instances, nodes)).toBe(true);
  expect(concerns(["overview", "PROD"], instances, nodes)).toBe(true);
  expect(concerns(["tasks"], instances, nodes)).toBe(false);
  expect(concerns(["session"], instances, nodes)).toBe(false);
});

it("a broken stream is tried again, ever more slowly", () => {
  expect([0, 1, 2, 10].map(pauseBefore)).toEqual([500, 1000, 2000, 30_000]);
});
