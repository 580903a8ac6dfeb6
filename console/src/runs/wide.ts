/** Of many columns only those in view exist, with two that stand for the others: a table of a thousand columns scrolls like one of ten. */

const FEW = 40;
/** Pixels that are drawn beyond either edge, and by which the view moves on. */
const STEP = 600;

/** A scroll position as coarse as what is drawn depends on it. */
export function stepOf(pixels: number): number {
  return Math.floor(pixels / STEP) * STEP;
}

export interface Drawn {
  /** Columns `from` to before `to`. */
  from: number;
  to: number;
  /** Pixels of the columns before and after. */
  before: number;
  after: number;
}

/** Which columns are drawn when the table is scrolled to `left` and shows `room` pixels. */
export function drawnColumns(widths: readonly number[], left: number, room: number): Drawn {
  if (widths.length <= FEW) return { from: 0, to: widths.length, before: 0, after: 0 };
  const found: Drawn = { from: widths.length, to: 0, before: 0, after: 0 };
  const start = stepOf(left) - STEP;
  const end = stepOf(left) + room + 2 * STEP;
  let at = 0;
  widths.forEach((width, index) => {
    if (at + width <= start) found.before += width;
    else if (at >= end) found.after += width;
    else {
      found.from = Math.min(found.from, index);
      found.to = index + 1;
    }
    at += width;
  });
  return found;
}
