import type { Schemas } from "../api/client";

export type Diagnosis = Schemas["NodeDiagnosis"];

/** The check that keeps a node from running: the first that is blocked. */
export function blockedCheck(diagnosis: Diagnosis): Diagnosis["checks"][number] | undefined {
  return diagnosis.checks.find((check) => check.verdict === "BLOCKED");
}

/** The node to look at first: one that is blocked, else one that is held, else the first. */
export function firstToSee(items: readonly Diagnosis[]): Diagnosis | undefined {
  return (
    items.find((each) => blockedCheck(each)) ??
    items.find((each) => each.checks.some((check) => check.verdict !== "PASSED")) ??
    items[0]
  );
}

const MOST = 6;

/** A long way with the number of what is left out in its middle. */
export function shortened<T extends object>(way: readonly T[]): (T | number)[] {
  if (way.length <= MOST) return [...way];
  return [...way.slice(0, 3), way.length - 5, ...way.slice(-2)];
}
