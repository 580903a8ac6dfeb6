export type Key = string | number;

/**
 * Which element each row in view is drawn in, as numbers by the rows' keys. Rows that stay keep theirs; one that comes takes that of one that
 * left, so that only what differs is drawn anew.
 */
export function slotsOf(before: ReadonlyMap<Key, number>, keys: readonly Key[]): Map<Key, number> {
  const shown = new Set(keys);
  const free = [...before].filter(([key]) => !shown.has(key)).map(([, slot]) => slot);
  let next = Math.max(-1, ...before.values()) + 1;
  return new Map(keys.map((key) => [key, before.get(key) ?? free.shift() ?? next++]));
}
