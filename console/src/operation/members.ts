/** Instances downstream to choose from: what is chosen of them, and what cannot be left out. */
import type { Choice, Member, MemberChoice, Plan } from "./choice";

export interface MemberFilters {
  search: string;
  status: string;
  level: string;
  owner: string;
  project: string;
}

export const NO_FILTERS: MemberFilters = { search: "", status: "all", level: "all", owner: "all", project: "all" };

/** One instance of the list. `optional`: it depends on fields that only run along. */
export interface Candidate extends Member {
  optional: boolean;
  /** What the server says of why it cannot take part; "" when it can. */
  closed: string;
}

/** Names that several instances have, as those of one hourly task do. */
export function namesTwice(all: readonly { name: string }[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { name } of all) (seen.has(name) ? twice : seen).add(name);
  return twice;
}

/** Everything downstream, by level and name. `wide` is the plan of all of it: its refusals name what waits or runs. */
export function candidates(wide: Plan): Candidate[] {
  const owner = new Map(wide.nodes.map((node) => [node.id, node.instance]));
  const closed = new Map<number | undefined, string>();
  for (const refusal of wide.refusals)
    if (refusal.code === "SCOPE_HAS_ACTIVE")
      for (const item of refusal.items ?? []) closed.set(owner.get(item.id), item.status);
  const from = (members: readonly Member[], optional: boolean) =>
    members.map((member) => ({ ...member, optional, closed: closed.get(member.instance) ?? "" }));
  return [...from(wide.members, false), ...from(wide.optional, true)].sort(
    (a, b) => a.level - b.level || (a.name < b.name ? -1 : a.name > b.name ? 1 : a.instance - b.instance),
  );
}

/** What is downstream and may not be operated, by instance or table; by field where the others may be. */
export function barred(wide: Plan): string[] {
  const members = new Set([...wide.members, ...wide.optional].map((member) => member.name));
  const found = new Set<string>();
  const add = ({ name }: { name: string }) => {
    const table = name.split(".")[0] ?? name;
    found.add(members.has(table) ? name : table);
  };
  for (const refusal of wide.refusals) if (refusal.code.startsWith("FORBIDDEN")) refusal.items?.forEach(add);
  wide.excluded.forEach(add);
  return [...found].sort();
}

function fitsText(member: Candidate, wanted: string): boolean {
  return wanted === "" || member.name.toLowerCase().includes(wanted) || String(member.instance) === wanted;
}

/** Fields of a member that the filters leave: those that depend on the start first. */
export function fieldsOf(member: Candidate, filters: MemberFilters): { name: string; status: string }[] {
  const wanted = filters.search.trim().toLowerCase();
  const whole = fitsText(member, wanted);
  const required = new Set(member.required);
  return member.fields
    .map((name, at) => ({ name, status: member.field_status[at] ?? "" }))
    .filter(
      (field) =>
        (whole || field.name.toLowerCase().includes(wanted)) &&
        (filters.status === "all" || field.status === filters.status),
    )
    .sort((a, b) => Number(required.has(b.name)) - Number(required.has(a.name)));
}

/** Members by node name or id, or by the name of a field; and by status, level, owner and project. */
export function fitting(members: readonly Candidate[], filters: MemberFilters): Candidate[] {
  const { status, level, owner, project } = filters;
  const wanted = filters.search.trim().toLowerCase();
  return members.filter(
    (member) =>
      (fitsText(member, wanted) || member.fields.some((name) => name.toLowerCase().includes(wanted))) &&
      (status === "all" || member.status.includes(status) || member.field_status.includes(status)) &&
      (level === "all" || String(member.level) === level) &&
      (owner === "all" || member.owners.includes(owner)) &&
      (project === "all" || member.project === project),
  );
}

/** Chosen members by instance. */
export function chosenOf(choice: Choice): Map<number, MemberChoice> {
  return new Map(choice.members.map((member) => [member.instance, member]));
}

/** The members with these taken in or left out as a whole. */
export function withMembers(choice: Choice, members: readonly Candidate[], taken: boolean): MemberChoice[] {
  const next = chosenOf(choice);
  for (const { instance } of members)
    if (taken) next.set(instance, { instance, fields: null });
    else next.delete(instance);
  return [...next.values()];
}

/** The members with one field of one of them taken in or left out. All that depends on the start is the whole member. */
export function withField(choice: Choice, member: Candidate, field: string, taken: boolean): MemberChoice[] {
  const next = chosenOf(choice);
  const before = next.get(member.instance);
  const had = before ? (before.fields ?? member.required) : [];
  const fields = taken ? [...had, field] : had.filter((name) => name !== field);
  const isWhole = fields.length === member.required.length && member.required.every((name) => fields.includes(name));
  if (fields.length === 0) next.delete(member.instance);
  else next.set(member.instance, { instance: member.instance, fields: isWhole ? null : fields });
  return [...next.values()];
}

/** Those of the chosen members, and fields of them, that are still downstream; the same list when all are. */
export function stillThere(chosen: Choice["members"], wide: Plan): Choice["members"] {
  const known = new Map([...wide.members, ...wide.optional].map((member) => [member.instance, member]));
  // What is not listed cannot be told from what is not there.
  if ((wide.totals.members ?? 0) + (wide.totals.optional ?? 0) > known.size) return chosen;
  const kept = chosen.flatMap((each): MemberChoice[] => {
    const member = known.get(each.instance);
    if (!member) return [];
    const fields = each.fields?.filter((name) => member.fields.includes(name)) ?? null;
    return fields?.length === 0 ? [] : [fields?.length === each.fields?.length ? each : { ...each, fields }];
  });
  return kept.length === chosen.length && kept.every((each, at) => each === chosen[at]) ? chosen : kept;
}
