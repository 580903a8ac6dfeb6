import { keepPreviousData, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import type { ListQuery } from "./filters";

export type Line = Schemas["InstanceLine"];
type Page = Schemas["InstancePage"];

export const WINDOW = 200;
/** Lines read at once where all are wanted. */
const STRIDE = 1000;
/** The most that one batch takes. */
export const MOST_SELECTED = 10_000;

/** Numbers of the windows that have rows between `first` and `last`, of a list of `count` rows (undefined: not known yet). */
export function windowsOf(first: number, last: number, count: number | undefined): number[] {
  const end = count === undefined ? last : Math.min(last, count - 1);
  const from = Math.max(0, Math.floor(Math.min(first, end) / WINDOW));
  const to = Math.max(from, Math.floor(end / WINDOW));
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

/** While the list is scrolled it is looked this often which rows are in view (ms). */
const VIEW_MS = 120;
/** Rows looked at beyond those in view. */
const AHEAD = 60;

export function useCounts(filters: ListQuery, enabled = true) {
  return useQuery({
    queryKey: keys.instances("counts", filters),
    queryFn: ({ signal }) => api.get("/instances/counts", { query: filters, signal }),
    placeholderData: keepPreviousData,
    enabled,
  });
}

/** The list by windows: those in view are read, and read again when something changes; others are kept for a while. */
export function useWindows(query: ListQuery, total: number | undefined) {
  const name = JSON.stringify(query);
  const [view, setView] = useState({ first: 0, last: 40 });
  const looking = useRef({ first: 0, last: 40, timer: undefined as ReturnType<typeof setTimeout> | undefined });
  const onView = useCallback((first: number, last: number) => {
    const its = looking.current;
    its.first = first;
    its.last = last;
    its.timer ??= setTimeout(() => {
      its.timer = undefined;
      setView((now) => (now.first === its.first && now.last === its.last ? now : { first: its.first, last: its.last }));
    }, VIEW_MS);
  }, []);
  useEffect(() => () => clearTimeout(looking.current.timer), []);
  const client = useQueryClient();
  const keyOf = useCallback((number: number) => keys.instances("page", name, number), [name]);
  const numbers = windowsOf(view.first - AHEAD, view.last + AHEAD, total);
  const results = useQueries({
    queries: numbers.map((number) => ({
      queryKey: keyOf(number),
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get("/instances", { query: { ...query, skip: number * WINDOW, limit: WINDOW }, signal }),
    })),
  });

  const stamp = results.map((result) => result.dataUpdatedAt).join();
  const around = numbers.join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: read anew when an answer arrives, and where others are in view
  const rowAt = useMemo(() => {
    const pages = new Map<number, readonly Line[] | undefined>();
    return (index: number): Line | undefined => {
      const number = Math.floor(index / WINDOW);
      if (!pages.has(number)) pages.set(number, client.getQueryData<Page>(keyOf(number))?.items);
      return pages.get(number)?.[index - number * WINDOW];
    };
  }, [client, keyOf, stamp, around]);
  let loaded = 0;
  let end: number | undefined;
  numbers.forEach((number, at) => {
    const page = results[at]?.data;
    if (page === undefined) return;
    const reach = number * WINDOW + page.items.length;
    if (page.items.length > 0 || number === 0) loaded = Math.max(loaded, reach);
    if (!page.next_marker && (page.items.length > 0 || number === 0)) end = reach;
  });
  const failed = results.find((result) => result.error);
  const isNothing = loaded === 0 && failed !== undefined;
  const count = end ?? (isNothing ? 0 : Math.max(loaded, total ?? (loaded || 12)));
  return {
    count,
    rowAt,
    onView,
    view,
    loaded,
    /** Every row is there. */
    isWhole: end !== undefined && numbers[0] === 0,
    isPending: results.some((result, at) => numbers[at] === 0 && result.isPending),
    isFetching: results.some((result) => result.isFetching),
    error: failed?.error ?? null,
    updatedAt: Math.max(0, ...results.map((result) => result.dataUpdatedAt)),
    retry: () => void client.invalidateQueries({ queryKey: keys.instances() }),
  };
}

/** All lines that match, up to the most that can be selected. */
export async function everyLine(query: ListQuery): Promise<Line[]> {
  const found: Line[] = [];
  let marker = "";
  do {
    const page = await api.get("/instances", { query: { ...query, marker, limit: STRIDE } });
    found.push(...page.items);
    marker = page.next_marker ?? "";
  } while (marker !== "" && found.length < MOST_SELECTED);
  return found;
}
