import { describe, expect, it } from "vitest";
import { described } from "./describe";
import { filtersOf, moment, momentParts } from "./filters";
import { readLayout } from "./layout";
import { headRoom, textRoom, widest } from "./rooms";
import type { Line } from "./windows";

const LINE = {
  id: 7,
  name: "fact_flight",
  biz_type: "LOGICAL_TABLE",
  bizdate: "20260301",
  due_at: "2026-03-01T16:30:00Z",
  started_at: "2026-03-01T16:30:00Z",
  ended_at: null,
  duration_s: null,
  statuses: ["SUCCEEDED"],
  waiting: [],
  paused: 0,
  fields: { SUCCEEDED: 4 },
  nodes: { SUCCEEDED: 1 },
  priority: "MIDDLE",
  tags: [],
  marks: [],
  projects: ["shop"],
  resource_group: "",
} as unknown as Line;
const rooms = (line: Partial<Line>, before = {}) =>
  widest([{ ...LINE, ...line }], "Asia/Shanghai", "en", (project) => project, before);

describe("room of columns", () => {
  it("a time of another day needs more than one of the day", () => {
    const own = rooms({}).start ?? 0;
    const other = rooms({ started_at: "2026-03-03T16:30:00Z" }).start ?? 0;
    expect(other - own).toBeGreaterThan(30);
    expect(other).toBeGreaterThan(textRoom("03-04 00:30:00"));
  });
  it("grows with what comes and never shrinks; the same object when nothing grew", () => {
    const wide = rooms({ duration_s: 123456789 });
    expect(rooms({ duration_s: 5 }, wide)).toBe(wide);
  });
  it("names, statuses and projects are cut at last", () => {
    const long = rooms({
      name: "x".repeat(120),
      projects: ["y".repeat(120)],
      fields: { SUCCEEDED: 9e9, FAILED: 9e9, RUNNING: 9e9, WAITING: 9e9 },
    });
    expect([long.name, long.project, long.status]).toEqual([264, 176, 320]);
  });
  it("Chinese characters are wide, and the arrow of an order takes room", () => {
    expect(textRoom("所属项目")).toBe(48);
    expect(headRoom("Start", true)).toBeGreaterThan(headRoom("Start", false));
  });
});

describe("the layout that is kept", () => {
  it("is read back, and what is broken is as nothing", () => {
    expect(readLayout('{"hidden":["tags"],"widths":{"name":300,"due":-4}}', ["retries"])).toEqual({
      hidden: new Set(["tags"]),
      widths: { name: 300 },
    });
    for (const text of [null, "not ours", "null", "{}"])
      expect(readLayout(text, ["retries"])).toEqual({ hidden: new Set(["retries"]), widths: {} });
  });
});

describe("times of filters", () => {
  it("a day alone, a time of a day", () => {
    expect([
      moment("2026-03-02", ""),
      moment("2026-03-02", "1:30"),
      moment("2026-03-02", "0130"),
      moment("", "01:30"),
    ]).toEqual(["2026-03-02", "2026-03-02T01:30", "2026-03-02T01:30", ""]);
    expect(moment("2026-03-02", "25:00")).toBe("2026-03-02");
    expect(momentParts("2026-03-02T01:30")).toEqual({ day: "2026-03-02", time: "01:30" });
  });
  it("late is asked for when it is true", () => {
    expect(filtersOf(new URLSearchParams("late=true&due_from=2026-03-02T01:30"), "PROD")).toMatchObject({
      late: true,
      due_from: "2026-03-02T01:30",
    });
    expect(filtersOf(new URLSearchParams("late=1"), "PROD").late).toBeUndefined();
  });
});

describe("filters in words", () => {
  const words = (text: string, language: "en" | "zh" = "en") => described(new URLSearchParams(text), language);
  it("names each of them", () => {
    expect(words("q=abc&status=FAILED,WAITING&priority=HIGH&origin=BACKFILL&due_from=2026-03-02T01:30")).toBe(
      "“abc” · Status Failed, Waiting · Priority High · Origin Backfill · Due 2026-03-02 01:30 – …",
    );
    expect(words("mine=failed&late=true&bizdate=20260301", "zh")).toBe("我的出错 · 延迟 · 业务日期 2026-03-01");
  });
  it("every date and tabs narrow nothing", () => {
    expect(words("bizdate=all&tab=scripts&env=dev")).toBe("");
  });
});
