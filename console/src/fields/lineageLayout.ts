/** Where the cards of a lineage stand: columns from left to right, each centred on the tallest. */

export const CARD = { width: 176, height: 52, gap: 16 } as const;
export const HEADING = 28;
const MARGIN = 24;
const TOP = 56;
const LEAST_GAP = 28;
const MOST_GAP = 160;

export interface Item {
  key: string;
  height: number;
}

export interface Place {
  x: number;
  y: number;
}

export interface Layout {
  places: ReadonlyMap<string, Place>;
  /** Of each column its left edge. */
  columns: readonly number[];
  width: number;
  height: number;
}

/** `room`: the width that there is; more is taken when it is not enough. */
export function placed(columns: readonly (readonly Item[])[], room: number): Layout {
  const between = columns.length - 1;
  const spare = between > 0 ? (room - 2 * MARGIN - columns.length * CARD.width) / between : 0;
  const gap = Math.round(Math.min(MOST_GAP, Math.max(LEAST_GAP, spare)));
  const heights = columns.map((items) => items.reduce((sum, item) => sum + item.height + CARD.gap, -CARD.gap));
  const tallest = Math.max(0, ...heights);
  const places = new Map<string, Place>();
  const edges = columns.map((_, at) => MARGIN + at * (CARD.width + gap));
  columns.forEach((items, at) => {
    let y = TOP + Math.round((tallest - (heights[at] ?? 0)) / 2);
    for (const item of items) {
      places.set(item.key, { x: edges[at] ?? 0, y });
      y += item.height + CARD.gap;
    }
  });
  return {
    places,
    columns: edges,
    width: (edges[between] ?? MARGIN) + CARD.width + MARGIN,
    height: TOP + tallest + MARGIN,
  };
}

/** The line from the right edge of one card to the left edge of another. */
export function curve(from: Place, to: Place): string {
  const x1 = from.x + CARD.width;
  const y1 = from.y + CARD.height / 2;
  const x2 = to.x;
  const y2 = to.y + CARD.height / 2;
  const bend = Math.max(20, (x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
