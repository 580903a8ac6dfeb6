/** Where bars lie on the axis of a Gantt chart. Times are milliseconds since the epoch. */

import type { Schemas } from "../api/client";

export type Link = Schemas["GanttLink"];
export type GanttNode = Schemas["GanttNode"];
export type Other = Schemas["GanttOther"];

/** What was spent: a phase of the server, `EXPECTED` for what is yet to run, `OTHER` for time of which there is no history. */
export type Phase = "WAIT_UPSTREAM" | "WAIT_SCHEDULE" | "THROTTLED" | "WAIT_RESOURCE" | "RUN" | "EXPECTED" | "OTHER";

export interface Stretch {
  phase: Phase;
  start: number;
  end: number;
}

export interface Axis {
  start: number;
  end: number;
  /** Pixels of the whole. */
  width: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  SECOND / 10,
  SECOND / 5,
  SECOND / 2,
  SECOND,
  2 * SECOND,
  5 * SECOND,
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
];
/** Pixels between labels of the axis, at least. */
const LABEL = 88;
/** Free room at both ends of the axis. */
export const EDGE = 16;

export function time(text: string): number {
  return Date.parse(text);
}

/**
 * The time that a path covers: from where its start ended to where its end ended. Of a long time before anything was generated, in which
 * nothing could happen, only the end.
 */
export function covered(path: readonly Link[]): { start: number; end: number } {
  const first = path[0];
  if (!first) return { start: 0, end: 1 };
  const start = path.length === 1 ? time(first.start) : time(first.end);
  const end = path.reduce((latest, link) => Math.max(latest, time(link.end)), start + 1);
  const before = path[1] && stretchesOf(path[1], first)[0];
  if (before?.phase !== "OTHER") return { start, end };
  const rest = Math.max(SECOND, end - before.end);
  return { start: before.end - before.start > 4 * rest ? before.end - rest / 5 : start, end };
}

/** Where a time lies; what is before the beginning lies there. */
export function place(at: number, axis: Axis): number {
  const whole = Math.max(1, axis.end - axis.start);
  return EDGE + (Math.max(0, at - axis.start) / whole) * (axis.width - 2 * EDGE);
}

/** Left end and width of a stretch, at least two pixels so that it can be seen; null when it lies outside. */
export function bar(stretch: { start: number; end: number }, axis: Axis): { left: number; width: number } | null {
  if (stretch.end < axis.start || stretch.start > axis.end) return null;
  const left = place(Math.max(stretch.start, axis.start), axis);
  const right = place(Math.min(stretch.end, axis.end), axis);
  return { left: Math.round(left * 10) / 10, width: Math.max(2, Math.round((right - left) * 10) / 10) };
}

/** Times with labels between two pixels of the axis, on whole steps of the tenant's clocks. `offset`: what these are ahead of UTC. */
export function ticks(
  axis: Axis,
  from: number,
  to: number,
  offset: number,
): { at: number; left: number; step: number }[] {
  const whole = axis.end - axis.start;
  const perPixel = whole / Math.max(1, axis.width - 2 * EDGE);
  const step = STEPS.find((each) => each / perPixel >= LABEL) ?? (STEPS[STEPS.length - 1] as number);
  const found: { at: number; left: number; step: number }[] = [];
  const first = Math.max(axis.start, axis.start + (from - EDGE - LABEL) * perPixel);
  const last = Math.min(axis.end, axis.start + (to + LABEL) * perPixel);
  for (let at = Math.ceil((first + offset) / step) * step - offset; at <= last; at += step)
    found.push({ at, left: place(at, axis), step });
  return found;
}

/** How far the clocks of a zone are ahead of UTC at an instant (ms). */
export function aheadOf(zone: string, at: number): number {
  const parts = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" }).format(
    at,
  );
  return Date.parse(`${parts.replace(" ", "T")}Z`) - Math.floor(at / 1000) * 1000;
}

/**
 * What one instance of the path added: from the end of the one before what its first node waited for, then from its start to its end that it ran.
 * What of it is yet to come is expected.
 */
export function stretchesOf(link: Link, before: Link | undefined): Stretch[] {
  const start = time(link.start);
  const end = time(link.end);
  const found: Stretch[] = [];
  if (before) {
    const from = time(before.end);
    const first = [...link.nodes].sort((a, b) => startOf(a) - startOf(b))[0];
    let at = from;
    for (const segment of first?.segments ?? []) {
      if (segment.phase === "RUN") continue;
      const one = Math.max(at, time(segment.start));
      const two = Math.min(start, time(segment.end));
      if (two <= one) continue;
      if (one > at) found.push({ phase: "OTHER", start: at, end: one });
      found.push({ phase: segment.phase as Phase, start: one, end: two });
      at = two;
    }
    if (start > at) found.push({ phase: "OTHER", start: at, end: start });
  }
  if (before || start < end) found.push({ phase: link.predicted ? "EXPECTED" : "RUN", start, end });
  return found;
}

function startOf(node: GanttNode): number {
  return node.start ? time(node.start) : Number.POSITIVE_INFINITY;
}

/** The history of one node, and what is expected of it. */
export function stretchesOfNode(node: GanttNode): Stretch[] {
  const found: Stretch[] = node.segments.map((segment) => ({
    phase: segment.phase as Phase,
    start: time(segment.start),
    end: time(segment.end),
  }));
  if (node.predicted && node.end) {
    const begun = node.start ? time(node.start) : time(node.end);
    const known = found.reduce((latest, each) => Math.max(latest, each.end), Number.NEGATIVE_INFINITY);
    const start = Math.max(begun, Math.min(known, time(node.end)));
    found.push({ phase: "EXPECTED", start, end: time(node.end) });
  }
  return found;
}

/** What an instance beside the path waited for, and when it ran or is expected to. */
export function stretchesOfOther(other: Other): Stretch[] {
  return other.segments.map((segment) => ({
    phase: segment.phase === "RUN" && other.predicted ? "EXPECTED" : (segment.phase as Phase),
    start: time(segment.start),
    end: time(segment.end),
  }));
}

/** Seconds of the whole path by what they were spent on, the running first. */
export function spent(path: readonly Link[]): { phase: Phase; seconds: number }[] {
  const sums = new Map<Phase, number>();
  const add = (phase: Phase, seconds: number) => {
    if (seconds > 0) sums.set(phase, (sums.get(phase) ?? 0) + seconds);
  };
  for (const link of path) {
    add(link.predicted ? "EXPECTED" : "RUN", link.run_s);
    let known = 0;
    for (const [phase, seconds] of Object.entries(link.gaps)) {
      add(phase as Phase, seconds);
      known += seconds;
    }
    // Less than a millisecond is rounding.
    if (link.gap_s - known > 0.001) add("OTHER", link.gap_s - known);
  }
  const order: Phase[] = ["RUN", "EXPECTED", "WAIT_SCHEDULE", "WAIT_RESOURCE", "THROTTLED", "WAIT_UPSTREAM", "OTHER"];
  return order.filter((phase) => sums.has(phase)).map((phase) => ({ phase, seconds: sums.get(phase) as number }));
}
