import { useCallback, useEffect, useRef, useState } from "react";
import type { ListQuery } from "./filters";
import { everyLine, type Line } from "./windows";

/** The instances chosen in a list; another list begins without any. `select` with `range` takes all from the one chosen before. */
export function useSelection(listName: string, rowAt: (index: number) => Line | undefined) {
  const [selected, setSelected] = useState<ReadonlyMap<number, Line>>(new Map());
  const [isSelecting, setSelecting] = useState(false);
  const anchor = useRef(-1);
  const rows = useRef(rowAt);
  rows.current = rowAt;
  const clear = useCallback(() => {
    anchor.current = -1;
    setSelected((now) => (now.size === 0 ? now : new Map()));
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was chosen in another list is not seen any more
  useEffect(clear, [listName]);
  const select = useCallback((line: Line, index: number, range: boolean) => {
    const from = range && anchor.current >= 0 ? anchor.current : index;
    anchor.current = index;
    setSelected((now) => {
      const next = new Map(now);
      if (from === index) {
        if (!next.delete(line.id)) next.set(line.id, line);
        return next;
      }
      for (let at = Math.min(from, index); at <= Math.max(from, index); at += 1) {
        const row = rows.current(at);
        if (row) next.set(row.id, row);
      }
      return next;
    });
  }, []);
  const selectEvery = useCallback(async (query: ListQuery) => {
    setSelecting(true);
    try {
      const lines = await everyLine(query);
      setSelected(new Map(lines.map((line) => [line.id, line])));
    } finally {
      setSelecting(false);
    }
  }, []);
  return { selected, select, selectEvery, clear, isSelecting };
}
