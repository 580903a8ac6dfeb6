import { describe, expect, it } from "vitest";
import {
  type Axis,
  aheadOf,
  bar,
  covered,
  EDGE,
  type Link,
  type Other,
  place,
  spent,
  stretchesOf,
  stretchesOfNode,
  stretchesOfOther,
  ticks,
} from "./positions";

const at = (clock: string) => `2013-06-15T${clock}Z`;
const ms = (clock: string) => Date.parse(at(clock));

function link(values: Partial<Link>): Link {
  return {
    instance: 1,
    name: "A",
    label: "A(1, 2013-06-15 00:00:00)",
    task: "shop.A",
    project: "shop",
    visible: true,
    statuses: ["SUCCEEDED"],
    due_at: null,
    start: at("00:00:00"),
    end: at("00:00:00"),
    predicted: false,
    blocked: false,
    gap_s: 0,
    run_s: 0,
    contribution_s: 0,
    gaps: {},
    nodes: [],
    ...values,
  };
}

function node(start: string | null, end: string | null, segments: [string, string, string][], predicted = false) {
  return {
    node: {
      id: 7,
      name: "B",
      label: "A/B",
      instance: 1,
      project: "shop",
      status: "SUCCESS",
      status_label: "",
      paused: false,
      visible: true,
    },
    start: start && at(start),
    end: end && at(end),
    predicted,
    decisive: true,
    segments: segments.map(([phase, from, to]) => ({
      phase,
      start: at(from),
      end: at(to),
      seconds: (ms(to) - ms(from)) / 1000,
    })),
  };
}

const root = link({ instance: 0, name: "virtual_root_node" });
const first = link({
  start: at("00:10:00"),
  end: at("01:00:00"),
  gap_s: 600,
  run_s: 3000,
  contribution_s: 3600,
  gaps: { WAIT_SCHEDULE: 540, WAIT_RESOURCE: 60 },
  nodes: [
    node("00:20:00", "01:00:00", [["WAIT_UPSTREAM", "00:00:00", "00:20:00"]]),
    node("00:10:00", "00:40:00", [
      ["WAIT_SCHEDULE", "00:00:00", "00:09:00"],
      ["WAIT_RESOURCE", "00:09:00", "00:10:00"],
      ["RUN", "00:10:00", "00:40:00"],
    ]),
  ],
});

describe("the axis", () => {
  const axis: Axis = { start: ms("00:00:00"), end: ms("01:00:00"), width: 632 };

  it("covers the path from the end of its start", () => {
    expect(covered([root, first])).toEqual({ start: ms("00:00:00"), end: ms("01:00:00") });
    expect(covered([first])).toEqual({ start: ms("00:10:00"), end: ms("01:00:00") });
  });

  it("leaves room at both ends", () => {
    expect(place(axis.start, axis)).toBe(EDGE);
    expect(place(axis.end, axis)).toBe(632 - EDGE);
    expect(place(ms("00:30:00"), axis)).toBe(316);
  });

  it("places bars, cuts them at its ends, and keeps short ones in sight", () => {
    expect(bar({ start: ms("00:00:00"), end: ms("00:30:00") }, axis)).toEqual({ left: 16, width: 300 });
    expect(bar({ start: ms("00:30:00") - 3_600_000, end: ms("00:30:00") }, axis)).toEqual({ left: 16, width: 300 });
    expect(bar({ start: ms("00:30:00"), end: ms("00:30:00") }, axis)).toEqual({ left: 316, width: 2 });
    expect(bar({ start: ms("02:00:00"), end: ms("03:00:00") }, axis)).toBeNull();
  });

  it("has labels on whole steps of the tenant's clocks, only in what is seen", () => {
    const all = ticks(axis, 0, 632, 0);
    expect(all.map((tick) => new Date(tick.at).toISOString().slice(11, 16))).toEqual([
      "00:00",
      "00:10",
      "00:20",
      "00:30",
      "00:40",
      "00:50",
      "01:00",
    ]);
    const wide: Axis = { ...axis, width: 200_000 };
    expect(ticks(wide, 0, 800, 0).length).toBeLessThan(14);
    // Half an hour ahead of UTC: whole hours there are half hours here.
    const day: Axis = { start: ms("00:00:00"), end: ms("12:00:00"), width: 1232 };
    expect(ticks(day, 0, 1232, 1_800_000)[0]?.at).toBe(ms("00:30:00"));
  });

  it("knows how far clocks are ahead", () => {
    expect(aheadOf("Asia/Shanghai", ms("00:00:00"))).toBe(8 * 3_600_000);
    expect(aheadOf("Etc/UTC", ms("00:00:00") + 250)).toBe(0);
    expect(aheadOf("America/New_York", ms("00:00:00"))).toBe(-4 * 3_600_000);
  });
});

