import type { ReactNode } from "react";

export interface Column<Row> {
  key: string;
  head: ReactNode;
  /** Pixels. The column named by `grow` of the table takes what is left. */
  width: number;
  /** Pixels below which the user cannot make it. */
  least?: number;
  align?: "right";
  /** Stays in view when the table is scrolled sideways. Pinned columns come first (left) or last (right). */
  pin?: "left" | "right";
  /** The server's name of this order; without it the column cannot be sorted by. */
  sort?: string;
  className?: string;
  cell: (row: Row, index: number) => ReactNode;
}

export interface Sort {
  name: string;
  order: "asc" | "desc";
}

/** Where pinned columns stick: pixels from the edge, and which one is the last of its edge. */
export function pins(
  columns: readonly { key: string; width: number; pin?: "left" | "right" }[],
): Map<string, { at: number; edge: boolean }> {
  const found = new Map<string, { at: number; edge: boolean }>();
  const left = columns.filter((column) => column.pin === "left");
  const right = columns.filter((column) => column.pin === "right").reverse();
  for (const side of [left, right]) {
    let at = 0;
    side.forEach((column, place) => {
      found.set(column.key, { at, edge: place === side.length - 1 });
      at += column.width;
    });
  }
  return found;
}

/** The order after a click on a head: the other way round when it is the present one, descending when it is new. */
export function turned(now: Sort | null, name: string, first: "asc" | "desc" = "desc"): Sort {
  if (now?.name !== name) return { name, order: first };
  return { name, order: now.order === "asc" ? "desc" : "asc" };
}
