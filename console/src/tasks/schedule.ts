/** Times of a day in few words: `00:10`, `00:10, 12:10`, or first, last and how many. */
export function timesText(times: readonly string[], counted: (count: number) => string): string {
  if (times.length <= 4) return times.join(", ");
  return `${times[0]} – ${times[times.length - 1]}, ${counted(times.length)}`;
}

/** `1, 15, last`. */
export function monthDaysText(days: readonly number[], last: string): string {
  const plain = days.filter((day) => day > 0).sort((a, b) => a - b);
  return [...plain.map(String), ...(days.includes(-1) ? [last] : [])].join(", ");
}
