import type { Schemas } from "../api/client";
import type { OperationName } from "../operation/open";

export type Field = Schemas["FieldLine"];
export type Node = Schemas["NodeLine"];

export const MODES = ["list", "matrix", "lineage"] as const;
export type Mode = (typeof MODES)[number];

export function modeOf(text: string | null): Mode {
  return MODES.find((mode) => mode === text) ?? "list";
}

export function isKey(field: Field): boolean {
  return field.role === "KEY";
}

/** Fields that fit: part of the name or label, and one of the statuses, `PAUSED` among them. A key has no status. */
export function fitting(fields: readonly Field[], search: string, statuses: readonly string[]): Field[] {
  const wanted = search.trim().toLowerCase();
  return fields.filter(
    (field) =>
      (field.name.toLowerCase().includes(wanted) || field.label.toLowerCase().includes(wanted)) &&
      (statuses.length === 0 ||
        (field.status !== null && statuses.includes(field.status)) ||
        (field.paused !== "" && statuses.includes("PAUSED"))),
  );
}

/** A field in the column of a node of the matrix: what stands in it, and whether the line that joins copies passes to the left and right. */
export interface MatrixCell {
  node: Schemas["NodeRef"] | undefined;
  left: boolean;
  right: boolean;
}

export function matrixCell(field: Field, nodes: readonly Node[], column: number): MatrixCell {
  const places = field.nodes.map((node) => nodes.findIndex((each) => each.id === node.id)).filter((at) => at >= 0);
  const node = field.nodes.find((each) => each.id === nodes[column]?.id);
  if (isKey(field) || places.length < 2) return { node, left: false, right: false };
  const first = Math.min(...places);
  const last = Math.max(...places);
  return { node, left: column > first && column <= last, right: column >= first && column < last };
}

/** Operations that take fields, as the bar of a selection has them. */
export const FIELD_OPERATIONS = [
  "RERUN",
  "RERUN_DOWNSTREAM",
  "FORCE_RERUN_CURRENT",
  "FORCE_RERUN_DOWNSTREAM",
  "SET_SUCCESS",
  "STOP",
  "PAUSE",
  "RESUME",
] as const satisfies readonly OperationName[];

/** Of a selection, which fields the server lets an operation take, and why not the others: each reason once, the most frequent first. */
export interface SelectionOffer {
  open: string[];
  reasons: { code: string; reason: string; count: number }[];
}

export function selectionOffer(fields: readonly Field[], operation: string): SelectionOffer {
  const open: string[] = [];
  const reasons = new Map<string, { code: string; reason: string; count: number }>();
  for (const field of fields) {
    const offer = field.operations[operation];
    if (offer?.open) {
      open.push(field.name);
      continue;
    }
    const code = offer?.code ?? "";
    const reason = offer?.reason ?? "";
    const known = reasons.get(`${code} ${reason}`);
    if (known) known.count += 1;
    else reasons.set(`${code} ${reason}`, { code, reason, count: 1 });
  }
  return { open, reasons: [...reasons.values()].sort((a, b) => b.count - a.count) };
}

/** Names chosen after a click on one: from the last clicked to this one when a range is asked for. */
export function chosenAfter(
  chosen: ReadonlySet<string>,
  shown: readonly string[],
  name: string,
  last: string | null,
  range: boolean,
): Set<string> {
  const next = new Set(chosen);
  const from = last === null ? -1 : shown.indexOf(last);
  const to = shown.indexOf(name);
  if (range && from >= 0 && to >= 0) {
    for (const each of shown.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(each);
  } else if (!next.delete(name)) next.add(name);
  return next;
}

/** Names without the beginning that all share up to an underscore, when it is long enough to hide what tells them apart. */
export function withoutCommon(names: readonly string[]): string[] {
  const [first = "", ...others] = names;
  if (others.length === 0) return [...names];
  let length = 0;
  while (length < first.length && others.every((name) => name[length] === first[length])) length += 1;
  const cut = first.lastIndexOf("_", length - 1) + 1;
  return cut < 10 || names.some((name) => name.length === cut)
    ? [...names]
    : names.map((name) => `…${name.slice(cut)}`);
}
