/** A preview in the order in which the panel tells it. */
import type { Plan, PlannedNode, Preview } from "./choice";
import { namesTwice } from "./members";

const OF_START: readonly string[] = ["REQUESTED", "REQUIRED", "ASSOCIATED"];

export interface Group {
  instance: number;
  name: string;
  nodes: readonly PlannedNode[];
  start: string | null;
  end: string | null;
}

export interface Outcome {
  /** Nodes that run at once, and those that run in their turn, by instance. */
  now: readonly PlannedNode[];
  later: readonly Group[];
  /** Nodes that change their status without running. */
  set: readonly PlannedNode[];
  /** How many of them there are, listed or not; and instances that run in their turn. */
  counts: { now: number; later: number; groups: number; set: number };
  /** Live attempts that are ended. */
  cancelled: readonly PlannedNode[];
  /** Outside the scope, and yet changed: they wait again. Those that `outside` tells of are not among them. */
  neighbours: readonly PlannedNode[];
  /** What the nodes directly downstream make of it. */
  outside: readonly { meaning: string; sees: string; names: readonly string[]; ids: readonly number[] }[];
  /** Upstream nodes that have not succeeded, of nodes that do not ask for them. */
  unmet: readonly string[];
  /** Scheduled times of instances that have their name in common with others, as those of one hourly task do. */
  dues: ReadonlyMap<number, string>;
}

/** `table/node` begins with the table; a script is its own name. */
function instanceName(node: PlannedNode): string {
  return node.name.split("/")[0] ?? node.name;
}

export function plansOf(preview: Preview): readonly Plan[] {
  return preview.plan ? [preview.plan] : preview.plans;
}

export function outcomeOf(preview: Preview | undefined): Outcome {
  const plans = preview ? plansOf(preview) : [];
  const nodes = plans.flatMap((plan) => plan.nodes);
  const running = nodes.filter((node) => node.runs);
  const isNow = (node: PlannedNode) =>
    OF_START.includes(node.part) && (node.waits_for.length === 0 || node.skips_checks);
  const now = running.filter(isNow);
  const waiting = running.filter((node) => !isNow(node)).concat(plans.flatMap((plan) => plan.unchanged));
  const groups = new Map<number, PlannedNode[]>();
  for (const node of waiting) {
    const group = groups.get(node.instance);
    if (group) group.push(node);
    else groups.set(node.instance, [node]);
  }
  const later = [...groups].map(([instance, its]) => ({
    instance,
    name: its[0] ? instanceName(its[0]) : "",
    nodes: its,
    start: earliest(its.map((node) => node.expected_start ?? null)),
    end: latest(its.map((node) => node.expected_end ?? null)),
  }));
  later.sort((a, b) => compare(a.start, b.start) || compare(a.end, b.end));
  const still = nodes.filter((node) => !node.runs);
  const told = new Set(plans.flatMap((plan) => plan.downstream.map((node) => node.id)));
  const outside = new Map<string, { meaning: string; sees: string; names: string[]; ids: number[] }>();
  // Of a batch, what is downstream of one instance may be another of it, or downstream of several.
  const seen = new Set(nodes.flatMap((node) => (node.part === "NEIGHBOUR" ? [] : [node.id])));
  for (const node of plans.flatMap((plan) => plan.downstream)) {
    if (seen.has(node.id)) continue;
    seen.add(node.id);
    const known = outside.get(node.sees);
    if (known) {
      known.names.push(node.name);
      known.ids.push(node.id);
    } else outside.set(node.sees, { meaning: node.meaning, sees: node.sees, names: [node.name], ids: [node.id] });
  }
  const totals = preview?.totals ?? {};
  const count = totals.follows ?? 0;
  return {
    now,
    later,
    counts: {
      now: totals.starts ?? 0,
      later: count,
      groups: Math.max(later.length, waiting.length < count ? (preview?.plan?.totals.members ?? 0) : 0),
      set: totals.sets ?? 0,
    },
    set: still.filter((node) => node.part !== "NEIGHBOUR" && (node.before !== node.after || node.pauses !== null)),
    cancelled: nodes.filter((node) => node.cancels !== null && node.runs),
    neighbours: still.filter((node) => node.part === "NEIGHBOUR" && !told.has(node.id)),
    outside: [...outside.values()],
    unmet: [...new Set(running.filter((node) => node.skips_checks).flatMap((node) => node.waits_for))],
    dues: duesOf(plans),
  };
}

function duesOf(plans: readonly Plan[]): ReadonlyMap<number, string> {
  const dues = new Map<number, { name: string; due: string }>();
  for (const plan of plans) {
    if (plan.due_at) dues.set(plan.instance, { name: plan.name, due: plan.due_at });
    for (const member of plan.members) dues.set(member.instance, { name: member.name, due: member.due_at });
  }
  const twice = namesTwice([...dues.values()]);
  return new Map([...dues].flatMap(([id, { name, due }]) => (twice.has(name) ? [[id, due]] : [])));
}

/** Each name once, with how many there are of it. */
export function namesOnce(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count > 1 ? `${name} (${count})` : name));
}

function earliest(times: readonly (string | null)[]): string | null {
  const known = times.filter((time): time is string => time !== null);
  return known.length > 0 ? known.reduce((a, b) => (a < b ? a : b)) : null;
}

function latest(times: readonly (string | null)[]): string | null {
  const known = times.filter((time): time is string => time !== null);
  return known.length > 0 && known.length === times.length ? known.reduce((a, b) => (a > b ? a : b)) : null;
}

function compare(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  return b === null || a < b ? -1 : 1;
}

/** What a preview says of each node, member and field, to tell which lines are others than before. */
export function linesOf(preview: Preview): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const plan of plansOf(preview)) {
    for (const node of [...plan.nodes, ...plan.unchanged])
      found.set(`node ${node.id}`, `${node.before} ${node.after} ${node.part} ${node.cancels ?? ""}`);
    for (const member of plan.members)
      found.set(`instance ${member.instance}`, `${member.status.join()} ${member.nodes}`);
    for (const field of [...plan.requested, ...plan.required, ...plan.associated])
      found.set(`field ${field.instance} ${field.name}`, `${field.status} ${field.reason}`);
    for (const node of plan.downstream) found.set(`outside ${node.id}`, `${node.status} ${node.sees}`);
    for (const each of plan.priorities) found.set(`priority ${each.instance} ${each.field}`, each.before);
    if (preview.plan === null) found.set(`instance ${plan.instance}`, "qualifies");
  }
  for (const skipped of preview.skipped) found.set(`instance ${skipped.instance}`, skipped.code);
  return found;
}

/** Names of lines that are new or say something else. */
export function changedLines(before: Preview, after: Preview): ReadonlySet<string> {
  const was = linesOf(before);
  return new Set([...linesOf(after)].filter(([name, text]) => was.get(name) !== text).map(([name]) => name));
}

/** Fractions of a common axis, from the first start to the last end. */
export function axisOf(spans: readonly { start: string | null; end: string | null }[], now: number) {
  const starts = spans.flatMap((span) => (span.start ? [Date.parse(span.start)] : []));
  const ends = spans.flatMap((span) => (span.end ? [Date.parse(span.end)] : []));
  const from = Math.min(now, ...starts);
  const to = Math.max(from + 2_000, ...ends);
  return {
    from,
    to,
    at: (time: string) => Math.min(1, Math.max(0, (Date.parse(time) - from) / (to - from))),
  };
}
