/** What is chosen in the panel, and the request that it stands for. */
import type { Schemas } from "../api/client";
import type { OperationName, OperationRequest } from "./open";

export type Body = Schemas["OperationBody"];
export type Preview = Schemas["PreviewView"];
export type Plan = Schemas["PlanView"];
export type PlannedNode = Schemas["PlannedNodeView"];
export type Member = Schemas["MemberView"];

/** An instance downstream. `fields` null: all of it that depends on the start. */
export interface MemberChoice {
  instance: number;
  fields: readonly string[] | null;
}

export interface Choice {
  /** null: the entire table. */
  fields: readonly string[] | null;
  code: "CURRENT" | "AS_RAN";
  /** LEFT: the start stays as it is. */
  start: "NORMAL" | "DRY_RUN" | "LEFT";
  /** Of downstream operations and of setting to success; null where there is none. */
  scope: string | null;
  members: readonly MemberChoice[];
  excludeForbidden: boolean;
  upstream: readonly number[];
  priority: string | null;
  /** Forced downstream reruns are configured quickly (everything) or in all their parts. */
  quick: boolean;
}

const DOWNSTREAM: readonly OperationName[] = ["RERUN_DOWNSTREAM", "FORCE_RERUN_DOWNSTREAM"];
const WITH_CODE: readonly OperationName[] = [
  "RERUN",
  "RERUN_DOWNSTREAM",
  "FORCE_RERUN_CURRENT",
  "FORCE_RERUN_DOWNSTREAM",
  "RERUN_ALL_FAILED",
  "RERUN_ALL_FINAL",
  "FORCE_RERUN_ALL",
];
const BATCHES: readonly OperationName[] = ["RERUN_ALL_FAILED", "RERUN_ALL_FINAL", "FORCE_RERUN_ALL"];
const WHOLE: readonly OperationName[] = ["REMOVE_UPSTREAM", "MODIFY_PRIORITY"];

export function isBatch(request: Pick<OperationRequest, "operation" | "targets">): boolean {
  return request.targets.length > 1 || BATCHES.includes(request.operation);
}

export function isDownstream(operation: OperationName): boolean {
  return DOWNSTREAM.includes(operation);
}

export function isForced(operation: OperationName): boolean {
  return operation.startsWith("FORCE_");
}

export function hasCode(operation: OperationName): boolean {
  return WITH_CODE.includes(operation);
}

/** Operations of which fields of a table can be chosen. */
export function takesFields(request: Pick<OperationRequest, "operation" | "targets">): boolean {
  return !isBatch(request) && !WHOLE.includes(request.operation);
}

/** Whether there is anything to choose beside the objects themselves. */
export function hasOptions(request: Pick<OperationRequest, "operation" | "targets">, isTable: boolean): boolean {
  const { operation } = request;
  return operation === "MODIFY_PRIORITY" || hasCode(operation) || (isTable && takesFields(request));
}

export function firstChoice(request: OperationRequest): Choice {
  const { operation, targets, options } = request;
  const fields = takesFields(request) ? (targets[0]?.fields ?? null) : null;
  let scope: string | null = null;
  if (operation === "RERUN_DOWNSTREAM") scope = "ALL_FAILED_INSTANCE";
  else if (operation === "FORCE_RERUN_DOWNSTREAM") scope = "ALL_INSTANCE";
  else if (operation === "SET_SUCCESS") scope = fields ? "CUSTOM" : "FAILED_AND_NOT_RUN_FIELDS";
  return {
    fields,
    code: options?.code === "AS_RAN" ? "AS_RAN" : "CURRENT",
    start: options?.include_start === false ? "LEFT" : options?.start_mode === "DRY_RUN" ? "DRY_RUN" : "NORMAL",
    scope: options?.scope ?? scope,
    members: options?.members?.map(({ instance, fields }) => ({ instance, fields: fields ?? null })) ?? [],
    excludeForbidden: options?.exclude_forbidden ?? false,
    upstream: options?.upstream ?? [],
    priority: options?.priority ?? null,
    quick: operation === "FORCE_RERUN_DOWNSTREAM" && fields === null && !options?.scope,
  };
}

/** Why there is nothing to preview yet, or null. */
export type Missing = "fields" | "members" | "upstream" | "priority";

export function missing(request: OperationRequest, choice: Choice): Missing | null {
  const { operation } = request;
  if (takesFields(request) && choice.fields !== null && choice.fields.length === 0) return "fields";
  if (operation === "SET_SUCCESS" && !isBatch(request) && choice.scope === "CUSTOM" && choice.fields === null)
    return "fields";
  if (isDownstream(operation) && choice.scope === "CUSTOM" && choice.members.length === 0) return "members";
  if (operation === "REMOVE_UPSTREAM" && choice.upstream.length === 0) return "upstream";
  if (operation === "MODIFY_PRIORITY" && choice.priority === null) return "priority";
  return null;
}

const NOTHING_CHOSEN: Schemas["OptionsBody"] = {
  code: null,
  exclude_forbidden: null,
  include_start: null,
  members: null,
  priority: null,
  scope: null,
  start_mode: null,
  upstream: null,
};
/** Entries of each list of a preview; of a batch, instances. */
const SHOWN = 1000;
/** Instances downstream to choose from, as many as a request can name. */
const CHOICES = 10_000;

/** The request whose preview lists everything downstream, to choose from. */
export function everythingOf(request: OperationRequest, choice: Choice): Body {
  return { ...bodyOf(request, { ...choice, scope: "ALL_INSTANCE", members: [] }), limit: CHOICES };
}

/** The request of preview and, with its digest, of apply. */
export function bodyOf(request: OperationRequest, choice: Choice): Body {
  const { operation, targets, perspective } = request;
  const options: Schemas["OptionsBody"] = { ...NOTHING_CHOSEN };
  if (hasCode(operation) && choice.code !== "CURRENT") options.code = choice.code;
  if (isDownstream(operation)) {
    if (choice.start === "LEFT") options.include_start = false;
    else options.start_mode = choice.start;
    options.scope = choice.scope;
    if (choice.scope === "CUSTOM")
      options.members = choice.members.map(({ instance, fields }) => ({ instance, fields: fields && [...fields] }));
    if (choice.excludeForbidden) options.exclude_forbidden = true;
  }
  if (operation === "SET_SUCCESS") options.scope = choice.scope;
  if (operation === "REMOVE_UPSTREAM") options.upstream = [...choice.upstream];
  if (operation === "MODIFY_PRIORITY") options.priority = choice.priority;
  const fields = takesFields(request) && choice.fields !== null ? [...choice.fields] : undefined;
  return {
    operation,
    targets: targets.map(({ instance }) => ({ instance, fields: fields ?? null })),
    options,
    perspective,
    digest: "",
    selection: "",
    environment: "PROD",
    bizdates: [],
    limit: SHOWN,
  };
}
