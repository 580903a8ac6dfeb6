import { describe, expect, it } from "vitest";
import { atEnd, failsAt, linesOf, pollAfter } from "./lines";
import { optionsOf } from "./OperationEntry";

describe("a run log", () => {
  it("has no line for the break at its end", () => {
    expect(linesOf("")).toEqual([]);
    expect(linesOf("a\r\nb\n")).toEqual(["a", "b"]);
    expect(linesOf("a\n\n")).toEqual(["a", ""]);
  });
  it("tells its error from the line on where it begins", () => {
    const lines = ["1 Insert", "ODPS-0121095:[1,1] Invalid argument"];
    expect(failsAt(lines, true)).toBe(1);
    expect(failsAt(lines, false)).toBe(2);
    expect(failsAt(["all well"], true)).toBe(1);
  });
  it("tells a traceback from its beginning", () => {
    const lines = ["began", "Traceback (most recent call last):", '  File "x.py", line 1', "ValueError: no"];
    expect(failsAt(lines, true)).toBe(1);
  });
  it("is followed while its end is in view", () => {
    expect(atEnd(900, 100, 1000)).toBe(true);
    expect(atEnd(880, 100, 1000)).toBe(true);
    expect(atEnd(500, 100, 1000)).toBe(false);
  });
  it("is asked for less often the longer it is", () => {
    expect(pollAfter(1_000)).toBeLessThan(pollAfter(1_000_000));
    expect(pollAfter(1_000_000)).toBeLessThan(pollAfter(9_000_000));
  });
});

it("options of an entry are those with plain values", () => {
  expect(optionsOf({ options: { start_mode: "DRY_RUN", include_start: true, members: null, upstream: [1] } })).toEqual([
    ["start_mode", "DRY_RUN"],
    ["include_start", true],
  ]);
  expect(optionsOf({})).toEqual([]);
});
