import { useSyncExternalStore } from "react";
import type { Schemas } from "../api/client";

/** Operations by the names of the API. The three of several instances take any number of targets, the others one or several. */
export const OPERATIONS = [
  "RERUN",
  "RERUN_DOWNSTREAM",
  "SET_SUCCESS",
  "STOP",
  "FORCE_RERUN_CURRENT",
  "FORCE_RERUN_DOWNSTREAM",
  "REMOVE_UPSTREAM",
  "PAUSE",
  "RESUME",
  "MODIFY_PRIORITY",
  "RERUN_ALL_FAILED",
  "RERUN_ALL_FINAL",
  "FORCE_RERUN_ALL",
] as const;
export type OperationName = (typeof OPERATIONS)[number];

/** From which view it comes, for the operation log. */
export type Perspective = "TABLE" | "FIELD" | "BATCH" | "DAG";

export interface OperationTarget {
  instance: number;
  /** Fields by name; without them the entire table, or the script. */
  fields?: readonly string[];
}

export interface OperationRequest {
  operation: OperationName;
  /** One instance, or several: a batch, of which those that qualify are processed. */
  targets: readonly OperationTarget[];
  perspective: Perspective;
  /** What the panel begins with; everything can be changed in it. */
  options?: Partial<Schemas["OptionsBody"]>;
  /** Called once the server has accepted it. */
  onAccepted?: (applied: Schemas["AppliedView"]) => void;
}

let open: (OperationRequest & { id: number }) | null = null;
let last = 0;
const listeners = new Set<() => void>();

function turn(next: typeof open): void {
  open = next;
  for (const listener of listeners) listener();
}

/** Opens the panel of an operation: it previews, shows what would happen, and applies when that is confirmed. Nothing runs by opening it. */
export function openOperation(request: OperationRequest): void {
  if (request.targets.length === 0) return;
  last += 1;
  turn({ ...request, id: last });
}

export function closeOperation(): void {
  turn(null);
}

/** The operation that the panel shows, with a number that is another one each time. */
export function useOpenOperation(): (OperationRequest & { id: number }) | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => open,
  );
}
