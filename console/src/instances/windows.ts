import { keepPreviousData, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import type { ListQuery } from "./filters";

export type Line = Schemas["InstanceLine"];
type Page = Schemas["InstancePage"];

export const WINDOW = 200;
/** Lines read at once on the way to a far place. */
const STRIDE = 1000;
/** The most that one batch takes. */
export const MOST_SELECTED = 10_000;

/** A stretch of the list, found by the marker of the one before. */
export interface Stretch {
  start: number;
  limit: number;
  marker: string;
}

export const FIRST: Stretch = { start: 0, limit: WINDOW, marker: "" };

/** The stretches with what follows `at` set right, after it was read: it has `size` lines and the next begins at `marker`. */
export function chained(
  stretches: readonly Stretch[],
  at: number,
  size: number,
  marker: string,
  limit: number,
): readonly Stretch[] {
  const own = stretches[at];
  if (own === undefined) return stretches;
  const next = stretches[at + 1];
  if (marker === "") return next === undefined ? stretches : stretches.slice(0, at + 1);
  const start = own.start + size;
  if (next?.marker === marker && next.start === start) return stretches;
  return [...stretches.slice(0, at + 1), { start, limit, marker }];
}

/** Places of the stretches that have rows between `first` and `last`, and of the last one when rows behind it are in view. */
export function seen(stretches: readonly Stretch[], first: number, last: number): number[] {
  const found: number[] = [];
  stretches.forEach((stretch, at) => {
    const isTail = at === stretches.length - 1;
    const end = isTail ? Number.POSITIVE_INFINITY : (stretches[at + 1]?.start ?? 0);
    if (stretch.start <= last && end > first) found.push(at);
  });
  return found.length > 0 ? found : [0];
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

/** The list by stretches: those in view are read, and read again when something changes; others are kept. */
export function useWindows(query: ListQuery, total: number | undefined) {
  const name = JSON.stringify(query);
  const [kept, setKept] = useState<{ name: string; stretches: readonly Stretch[] }>({ name, stretches: [FIRST] });
  const stretches = kept.name === name ? kept.stretches : [FIRST];
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
  const keyOf = useCallback((stretch: Stretch) => keys.instances("page", name, stretch.marker, stretch.limit), [name]);
  const places = seen(stretches, Math.max(0, view.first - AHEAD), view.last + AHEAD);
  const results = useQueries({
    queries: places.map((at) => {
      const stretch = stretches[at] ?? FIRST;
      return {
        queryKey: keyOf(stretch),
        queryFn: ({ signal }: { signal: AbortSignal }) =>
          api.get("/instances", { query: { ...query, marker: stretch.marker, limit: stretch.limit }, signal }),
      };
    }),
  });
  useEffect(() => {
    let next = stretches;
    places.forEach((at, place) => {
      const page = results[place]?.data;
      if (page === undefined) return;
      const reach = (stretches[at]?.start ?? 0) + page.items.length;
      next = chained(next, at, page.items.length, page.next_marker ?? "", view.last - reach > STRIDE ? STRIDE : WINDOW);
    });
    if (next !== stretches || kept.name !== name) setKept({ name, stretches: next });
  });

  const stamp = results.map((result) => result.dataUpdatedAt).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: read anew when an answer arrives
  const pages = useMemo(
    () => stretches.map((stretch) => client.getQueryData<Page>(keyOf(stretch))),
    [stretches, client, keyOf, stamp],
  );
  const loaded = stretches.reduce(
    (most, stretch, at) => Math.max(most, stretch.start + (pages[at]?.items.length ?? 0)),
    0,
  );
  const isWhole = pages[stretches.length - 1] !== undefined && (pages[stretches.length - 1]?.next_marker ?? "") === "";
  const first = results[places.indexOf(0)];
  const failed = results.find((result) => result.error);
  const isNothing = loaded === 0 && failed !== undefined;
  const count = isWhole || isNothing ? loaded : Math.max(loaded, total ?? (loaded || 12));
  const rowAt = useCallback(
    (index: number): Line | undefined => {
      for (let at = stretches.length - 1; at >= 0; at -= 1) {
        const stretch = stretches[at];
        if (stretch && stretch.start <= index) return pages[at]?.items[index - stretch.start];
      }
      return undefined;
    },
    [stretches, pages],
  );
  return {
    count,
    rowAt,
    onView,
    view,
    loaded,
    isWhole,
    isPending: first?.isPending ?? false,
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
