import { useCallback, useState } from "react";

/** Which columns of a list are hidden, and how wide the user made some: kept in this browser, for each user and list. */
export interface Layout {
  hidden: ReadonlySet<string>;
  widths: Readonly<Record<string, number>>;
}

interface Kept {
  hidden?: string[];
  widths?: Record<string, number>;
}

export function readLayout(text: string | null, hiddenAtFirst: readonly string[]): Layout {
  let kept: Kept = {};
  try {
    kept = (JSON.parse(text ?? "{}") as Kept | null) ?? {};
  } catch {
    // What is not ours any more is as nothing.
  }
  const widths = Object.entries(kept.widths ?? {}).filter(([, width]) => Number.isFinite(width) && width > 0);
  return { hidden: new Set(kept.hidden ?? hiddenAtFirst), widths: Object.fromEntries(widths) };
}

export function useLayout(user: string, list: string, hiddenAtFirst: readonly string[]) {
  const name = `taskhouse.list.${user}.${list}`;
  const [held, setHeld] = useState(() => ({ name, layout: readLayout(localStorage.getItem(name), hiddenAtFirst) }));
  const layout = held.name === name ? held.layout : readLayout(localStorage.getItem(name), hiddenAtFirst);
  if (held.name !== name) setHeld({ name, layout });
  const keep = useCallback(
    (next: Layout) => {
      localStorage.setItem(name, JSON.stringify({ hidden: [...next.hidden], widths: next.widths }));
      setHeld({ name, layout: next });
    },
    [name],
  );
  const toggle = (key: string) => {
    const hidden = new Set(layout.hidden);
    if (!hidden.delete(key)) hidden.add(key);
    keep({ ...layout, hidden });
  };
  /** `width` null: as wide as its contents need. */
  const resize = useCallback(
    (key: string, width: number | null) => {
      const { [key]: _, ...others } = layout.widths;
      keep({ ...layout, widths: width === null ? others : { ...others, [key]: width } });
    },
    [layout, keep],
  );
  return { ...layout, toggle, resize, reset: () => keep(readLayout(null, hiddenAtFirst)) };
}
