/** Lines that two texts have in common and those that only one has. */
export interface DiffLine {
  kind: "same" | "out" | "in";
  text: string;
  /** 1-based, of the text that has the line; of the second for common ones. */
  line: number;
}

/** More differing lines than this are not paired: all go out, all come in. */
const MOST = 2000;

/** The shortest way from one text to the other (Myers). */
export function lineDiff(before: string, after: string): DiffLine[] {
  const a = before.split("\n");
  const b = after.split("\n");
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const middle = paired(a.slice(start, a.length - end), b.slice(start, b.length - end), start);
  const same = (text: string, line: number): DiffLine => ({ kind: "same", text, line });
  return [
    ...b.slice(0, start).map((text, at) => same(text, at + 1)),
    ...middle,
    ...b.slice(b.length - end).map((text, at) => same(text, b.length - end + at + 1)),
  ];
}

function paired(a: string[], b: string[], start: number): DiffLine[] {
  const out = (at: number): DiffLine => ({ kind: "out", text: a[at] as string, line: start + at + 1 });
  const into = (at: number): DiffLine => ({ kind: "in", text: b[at] as string, line: start + at + 1 });
  const steps = shortest(a, b);
  if (!steps) return [...a.map((_, at) => out(at)), ...b.map((_, at) => into(at))];
  const found: DiffLine[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = steps.length - 1; d >= 0; d--) {
    const reach = steps[d] as Map<number, number>;
    const k = x - y;
    const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
    const from = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : (reach.get(from) ?? 0);
    const fromY = d === 0 ? 0 : fromX - from;
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      found.push({ kind: "same", text: b[y] as string, line: start + y + 1 });
    }
    if (d === 0) break;
    if (down) {
      y -= 1;
      found.push(into(y));
    } else {
      x -= 1;
      found.push(out(x));
    }
  }
  return found.reverse();
}

/** Of each number of differences how far each diagonal reached before it; null for too many. */
function shortest(a: string[], b: string[]): Map<number, number>[] | null {
  const steps: Map<number, number>[] = [];
  const reach = new Map<number, number>([[1, 0]]);
  for (let d = 0; d <= Math.min(a.length + b.length, MOST); d++) {
    steps.push(new Map(reach));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
      let x = down ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x += 1;
        y += 1;
      }
      reach.set(k, x);
      if (x >= a.length && y >= b.length) return steps;
    }
  }
  return null;
}

export interface Hunk {
  /** Common lines that are left out before it. */
  skipped: number;
  lines: DiffLine[];
}

/** The differing lines with some around them. */
export function hunks(lines: readonly DiffLine[], around = 3): Hunk[] {
  const near = lines.map((_, at) =>
    lines.slice(Math.max(0, at - around), at + around + 1).some((each) => each.kind !== "same"),
  );
  const found: Hunk[] = [];
  let skipped = 0;
  lines.forEach((line, at) => {
    if (!near[at]) skipped += 1;
    else if (at > 0 && near[at - 1] && found.length > 0) found[found.length - 1]?.lines.push(line);
    else {
      found.push({ skipped, lines: [line] });
      skipped = 0;
    }
  });
  return found;
}
