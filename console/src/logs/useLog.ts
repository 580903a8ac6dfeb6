import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api } from "../api/client";
import { keys } from "../api/keys";
import { WINDOW, windowsFor } from "./lines";

const END = 500;
const POLL_MS = 1000;

/** The end of a log and what is known about the whole; asked for again while it is written. */
export function useLogEnd(node: number, serial: number, limit = END) {
  return useQuery({
    queryKey: keys.node(node, "log", serial, "end", limit),
    queryFn: ({ signal }) =>
      api.get("/node-instances/{id}/runs/{serial}/lines", {
        path: { id: node, serial },
        query: { line: -limit, limit },
        signal,
      }),
    refetchInterval: ({ state }) => (state.data?.live ? POLL_MS : false),
  });
}

type End = NonNullable<ReturnType<typeof useLogEnd>["data"]>;

/** Lines of the log by their numbers from 0, read where they are looked at; undefined until they are there. */
export function useLines(
  node: number,
  serial: number,
  end: End,
  first: number,
  last: number,
): (at: number) => string | undefined {
  const wanted = windowsFor(first, last, end.lines, end.items.length);
  const windows = useQueries({
    queries: wanted.map((at) => {
      // A window that was read before it was full is read again.
      const whole = Math.min(WINDOW, end.lines - at * WINDOW);
      return {
        queryKey: keys.node(node, "log", serial, "window", at, whole, end.left_out),
        queryFn: ({ signal }: { signal: AbortSignal }) =>
          api.get("/node-instances/{id}/runs/{serial}/lines", {
            path: { id: node, serial },
            query: { line: at * WINDOW + 1, limit: WINDOW },
            signal,
          }),
        staleTime: Number.POSITIVE_INFINITY,
      };
    }),
    combine: (results) => ({
      read: new Map(
        results.flatMap(({ data }) => (data ? [[Math.floor(data.line / WINDOW), data.items] as const] : [])),
      ),
      stamp: results.map((each) => each.dataUpdatedAt).join(),
    }),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stamp says when windows change
  return useMemo(() => {
    const begin = end.line - 1;
    return (at: number) =>
      at >= begin ? end.items[at - begin] : windows.read.get(Math.floor(at / WINDOW))?.[at % WINDOW];
  }, [end, windows.stamp]);
}

/** Which lines have a text, by their numbers from 1; asked for again as the log grows. */
export function useMatches(node: number, serial: number, text: string, lines: number) {
  return useQuery({
    queryKey: keys.node(node, "log", serial, "matches", text, lines),
    queryFn: ({ signal }) =>
      api.get("/node-instances/{id}/runs/{serial}/matches", { path: { id: node, serial }, query: { text }, signal }),
    enabled: text !== "",
    placeholderData: text === "" ? undefined : keepPreviousData,
  });
}
