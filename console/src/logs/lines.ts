/** Whether a view that is scrolled to `top` shows the end; a little off is the end still. */
export function atEnd(top: number, height: number, whole: number): boolean {
  return whole - height - top < 24;
}

/** Lines are read by windows of so many. */
export const WINDOW = 1000;

/** Which windows hold the lines from `first` to `last` (from 0) that are not among the `known` last ones of all `lines`. */
export function windowsFor(first: number, last: number, lines: number, known: number): number[] {
  const end = Math.min(last, lines - known - 1);
  const found: number[] = [];
  if (first > end) return found;
  for (let at = Math.floor(first / WINDOW); at * WINDOW <= end; at += 1) found.push(at);
  return found;
}

/** A line in parts; every second one has the text that is looked for, whatever its case. */
export function parted(line: string, wanted: string): string[] {
  if (wanted === "") return [line];
  const low = line.toLowerCase();
  const text = wanted.toLowerCase();
  // A letter whose small form is longer would move the places.
  if (low.length !== line.length) return [line];
  const parts: string[] = [];
  let at = 0;
  for (let next = low.indexOf(text); next >= 0; next = low.indexOf(text, at)) {
    parts.push(line.slice(at, next), line.slice(next, next + text.length));
    at = next + text.length;
  }
  parts.push(line.slice(at));
  return parts;
}
