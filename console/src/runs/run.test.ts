import { describe, expect, it } from "vitest";
import { askAgain, isOver, type Run, runPath, secondsBetween, shapeOf } from "./run";

const AT = "2026-01-01T00:00:00Z";

function run(status: string, now: string): Run {
  return { line: { status, submitted_at: AT }, now } as Run;
}

describe("a task instance", () => {
  it("is asked for again until it has ended, less often the longer it lasts", () => {
    expect(askAgain(run("SUCCESS", AT))).toBe(false);
    expect(askAgain(undefined)).toBe(false);
    expect(
      ["2026-01-01T00:00:01Z", "2026-01-01T00:00:30Z", "2026-01-01T01:00:00Z"].map((now) =>
        askAgain(run("RUNNING", now)),
      ),
    ).toEqual([300, 1000, 3000]);
  });
  it("runs on until it has ended", () => {
    expect(secondsBetween(null, null, AT)).toBeNull();
    expect(secondsBetween(AT, null, "2026-01-01T00:01:00Z")).toBe(60);
    expect(secondsBetween(AT, "2026-01-01T00:00:10Z", "2026-01-01T00:01:00Z")).toBe(10);
    expect(secondsBetween(AT, "2025-12-31T23:59:59Z", AT)).toBe(0);
  });
  it("has a silhouette of its own for each status", () => {
    const all = ["WAITING", "RUNNING", "SUCCESS", "FAILED", "CANCELLED"];
    expect(new Set(all.map(shapeOf)).size).toBe(all.length);
    expect(all.filter(isOver)).toEqual(["SUCCESS", "FAILED", "CANCELLED"]);
  });
  it("has an address", () => {
    expect(runPath({ project: "a b", id: "1/2" })).toBe("/runs/a%20b/1%2F2");
  });
});
