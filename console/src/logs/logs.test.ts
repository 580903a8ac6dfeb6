import { describe, expect, it } from "vitest";
import { atEnd, parted, windowsFor } from "./lines";
import { optionsOf } from "./OperationEntry";

describe("a run log", () => {
  it("is followed while its end is in view", () => {
    expect(atEnd(900, 100, 1000)).toBe(true);
    expect(atEnd(880, 100, 1000)).toBe(true);
    expect(atEnd(500, 100, 1000)).toBe(false);
  });
  it("is read where it is looked at, without what is known of its end", () => {
    expect(windowsFor(0, 40, 500, 500)).toEqual([]);
    expect(windowsFor(0, 40, 90_000, 500)).toEqual([0]);
    expect(windowsFor(990, 1010, 90_000, 500)).toEqual([0, 1]);
    expect(windowsFor(89_480, 89_520, 90_000, 500)).toEqual([89]);
    expect(windowsFor(89_500, 89_540, 90_000, 500)).toEqual([]);
    expect(windowsFor(0, -1, 0, 0)).toEqual([]);
  });
  it("marks what is looked for, whatever its case", () => {
    expect(parted("An Error, an error", "error")).toEqual(["An ", "Error", ", an ", "error", ""]);
    expect(parted("nothing", "error")).toEqual(["nothing"]);
    expect(parted("all", "")).toEqual(["all"]);
    expect(parted("İ error", "error")).toEqual(["İ error"]);
  });
});

it("options of an entry are those with plain values", () => {
  expect(optionsOf({ options: { start_mode: "DRY_RUN", include_start: true, members: null, upstream: [1] } })).toEqual([
    ["start_mode", "DRY_RUN"],
    ["include_start", true],
  ]);
  expect(optionsOf({})).toEqual([]);
});
