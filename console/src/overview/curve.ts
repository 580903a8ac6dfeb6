/** Geometry of the finish curve: shares of a day by slots as lines and areas. */

export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
  /** Hours of the day that the axis spans. */
  from: number;
  to: number;
}

export interface Range {
  low: number;
  high: number;
}

export function xOf(frame: Frame, hour: number): number {
  const width = frame.width - frame.left - frame.right;
  return frame.left + ((hour - frame.from) / (frame.to - frame.from)) * width;
}

export function yOf(frame: Frame, percent: number): number {
  const height = frame.height - frame.top - frame.bottom;
  return frame.top + (1 - percent / 100) * height;
}

/** A line through shares at every slot, as far as the axis goes. */
export function line(frame: Frame, shares: readonly number[], slotMinutes: number): string {
  return points(frame, shares, slotMinutes)
    .map(([x, y], at) => `${at === 0 ? "M" : "L"}${x} ${y}`)
    .join("");
}

/** The area between the least and the most. */
export function area(frame: Frame, ranges: readonly Range[], slotMinutes: number): string {
  const highs = points(
    frame,
    ranges.map((each) => each.high),
    slotMinutes,
  );
  const lows = points(
    frame,
    ranges.map((each) => each.low),
    slotMinutes,
  ).reverse();
  if (highs.length === 0) return "";
  return `M${[...highs, ...lows].map(([x, y]) => `${x} ${y}`).join("L")}Z`;
}

function points(frame: Frame, shares: readonly number[], slotMinutes: number): [number, number][] {
  const found: [number, number][] = [];
  shares.forEach((share, slot) => {
    const hour = (slot * slotMinutes) / 60;
    if (hour >= frame.from && hour <= frame.to) found.push([round(xOf(frame, hour)), round(yOf(frame, share))]);
  });
  return found;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/**
 * The whole hours that the axis shows: from midnight to an hour after everything usually has finished, now and what is expected included, at least six hours.
 */
export function lastHour(
  usual: readonly number[],
  finished: readonly number[],
  hours: readonly number[],
  slotMinutes: number,
  expected: readonly number[] = [],
): number {
  const end = (shares: readonly number[]) => {
    const most = shares[shares.length - 1] ?? 0;
    const at = shares.findIndex((share) => share >= most);
    return most > 0 ? (at * slotMinutes) / 60 : 0;
  };
  const own = finished.length < 1440 / slotMinutes + 1 ? ((finished.length - 1) * slotMinutes) / 60 : end(finished);
  const most = expected[expected.length - 1] ?? 0;
  const done = expected.findIndex((share) => share >= most);
  const ahead = done < 0 ? 0 : 24 - ((expected.length - 1 - done) * slotMinutes) / 60;
  const last = Math.max(end(usual), own, ahead, ...hours.filter((hour) => hour < 24).map((hour) => hour + 1));
  return Math.min(24, Math.max(6, Math.ceil(last + 0.5)));
}

/** Every how many hours the axis has a mark, so that at most twelve are written. */
export function step(hours: number): number {
  return [1, 2, 3, 4, 6].find((each) => hours / each <= 12) ?? 6;
}
