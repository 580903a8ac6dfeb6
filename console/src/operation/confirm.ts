import { priorityOf, statusTexts } from "../status/status";
import type { Language } from "../texts/language";
import type { Choice, Preview } from "./choice";
import { isBatch } from "./choice";
import { operationNames } from "./names";
import type { OperationRequest } from "./open";
import { type Outcome, plansOf } from "./outcome";
import { operationTexts } from "./texts";

/** The label of the confirming button: a sentence with the counts of the preview; what is refused has none. */
export function confirmLabel(
  request: OperationRequest,
  choice: Choice,
  preview: Preview | undefined,
  outcome: Outcome,
  language: Language,
): string {
  const { operation } = request;
  const name = operationNames[language][operation];
  const c = operationTexts[language].confirm;
  if (!preview?.accepted) return name;
  const { plans = 0, skipped = 0 } = preview.totals;
  if (isBatch(request)) return c.BATCH(name, plans, plans + skipped);
  const plan = plansOf(preview)[0];
  if (!plan) return name;
  const fields = plan.requested.length + plan.required.length + (plan.totals.associated ?? 0);
  const members = plan.totals.members ?? 0;
  switch (operation) {
    case "RERUN":
      return c.RERUN(fields, outcome.counts.now + outcome.counts.later);
    case "FORCE_RERUN_CURRENT":
      return c.FORCE(fields, outcome.counts.now + outcome.counts.later);
    case "RERUN_DOWNSTREAM":
      return c.DOWNSTREAM(choice.start === "NORMAL" ? fields : 0, members);
    case "FORCE_RERUN_DOWNSTREAM":
      return c.FORCE_DOWNSTREAM(members);
    case "REMOVE_UPSTREAM":
      return c.REMOVE_UPSTREAM(plan.removed_upstream.length);
    case "MODIFY_PRIORITY":
      return c.MODIFY_PRIORITY(choice.priority ? statusTexts[language].priority[priorityOf(choice.priority)] : "");
    case "STOP":
    case "SET_SUCCESS":
    case "PAUSE":
    case "RESUME":
      return c[operation](outcome.counts.set);
    default:
      return name;
  }
}
