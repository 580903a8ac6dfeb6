import { useQuery } from "@tanstack/react-query";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { type Environment, useEnvironment } from "../app/url";

export type Task = Schemas["TaskDetail"];
export type TaskLine = Schemas["TaskLine"];

export function useTask(id: string) {
  const environment = useEnvironment();
  return useQuery({
    queryKey: keys.tasks(environment, id),
    queryFn: ({ signal }) => api.get("/tasks/{task}", { path: { task: id }, query: { environment }, signal }),
  });
}

export function useProjects() {
  return useQuery({ queryKey: keys.projects(), queryFn: ({ signal }) => api.get("/projects", { signal }) });
}

export function taskPath(id: string, page: "" | "dag" | "versions" | "edit" = ""): string {
  return `/tasks/${encodeURIComponent(id)}${page && `/${page}`}`;
}

/** Why a link to a node of the other environment, or to its definition, does not apply; null when it does. */
export type LinkRefusal = "basicOnly" | "devProdOnly" | "isProduction" | null;

/** Which of the three links of a task apply, by the mode of its project. */
export function linksOf(
  mode: string | undefined,
  environment: Environment,
): Record<"production" | "development" | "edit", LinkRefusal> {
  const isDevProd = mode === "DEV_PROD";
  const devProd: LinkRefusal = mode === undefined || isDevProd ? null : "devProdOnly";
  return {
    production: devProd ?? (isDevProd && environment === "PROD" ? "isProduction" : null),
    development: devProd,
    edit: isDevProd ? "basicOnly" : null,
  };
}
