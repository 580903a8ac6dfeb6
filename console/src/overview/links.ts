import { type Environment, inEnvironment, patched } from "../app/url";

/** The list of instances of a data date, narrowed. */
export function listOf(
  environment: Environment,
  bizdate: string,
  type: "LOGICAL_TABLE" | "SCRIPT",
  narrowed: Record<string, string | readonly string[]>,
): string {
  const query = patched("", {
    bizdate: bizdate.replaceAll("-", ""),
    tab: type === "SCRIPT" ? "scripts" : null,
    ...narrowed,
  });
  return inEnvironment(`/instances?${query}`, environment);
}
