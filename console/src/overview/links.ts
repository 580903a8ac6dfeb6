import { type Environment, inEnvironment, patched } from "../app/url";

export const TYPES = ["LOGICAL_TABLE", "SCRIPT"] as const;
export type BizType = (typeof TYPES)[number];

/** The list of instances, narrowed: of a data date, or of the dates that `narrowed` says. */
export function listOf(
  environment: Environment,
  bizdate: string | null,
  type: BizType,
  narrowed: Record<string, string | readonly string[] | null>,
): string {
  const query = patched("", {
    bizdate: bizdate?.replaceAll("-", ""),
    tab: type === "SCRIPT" ? "scripts" : null,
    ...narrowed,
  });
  return inEnvironment(`/instances?${query}`, environment);
}

/** Where a number leads that counts both: to the tables when there are any. */
export function typeWith(counts: (type: BizType) => number): BizType {
  return TYPES.find((type) => counts(type) > 0) ?? "LOGICAL_TABLE";
}
