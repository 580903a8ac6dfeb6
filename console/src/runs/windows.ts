/** Rows that are read at a time. */
export const WINDOW = 200;

/** Beginnings of the windows that rows in view lie in, with one more on each side; the first is always there and is left out. */
export function windowsIn(first: number, last: number, total: number): number[] {
  const found: number[] = [];
  const from = Math.max(0, Math.floor(first / WINDOW) - 1);
  const to = Math.min(Math.floor(Math.max(0, total - 1) / WINDOW), Math.floor(Math.max(first, last) / WINDOW) + 1);
  for (let at = from; at <= to; at += 1) if (at > 0) found.push(at * WINDOW);
  return found;
}

/** Pixels of a column whose head and first values have so many characters. */
export function columnWidth(head: number, values: readonly number[]): number {
  const widest = Math.max(head, ...values);
  return Math.min(420, Math.max(80, widest * 7.4 + 28));
}
