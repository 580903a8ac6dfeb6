/** Heights at which things stand in a column, near to where they would like to be, in their order and without touching. */

/**
 * Centres `y` in the order given, each at least `apart[i]` below the one before (`apart[0]` means nothing), so that the weighted squares of the
 * distances to what is wanted are least: what pushes one another is moved together.
 */
export function apartFrom(wanted: readonly number[], weight: readonly number[], apart: readonly number[]): number[] {
  const blocks: { sum: number; weight: number; count: number }[] = [];
  let offset = 0;
  const offsets = wanted.map((_, at) => {
    if (at > 0) offset += apart[at] ?? 0;
    return offset;
  });
  wanted.forEach((value, at) => {
    const w = weight[at] ?? 1;
    blocks.push({ sum: (value - (offsets[at] as number)) * w, weight: w, count: 1 });
    while (blocks.length > 1) {
      const last = blocks[blocks.length - 1] as (typeof blocks)[number];
      const one = blocks[blocks.length - 2] as (typeof blocks)[number];
      if (one.sum / one.weight <= last.sum / last.weight) break;
      one.sum += last.sum;
      one.weight += last.weight;
      one.count += last.count;
      blocks.pop();
    }
  });
  const found: number[] = [];
  for (const block of blocks)
    for (let k = 0; k < block.count; k++) found.push(block.sum / block.weight + (offsets[found.length] as number));
  return found;
}
