import type { Schemas } from "../api/client";

export type RunLine = Schemas["RunLine"];

/** Where the bar of a run lies on the axis that all of them share, in percent; null for what has no times. */
export function bars(
  runs: readonly Pick<RunLine, "started_at" | "duration_s">[],
): ({ left: number; width: number } | null)[] {
  const spans = runs.map((run) => {
    if (!run.started_at) return null;
    const start = Date.parse(run.started_at);
    return { start, end: start + 1000 * (run.duration_s ?? 0) };
  });
  const known = spans.filter((span) => span !== null);
  const first = Math.min(...known.map((span) => span.start));
  const whole = Math.max(...known.map((span) => span.end)) - first;
  return spans.map((span) => {
    if (span === null) return null;
    if (known.length === 1 || whole <= 0) return { left: 0, width: 100 };
    const width = Math.max(2, ((span.end - span.start) / whole) * 100);
    return { left: Math.min(100 - width, ((span.start - first) / whole) * 100), width };
  });
}
