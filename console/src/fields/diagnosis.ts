import type { Schemas } from "../api/client";

export type Diagnosis = Schemas["NodeDiagnosis"];

/** The check that keeps a node from running: the first that is blocked. */
export function blockedCheck(diagnosis: Diagnosis): Diagnosis["checks"][number] | undefined {
  return diagnosis.checks.find((check) => check.verdict === "BLOCKED");
}

/** The node to look at first: one that is blocked, else the first. */
export function firstToSee(items: readonly Diagnosis[]): Diagnosis | undefined {
  return items.find((each) => blockedCheck(each)) ?? items.find((each) => each.paused) ?? items[0];
}
