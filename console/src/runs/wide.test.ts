import { expect, it } from "vitest";
import { drawnColumns, stepOf } from "./wide";

it("of a thousand columns those in view and their neighbours are drawn, the others keep their room", () => {
  const widths = Array.from({ length: 1000 }, (_, at) => 80 + (at % 7) * 20);
  const total = widths.reduce((sum, width) => sum + width, 0);
  for (const left of [0, 599, 5000, total - 1200]) {
    const { from, to, before, after } = drawnColumns(widths, left, 1200);
    const sum = (some: readonly number[]) => some.reduce((all, width) => all + width, 0);
    expect(before).toBe(sum(widths.slice(0, from)));
    expect(after).toBe(sum(widths.slice(to)));
    expect(before).toBeLessThanOrEqual(left);
    expect(total - after).toBeGreaterThanOrEqual(Math.min(total, left + 1200));
    expect(to - from).toBeLessThan(60);
  }
});

it("what is drawn stays the same while the view moves a little", () => {
  const widths = Array.from({ length: 500 }, () => 100);
  expect(drawnColumns(widths, 650, 900)).toEqual(drawnColumns(widths, 1100, 900));
  expect(stepOf(650)).toBe(stepOf(1100));
});

it("few columns are all drawn", () => {
  expect(drawnColumns([100, 5000, 100], 4000, 500)).toEqual({ from: 0, to: 3, before: 0, after: 0 });
});
