import { expect, test } from "vitest";
import { chained, FIRST, seen } from "./windows";

test("a stretch that was read tells where the next begins", () => {
  const two = chained([FIRST], 0, 200, "m1", 200);
  expect(two).toEqual([FIRST, { start: 200, limit: 200, marker: "m1" }]);
  expect(chained(two, 0, 200, "m1", 200)).toBe(two);
});

test("the last page ends the chain, and another marker replaces what followed", () => {
  const three = chained(chained([FIRST], 0, 200, "m1", 200), 1, 200, "m2", 1000);
  expect(three.at(-1)).toEqual({ start: 400, limit: 1000, marker: "m2" });
  expect(chained(three, 0, 199, "other", 200)).toEqual([FIRST, { start: 199, limit: 200, marker: "other" }]);
  expect(chained(three, 1, 20, "", 200)).toHaveLength(2);
});

test("stretches in view, and the last one when rows behind it are", () => {
  const three = chained(chained([FIRST], 0, 200, "m1", 200), 1, 200, "m2", 200);
  expect(seen(three, 0, 40)).toEqual([0]);
  expect(seen(three, 190, 230)).toEqual([0, 1]);
  expect(seen(three, 50_000, 50_040)).toEqual([2]);
});
