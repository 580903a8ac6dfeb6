/** The order within layers, chosen so that few edges cross. */

export interface Items {
  layers: readonly number[][];
  /** Neighbours in the layer before and in the layer behind, by item. */
  before: readonly number[][];
  behind: readonly number[][];
}

/** Above this many items orders are not compared by their crossings: the last one is taken. */
const COMPARED = 6000;
const SWEEPS = 8;
const SWEEPS_OF_LARGE = 4;

/**
 * Each layer in its new order. Items are put in the order of the mean place of their neighbours, from left to right and back; where that says
 * nothing they stay in the order that they came in, so the same picture always comes out the same.
 */
export function ordered({ layers, before, behind }: Items): number[][] {
  const now = layers.map((layer) => [...layer]);
  const place = new Float64Array(before.length);
  const settle = (layer: readonly number[]) =>
    layer.forEach((item, at) => {
      place[item] = at - (layer.length - 1) / 2;
    });
  now.forEach(settle);
  const compared = before.length <= COMPARED;
  let best = now.map((layer) => [...layer]);
  let fewest = compared ? crossings(now, behind) : 0;
  const sweeps = compared ? SWEEPS : SWEEPS_OF_LARGE;
  for (let sweep = 0; sweep < sweeps && (!compared || fewest > 0); sweep++) {
    const right = sweep % 2 === 0;
    const sides = right ? before : behind;
    for (let step = 0; step < now.length; step++) {
      const at = right ? step : now.length - 1 - step;
      now[at] = sorted(now[at] as number[], sides, place);
      settle(now[at] as number[]);
    }
    if (!compared) {
      best = now;
      continue;
    }
    const count = crossings(now, behind);
    if (count < fewest) {
      fewest = count;
      best = now.map((layer) => [...layer]);
    }
  }
  return best;
}

function sorted(layer: readonly number[], sides: readonly number[][], place: Float64Array): number[] {
  const keyed = layer.map((item, at) => {
    const near = sides[item] as number[];
    let sum = 0;
    for (const other of near) sum += place[other] as number;
    return { item, at, key: near.length > 0 ? sum / near.length : (place[item] as number) };
  });
  keyed.sort((a, b) => a.key - b.key || a.at - b.at);
  return keyed.map((each) => each.item);
}

/** How often edges between neighbouring layers cross. */
export function crossings(layers: readonly number[][], behind: readonly number[][]): number {
  const at = new Int32Array(behind.length);
  for (const layer of layers)
    layer.forEach((item, index) => {
      at[item] = index;
    });
  let count = 0;
  for (let index = 0; index + 1 < layers.length; index++) {
    const size = (layers[index + 1] as number[]).length;
    const tree = new Int32Array(size + 1);
    let seen = 0;
    for (const item of layers[index] as number[]) {
      const ends = (behind[item] as number[]).map((other) => at[other] as number).sort((a, b) => a - b);
      for (const end of ends) {
        let upTo = 0;
        for (let k = end + 1; k > 0; k -= k & -k) upTo += tree[k] as number;
        count += seen - upTo;
      }
      for (const end of ends) {
        for (let k = end + 1; k <= size; k += k & -k) tree[k] = (tree[k] as number) + 1;
        seen += 1;
      }
    }
  }
  return count;
}