describe("bars", () => {
  it("of an instance: what its first node waited for since the one before, then its run", () => {
    expect(stretchesOf(first, root)).toEqual([
      { phase: "WAIT_SCHEDULE", start: ms("00:00:00"), end: ms("00:09:00") },
      { phase: "WAIT_RESOURCE", start: ms("00:09:00"), end: ms("00:10:00") },
      { phase: "RUN", start: ms("00:10:00"), end: ms("01:00:00") },
    ]);
  });

  it("say where there is no history", () => {
    const late = link({
      start: at("02:00:00"),
      end: at("02:10:00"),
      nodes: [node("02:00:00", "02:10:00", [["WAIT_RESOURCE", "01:30:00", "01:45:00"]])],
    });
    expect(stretchesOf(late, first).map((each) => each.phase)).toEqual(["OTHER", "WAIT_RESOURCE", "OTHER", "RUN"]);
  });

  it("of what is yet to run are expected ones", () => {
    const coming = link({ start: at("02:00:00"), end: at("02:10:00"), predicted: true });
    expect(stretchesOf(coming, first).at(-1)).toEqual({
      phase: "EXPECTED",
      start: ms("02:00:00"),
      end: ms("02:10:00"),
    });
    const running = node("00:10:00", "01:00:00", [["RUN", "00:10:00", "00:30:00"]], true);
    expect(stretchesOfNode(running)).toEqual([
      { phase: "RUN", start: ms("00:10:00"), end: ms("00:30:00") },
      { phase: "EXPECTED", start: ms("00:30:00"), end: ms("01:00:00") },
    ]);
  });

  it("add up: running, then what was waited for, and the rest", () => {
    const rest = link({ gap_s: 100, run_s: 50, gaps: { THROTTLED: 60 } });
    expect(spent([root, first, rest])).toEqual([
      { phase: "RUN", seconds: 3050 },
      { phase: "WAIT_SCHEDULE", seconds: 540 },
      { phase: "WAIT_RESOURCE", seconds: 60 },
      { phase: "THROTTLED", seconds: 60 },
      { phase: "OTHER", seconds: 40 },
    ]);
  });
});

describe("what lies beside the path", () => {
  const segment = (phase: string, start: string, end: string) => ({
    phase,
    start: at(start),
    end: at(end),
    seconds: 0,
  });
  const other = {
    segments: [segment("WAIT_SCHEDULE", "01:00:00", "02:00:00"), segment("RUN", "02:00:00", "02:30:00")],
    predicted: true,
  } as Other;
  it("is expected while it is not over", () => {
    expect(stretchesOfOther(other).map((each) => each.phase)).toEqual(["WAIT_SCHEDULE", "EXPECTED"]);
    expect(stretchesOfOther({ ...other, predicted: false }).map((each) => each.phase)).toEqual([
      "WAIT_SCHEDULE",
      "RUN",
    ]);
  });
});

it("a long time before anything was generated is cut off", () => {
  const root = link({ instance: 0, end: at("00:00:00") });
  const late = link({ start: at("11:00:00"), end: at("11:10:00") });
  expect(covered([root, late])).toEqual({ start: ms("10:58:00"), end: ms("11:10:00") });
  const axis = { ...covered([root, late]), width: 200 };
  expect(place(ms("00:00:00"), axis)).toBe(EDGE);
  const soon = link({ start: at("00:10:00"), end: at("00:20:00") });
  expect(covered([root, soon]).start).toBe(ms("00:00:00"));
});
