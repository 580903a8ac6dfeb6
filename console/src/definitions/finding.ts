import type { Schemas } from "../api/client";

/** Something that is wrong in a definition, or strange. */
export type Finding = Schemas["FindingView"];

export function sentence(finding: Pick<Finding, "message" | "hint">): string {
  return finding.hint ? `${finding.message} (${finding.hint})` : finding.message;
}
