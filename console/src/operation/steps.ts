/** Operations whose scope is chosen before its consequences are looked at. */
import type { OperationName, OperationRequest } from "./open";

export type Step = "scope" | "consequences";

const ALWAYS: readonly OperationName[] = ["RERUN_DOWNSTREAM", "FORCE_RERUN_DOWNSTREAM"];

/** A rerun of fields shows its scope beside its consequences; what reaches downstream or skips checks is asked for in two steps. */
export function hasSteps(request: Pick<OperationRequest, "operation" | "targets">, isTable: boolean): boolean {
  if (request.targets.length > 1) return false;
  return ALWAYS.includes(request.operation) || (request.operation === "FORCE_RERUN_CURRENT" && isTable);
}

/** Fields that were chosen where the operation was called need no first step. */
export function firstStep(request: Pick<OperationRequest, "operation" | "targets">, isTable: boolean): Step {
  return hasSteps(request, isTable) && !request.targets[0]?.fields ? "scope" : "consequences";
}
