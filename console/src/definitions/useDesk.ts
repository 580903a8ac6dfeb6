import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { api } from "../api/client";
import { keys } from "../api/keys";
import type { Schema } from "./completion";
import { type Drafts, editsOf } from "./drafts";

/** Texts are checked together when nobody has typed for this time (ms). */
const REST_MS = 400;

export function useFiles() {
  return useQuery({
    queryKey: keys.workspace("files"),
    queryFn: ({ signal }) => api.get("/workspace/files", { signal }),
    staleTime: 2_000,
    refetchOnWindowFocus: true,
    refetchInterval: 20_000,
  });
}

/** The text of a file under the etag that the list has. */
export function useFile(path: string, etag: string | undefined) {
  return useQuery({
    queryKey: keys.workspace("file", path, etag),
    queryFn: ({ signal }) => api.get("/workspace/file", { query: { path }, signal }),
    enabled: etag !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useSchema(): Schema | undefined {
  return useQuery({
    queryKey: keys.workspace("schema"),
    queryFn: ({ signal }) => api.get("/workspace/schema", { signal }) as Promise<Schema>,
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
}

/** What is wrong with the workspace as the drafts make it. An answer that nobody waits for any more is given up, here and on the server. */
export function useCheck(drafts: Drafts, stamp: string, enabled: boolean) {
  const rested = useRested(drafts);
  const edits = useMemo(() => editsOf(rested), [rested]);
  const query = useQuery({
    queryKey: keys.workspace("check", edits, stamp),
    queryFn: ({ signal }) => api.post("/workspace/files/check", { edits }, { signal }),
    enabled,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  return { ...query, isOld: rested !== drafts || query.isPlaceholderData || query.isFetching };
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
