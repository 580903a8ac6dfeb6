import type { Schemas } from "../api/client";
import type { Status } from "../status/status";

export type Run = Schemas["TaskInstanceView"];
export type RunLine = Schemas["TaskInstanceLine"];
export type RunTask = Schemas["TaskInstanceTask"];

const STATUS: Record<string, Status> = {
  WAITING: "resources",
  RUNNING: "running",
  SUCCESS: "succeeded",
  FAILED: "failed",
  CANCELLED: "paused",
};

/** The silhouette of a status of a task instance. */
export function shapeOf(status: string): Status {
  return STATUS[status] ?? "notRunning";
}

export function isOver(status: string): boolean {
  return status === "SUCCESS" || status === "FAILED" || status === "CANCELLED";
}

/** Seconds between two times; `until` now for what has not ended. null before it began. */
export function secondsBetween(from: string | null, until: string | null, now: string): number | null {
  if (from === null) return null;
  return Math.max(0, (new Date(until ?? now).getTime() - new Date(from).getTime()) / 1000);
}

/** How long until it is asked for again (ms): soon at first, then less and less often. false: it has ended. */
export function askAgain(run: Run | undefined): number | false {
  if (!run || isOver(run.line.status)) return false;
  const age = (new Date(run.now).getTime() - new Date(run.line.submitted_at).getTime()) / 1000;
  return age < 5 ? 300 : age < 60 ? 1000 : 3000;
}

export function runPath(run: { project: string; id: string }): string {
  return `/runs/${encodeURIComponent(run.project)}/${encodeURIComponent(run.id)}`;
}
