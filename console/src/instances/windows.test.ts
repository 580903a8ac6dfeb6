import { expect, test } from "vitest";
import { windowsOf } from "./windows";

test("windows that have rows in view are read, those beyond the end are not", () => {
  expect(windowsOf(-60, 100, undefined)).toEqual([0]);
  expect(windowsOf(130, 260, undefined)).toEqual([0, 1]);
  expect(windowsOf(50_000, 50_040, 100_000)).toEqual([250]);
  expect(windowsOf(340, 460, 390)).toEqual([1]);
});

test("of a list that became shorter than what was looked at its last window is read, of none the first", () => {
  expect(windowsOf(5000, 5040, 390)).toEqual([1]);
  expect(windowsOf(0, 100, 0)).toEqual([0]);
});
