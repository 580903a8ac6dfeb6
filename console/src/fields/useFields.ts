import { useQuery } from "@tanstack/react-query";
import { api } from "../api/client";
import { keys } from "../api/keys";

/** The fields of an instance with their statuses and operations. */
export function useFields(instance: number) {
  return useQuery({
    queryKey: keys.instance(instance, "fields"),
    queryFn: ({ signal }) => api.get("/instances/{id}/fields", { path: { id: instance }, signal }),
  });
}

/** How many associated fields a rerun of these would take along, as the server says. */
export function useAssociated(instance: number, fields: readonly string[]) {
  return useQuery({
    queryKey: keys.instance(instance, "associated", [...fields].sort()),
    queryFn: async ({ signal }) => {
      const preview = await api.post(
        "/operations/preview",
        { operation: "RERUN", targets: [{ instance, fields: [...fields] }], limit: 1, perspective: "FIELD" },
        { signal },
      );
      return preview.accepted ? (preview.plan?.totals.associated ?? 0) + (preview.plan?.totals.required ?? 0) : null;
    },
    enabled: fields.length > 0,
  });
}
