import { defaultRangeExtractor, useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, type Ref, useEffect, useImperativeHandle, useMemo, useRef } from "react";
import { classes } from "../ui/classes";

export interface Row {
  key: string;
  /** A heading of what follows; it stays on top until the next one. */
  isHead?: boolean;
  /** Before it was measured. */
  height?: number;
  className?: string;
  draw: () => ReactNode;
}

export interface RowsHandle {
  scrollTo: (key: string) => void;
}

/** A list under headings of which only what is in view exists. */
export function Rows({
  label,
  rows,
  ref,
  className,
  /** Nothing in it takes the focus, so that the list itself must. */
  isPlain = false,
}: {
  label: string;
  rows: readonly Row[];
  ref?: Ref<RowsHandle>;
  className?: string;
  isPlain?: boolean;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const heads = useMemo(() => rows.flatMap((row, index) => (row.isHead ? [index] : [])), [rows]);
  const pinned = useRef(-1);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => rows[index]?.height ?? (rows[index]?.isHead ? 29 : 33),
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 10,
    scrollPaddingStart: 30,
    rangeExtractor: (range) => {
      pinned.current = heads.findLast((index) => index <= range.startIndex) ?? -1;
      const found = defaultRangeExtractor(range);
      return pinned.current >= 0 && pinned.current < (found[0] ?? 0) ? [pinned.current, ...found] : found;
    },
  });
  useImperativeHandle(ref, () => ({
    scrollTo: (key) => {
      const index = rows.findIndex((row) => row.key === key);
      if (index >= 0) virtual.scrollToIndex(index, { align: "auto" });
    },
  }));
  const size = virtual.getTotalSize();
  // A shorter list is looked at from where it still is.
  useEffect(() => {
    const element = scroller.current;
    if (element && element.scrollTop > size) element.scrollTop = 0;
  }, [size]);
  return (
    <div className={classes("fields-list", className)} ref={scroller} tabIndex={isPlain ? 0 : undefined}>
      <ul style={{ height: size }} aria-label={label}>
        {virtual.getVirtualItems().map(({ index, start, key }) => {
          const row = rows[index];
          const isPinned = index === pinned.current;
          return (
            row && (
              <li
                key={key}
                data-index={index}
                ref={virtual.measureElement}
                aria-setsize={rows.length}
                aria-posinset={index + 1}
                className={classes(row.isHead && "group-head", row.className, isPinned && "pinned")}
                style={isPinned ? undefined : { transform: `translateY(${start}px)` }}
              >
                {row.draw()}
              </li>
            )
          );
        })}
      </ul>
    </div>
  );
}
