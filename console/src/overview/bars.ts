/** Parts of a bar from left to right: what is done, what went wrong, what is under way, what is to come. */
const ORDER = ["SUCCEEDED", "FAILED", "RUNNING", "WAITING", "NOT_RUNNING"];

export function inOrder(statuses: Readonly<Record<string, number>>): [string, number][] {
  return ORDER.map((code): [string, number] => [code, statuses[code] ?? 0]).filter(([, count]) => count > 0);
}
