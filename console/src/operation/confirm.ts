import type { Preview } from "./choice";
import { isBatch } from "./choice";
import type { OperationName, OperationRequest } from "./open";
import { type Outcome, plansOf } from "./outcome";
import type { operationTexts } from "./texts";

/** The label of the confirming button: a sentence with the counts of the preview. */
export function confirmLabel(
  request: OperationRequest,
  preview: Preview,
  outcome: Outcome,
  t: (typeof operationTexts)["en"],
  names: Readonly<Record<OperationName, string>>,
  priority: string,
): string {
  const { operation } = request;
  const c = t.confirm;
  if (isBatch(request))
    return c.BATCH(names[operation], preview.plans.length, preview.plans.length + preview.skipped.length);
  const plan = plansOf(preview)[0];
  if (!plan) return names[operation];
  const fields = plan.requested.length + plan.required.length + plan.associated.length;
  const running = outcome.now.length + outcome.laterCount;
  switch (operation) {
    case "RERUN":
      return c.RERUN(fields, running);
    case "FORCE_RERUN_CURRENT":
      return c.FORCE(fields, running);
    case "RERUN_DOWNSTREAM":
      return c.DOWNSTREAM(fields, plan.totals.members ?? plan.members.length);
    case "FORCE_RERUN_DOWNSTREAM":
      return c.FORCE_DOWNSTREAM(plan.totals.members ?? plan.members.length);
    case "REMOVE_UPSTREAM":
      return c.REMOVE_UPSTREAM(plan.removed_upstream.length);
    case "MODIFY_PRIORITY":
      return c.MODIFY_PRIORITY(priority);
    case "STOP":
    case "SET_SUCCESS":
    case "PAUSE":
    case "RESUME":
      return c[operation](plan.nodes.filter((node) => node.part !== "NEIGHBOUR").length);
    default:
      return names[operation];
  }
}
