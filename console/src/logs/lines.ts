/** Lines of a log; a last line break begins no line. */
export function linesOf(content: string): string[] {
  if (content === "") return [];
  const lines = content.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

const ERROR = /^(ODPS-\d{7}|FAILED\b|Traceback \(most recent call last\)|\w*(Error|Exception)\b[:(])/;

/** From which line on a failed run tells its error; the number of lines when it does not. */
export function failsAt(lines: readonly string[], failed: boolean): number {
  if (!failed) return lines.length;
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    if (!ERROR.test(lines[at] ?? "")) continue;
    // A traceback is told from its beginning.
    const trace = lines.slice(0, at).findLastIndex((line) => line.startsWith("Traceback (most recent call last)"));
    return trace >= 0 && lines.slice(trace + 1, at).every((line) => /^\s/.test(line)) ? trace : at;
  }
  return lines.length;
}

/** Whether a view that is scrolled to `top` shows the end; a little off is the end still. */
export function atEnd(top: number, height: number, whole: number): boolean {
  return whole - height - top < 24;
}

/** After how long a log that grows is asked for again (ms): long ones less often, they are read whole. */
export function pollAfter(length: number): number {
  return length < 200_000 ? 1000 : length < 2_000_000 ? 3000 : 10_000;
}
