import { expect, test } from "vitest";
import { slotsOf } from "./slots";

const rows = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, at) => first + at);
const slots = (found: ReadonlyMap<string | number, number>) => [...found.values()];

test("rows that stay keep their element, those that come take those of rows that left", () => {
  const before = slotsOf(new Map(), rows(0, 4));
  expect(slots(before)).toEqual([0, 1, 2, 3, 4]);
  expect(slots(slotsOf(before, rows(2, 6)))).toEqual([2, 3, 4, 0, 1]);
  expect(slots(slotsOf(before, rows(100, 104)))).toEqual([0, 1, 2, 3, 4]);
  expect(slots(slotsOf(before, [4, 0, "new", 2]))).toEqual([4, 0, 1, 2]);
});

test("no two rows have one element, whatever was in view before", () => {
  let now = slotsOf(new Map(), rows(0, 4));
  for (const [first, last] of [
    [3, 9],
    [0, 2],
    [1, 8],
    [50, 53],
  ] as const) {
    now = slotsOf(now, rows(first, last));
    expect(new Set(now.values()).size).toBe(last - first + 1);
  }
});
