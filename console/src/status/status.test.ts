import { describe, expect, it } from "vitest";
import { counts, priorityOf, statusOf } from "./status";

describe("statuses", () => {
  it("of nodes and of classes have one look each", () => {
    expect(
      [
        "INIT",
        "WAIT_SUBMISSION",
        "WAIT_SCHEDULE",
        "DISPATCH_BLOCKED",
        "WAIT_RESOURCE",
        "RUNNING",
        "SUCCESS",
        "FAILED",
      ].map((code) => statusOf(code)),
    ).toEqual(["notRunning", "waiting", "waiting", "throttled", "resources", "running", "succeeded", "failed"]);
    expect(["NOT_RUNNING", "WAITING", "RUNNING", "SUCCEEDED", "FAILED"].map((code) => statusOf(code))).toEqual([
      "notRunning",
      "waiting",
      "running",
      "succeeded",
      "failed",
    ]);
  });
  it("paused hides what only waits, never what says more", () => {
    expect(statusOf("INIT", { paused: true })).toBe("paused");
    expect(statusOf("WAIT_RESOURCE", { paused: true })).toBe("paused");
    expect(statusOf("FAILED", { paused: true })).toBe("failed");
  });
  it("of a waiting class says what for when that is known", () => {
    expect(statusOf("WAITING", { waiting: "DISPATCH_BLOCKED" })).toBe("throttled");
    expect(statusOf("RUNNING", { waiting: "DISPATCH_BLOCKED" })).toBe("running");
  });
});

describe("counts", () => {
  it("come in their order, without zeros", () => {
    const { shown, rest } = counts({ NOT_RUNNING: 1, FAILED: 2, SUCCEEDED: 12, RUNNING: 0 });
    expect(shown.map((each) => [each.status, each.count])).toEqual([
      ["succeeded", 12],
      ["failed", 2],
      ["notRunning", 1],
    ]);
    expect(rest).toBe(0);
  });
  it("are at most four, the others counted", () => {
    const { shown, rest } = counts({ NOT_RUNNING: 1, FAILED: 2, SUCCEEDED: 12, RUNNING: 3, WAITING: 4 }, { paused: 1 });
    expect(shown).toHaveLength(4);
    expect(rest).toBe(2);
  });
  it("show what all wait for", () => {
    expect(counts({ WAITING: 4 }, { waiting: ["WAIT_RESOURCE"] }).shown[0]?.status).toBe("resources");
    expect(counts({ WAITING: 4 }, { waiting: ["WAIT_RESOURCE", "WAIT_SCHEDULE"] }).shown[0]?.status).toBe("waiting");
  });
});

it("unknown priorities are medium", () => {
  expect([priorityOf("HIGHEST"), priorityOf("?")]).toEqual(["HIGHEST", "MIDDLE"]);
});
