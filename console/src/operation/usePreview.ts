import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { api } from "../api/client";
import { bodyOf, type Choice, everythingOf, isDownstream, missing } from "./choice";
import type { OperationRequest } from "./open";
import { outcomeOf } from "./outcome";

/** Changes of options within this time are previewed together (ms). */
const REST_MS = 120;

/** What the server says would happen. Each change asks anew, and gives up the question before; what was shown stays until then. */
export function usePreview(request: OperationRequest & { id: number }, choice: Choice) {
  const lacks = missing(request, choice);
  const rested = useRested(choice);
  const body = useMemo(() => bodyOf(request, rested), [request, rested]);
  const found = useQuery({
    queryKey: ["preview", request.id, body],
    queryFn: ({ signal }) => api.post("/operations/preview", body, { signal }),
    enabled: missing(request, rested) === null,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });
  const preview = lacks === null ? found.data : undefined;
  const outcome = useMemo(() => outcomeOf(preview), [preview]);
  return {
    lacks,
    body,
    preview,
    outcome,
    error: lacks === null ? found.error : null,
    /** It is of other options than those chosen, or none yet. */
    isOld:
      lacks === null &&
      (rested !== choice || found.isPlaceholderData || found.isFetching || (found.data === undefined && !found.error)),
    at: found.dataUpdatedAt,
    refetch: found.refetch,
  };
}

/** Everything downstream, to choose members from: the server's answer to all of it. */
export function useDownstream(request: OperationRequest & { id: number }, choice: Choice) {
  const body = everythingOf(request, useRested(choice));
  return useQuery({
    queryKey: ["preview", request.id, "everything", body],
    queryFn: ({ signal }) => api.post("/operations/preview", body, { signal }),
    enabled: isDownstream(request.operation) && choice.scope === "CUSTOM" && choice.fields?.length !== 0,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    gcTime: 0,
  });
}

/** The value once it has rested. */
function useRested<T>(value: T): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), REST_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}
