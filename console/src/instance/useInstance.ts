import { useQuery } from "@tanstack/react-query";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";

export type Instance = Schemas["InstanceDetail"];

/** The id of an address, NaN when it is none. */
export function instanceId(text: string | undefined): number {
  return text !== undefined && /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
}

/** What stands at the head of the pages of an instance, kept up to date. */
export function useInstance(id: number) {
  return useQuery({
    queryKey: keys.instance(id),
    queryFn: ({ signal }) => api.get("/instances/{id}", { path: { id }, signal }),
    enabled: Number.isInteger(id),
  });
}

/** The materialization nodes of an instance; a script has one. */
export function useNodes(id: number) {
  return useQuery({
    queryKey: keys.instance(id, "nodes"),
    queryFn: ({ signal }) => api.get("/instances/{id}/nodes", { path: { id }, signal }),
  });
}

/** Whether code and logs may be seen. */
export function mayInspect(instance: Instance): boolean {
  return instance.may.includes("INSPECT");
}

export function isScript(instance: Instance): boolean {
  return instance.line.biz_type === "SCRIPT";
}
