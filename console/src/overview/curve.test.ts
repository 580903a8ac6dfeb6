import { describe, expect, it } from "vitest";
import { area, type Frame, lastHour, line, step, xOf, yOf } from "./curve";

const FRAME: Frame = { width: 120, height: 100, left: 10, right: 10, top: 0, bottom: 0, from: 0, to: 10 };

describe("the finish curve", () => {
  it("spans the frame", () => {
    expect([xOf(FRAME, 0), xOf(FRAME, 10), yOf(FRAME, 0), yOf(FRAME, 100)]).toEqual([10, 110, 100, 0]);
  });
  it("goes through every slot and ends with the axis", () => {
    expect(line(FRAME, [0, 50, 100], 60)).toBe("M10 100L20 50L30 0");
    expect(line(FRAME, Array(25).fill(0), 60).split("L")).toHaveLength(11);
    expect(line(FRAME, [], 60)).toBe("");
  });
  it("closes the area between least and most", () => {
    const ranges = [
      { low: 0, high: 0 },
      { low: 20, high: 40 },
    ];
    expect(area(FRAME, ranges, 60)).toBe("M10 100L20 60L20 80L10 100Z");
    expect(area(FRAME, [], 60)).toBe("");
  });
});

describe("the axis", () => {
  it("ends after what usually comes last, after now, and after the last hour that has something due", () => {
    expect(lastHour([0, 50, 100, 100], [0], [], 240)).toBe(9);
    expect(lastHour([], Array(37).fill(0), [], 15)).toBe(10);
    expect(lastHour([], [0], [0, 11], 15)).toBe(13);
  });
  it("has at least six hours and at most a day", () => {
    expect(lastHour([], [0], [], 15)).toBe(6);
    expect(lastHour([], [0], [23, 24], 15)).toBe(24);
  });
  it("is marked at most a dozen times", () => {
    expect([6, 9, 13, 24].map(step)).toEqual([1, 1, 2, 2]);
  });
});
