import { useQuery } from "@tanstack/react-query";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import type { Offered } from "../instance/operationEntries";
import { useInstance } from "../instance/useInstance";
import type { DagInstance, NodeLine } from "./instanceGraph";

/** What the server offers on an instance, or on the fields of one of its nodes; undefined until it has said so. */
export function useOffers(instance: DagInstance, line: NodeLine | undefined): Offered | undefined {
  const { data: detail } = useInstance(instance.id);
  const ofFields = line !== undefined && instance.biz_type !== "SCRIPT";
  const { data: fields } = useQuery({
    queryKey: keys.instance(instance.id, "fields"),
    queryFn: ({ signal }) => api.get("/instances/{id}/fields", { path: { id: instance.id }, signal }),
    enabled: ofFields,
  });
  if (!ofFields) return detail?.operations;
  const own = fields?.items.filter((field) => line.fields.includes(field.name));
  if (!own) return undefined;
  return own.length > 0 ? together(own.map((field) => field.operations)) : detail?.operations;
}

/** An operation on several fields is open when it is open on one of them; otherwise the first says why not. */
function together(all: readonly Offered[]): Record<string, Schemas["OfferView"]> {
  const found: Record<string, Schemas["OfferView"]> = {};
  for (const offers of all)
    for (const [name, offer] of Object.entries(offers))
      if (!found[name] || (!found[name].open && offer.open)) found[name] = offer;
  return found;
}
