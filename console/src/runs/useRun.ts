import { useQuery } from "@tanstack/react-query";
import { api } from "../api/client";
import { keys } from "../api/keys";
import { askAgain } from "./run";

/** A task instance, asked for again while it runs. */
export function useRun(project: string, id: string, enabled = true) {
  return useQuery({
    queryKey: keys.runs(project, id),
    queryFn: ({ signal }) => api.get("/runs/{project}/{id}", { path: { project, id }, signal }),
    refetchInterval: (query) => askAgain(query.state.data),
    enabled,
  });
}

/** Projects of the warehouse, of which the address chooses one. */
export function useRunProjects() {
  return useQuery({
    queryKey: keys.runs("projects"),
    queryFn: ({ signal }) => api.get("/runs/projects", { signal }),
  });
}
