import { expect, it } from "vitest";
import { columnWidth, WINDOW, windowsIn } from "./windows";

it("the windows in view and their neighbours are read, the first is there already", () => {
  expect(windowsIn(0, 30, 10_000)).toEqual([WINDOW]);
  expect(windowsIn(1000, 1030, 10_000)).toEqual([800, 1000, 1200]);
  expect(windowsIn(0, 30, 40)).toEqual([]);
  expect(windowsIn(0, -1, 0)).toEqual([]);
});

it("columns are as wide as what stands in them, within bounds", () => {
  expect(columnWidth(1, [])).toBe(80);
  expect(columnWidth(10, [500])).toBe(420);
  expect(columnWidth(10, [20])).toBeGreaterThan(columnWidth(10, [10]));
});
