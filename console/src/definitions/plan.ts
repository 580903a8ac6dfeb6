import type { Schemas } from "../api/client";

export type Plan = Schemas["WorkspacePlanView"];
export type TaskChange = Schemas["TaskChangeView"];

/** Tasks, projects and the tenant: what the confirmation counts. */
export function changesIn(plan: Plan): number {
  return plan.tasks.length + plan.projects.length + (plan.tenant.length > 0 ? 1 : 0);
}

/** What is to be said about instances and data. */
export function consequencesOf(plan: Plan) {
  return {
    adds: plan.tasks.some((task) => task.change === "ADDED"),
    changes: plan.tasks.some((task) => task.change === "CHANGED"),
    retires: plan.tasks.some((task) => task.change === "REMOVED"),
    rebuilds: plan.tasks.some((task) => task.change === "CHANGED" && task.strategy_after !== task.strategy_before),
  };
}

/** `version 3` of the first task that is published has what changed. */
export function firstPublished(plan: Plan): string | undefined {
  return plan.tasks.find((task) => task.change !== "REMOVED")?.id;
}
