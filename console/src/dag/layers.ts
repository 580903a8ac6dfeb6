/** Layers of a picture: every edge leads to a layer further right. Nodes are numbers; edges are pairs at the same place of two lists. */

export interface Adjacency {
  /** Edges that leave a node: `edges[start[v]]` up to `edges[start[v + 1]]`. */
  start: Int32Array;
  edges: Int32Array;
}

/** For each node the edges that have it in `ends`. */
export function adjacency(nodes: number, ends: ArrayLike<number>): Adjacency {
  const start = new Int32Array(nodes + 1);
  for (let edge = 0; edge < ends.length; edge++) start[(ends[edge] ?? 0) + 1] = (start[(ends[edge] ?? 0) + 1] ?? 0) + 1;
  for (let node = 0; node < nodes; node++) start[node + 1] = (start[node + 1] ?? 0) + (start[node] ?? 0);
  const fill = start.slice(0, nodes);
  const edges = new Int32Array(ends.length);
  for (let edge = 0; edge < ends.length; edge++) {
    const node = ends[edge] ?? 0;
    const at = fill[node] ?? 0;
    edges[at] = edge;
    fill[node] = at + 1;
  }
  return { start, edges };
}

/** Edges that close a circle, found from the first nodes on: turned round, nothing goes in circles. Edges of a node to itself count, too. */
export function closing(nodes: number, from: ArrayLike<number>, to: ArrayLike<number>): Uint8Array {
  const out = adjacency(nodes, from);
  const closes = new Uint8Array(from.length);
  const state = new Uint8Array(nodes); // 0 not seen, 1 on the way, 2 done
  const next = out.start.slice(0, nodes);
  const way: number[] = [];
  for (let first = 0; first < nodes; first++) {
    if (state[first] !== 0) continue;
    way.push(first);
    state[first] = 1;
    while (way.length > 0) {
      const node = way[way.length - 1] as number;
      const at = next[node] as number;
      if (at === out.start[node + 1]) {
        state[node] = 2;
        way.pop();
        continue;
      }
      next[node] = at + 1;
      const edge = out.edges[at] as number;
      const other = to[edge] as number;
      if (state[other] === 1) closes[edge] = 1;
      else if (state[other] === 0) {
        state[other] = 1;
        way.push(other);
      }
    }
  }
  return closes;
}

/**
 * The layer of each node, 0 the leftmost. A node stands as far left as its upstream lets it; then what leads to the centre, and what has more
 * downstream than upstream, moves as near to its downstream as it can, so that edges are short.
 */
export function layersOf(
  nodes: number,
  from: ArrayLike<number>,
  to: ArrayLike<number>,
  closes: Uint8Array,
  centre: number,
): Int32Array {
  const layer = new Int32Array(nodes);
  const out = adjacency(nodes, from);
  const into = adjacency(nodes, to);
  const tail = (edge: number) => (closes[edge] ? to[edge] : from[edge]) as number;
  const head = (edge: number) => (closes[edge] ? from[edge] : to[edge]) as number;
  const eachOut = (node: number, call: (other: number) => void) => each(node, tail, head, call);
  const eachIn = (node: number, call: (other: number) => void) => each(node, head, tail, call);

  function each(node: number, own: (edge: number) => number, far: (edge: number) => number, call: (o: number) => void) {
    for (const side of [out, into])
      for (let at = side.start[node] as number; at < (side.start[node + 1] as number); at++) {
        const edge = side.edges[at] as number;
        if (from[edge] === to[edge] || own(edge) !== node) continue;
        call(far(edge));
      }
  }

  const waits = new Int32Array(nodes);
  const outs = new Int32Array(nodes);
  for (let edge = 0; edge < from.length; edge++) {
    if (from[edge] === to[edge]) continue;
    waits[head(edge)] = (waits[head(edge)] as number) + 1;
    outs[tail(edge)] = (outs[tail(edge)] as number) + 1;
  }
  const ins = waits.slice();
  const order: number[] = [];
  for (let node = 0; node < nodes; node++) if (waits[node] === 0) order.push(node);
  for (let at = 0; at < order.length; at++) {
    const node = order[at] as number;
    eachOut(node, (other) => {
      layer[other] = Math.max(layer[other] as number, (layer[node] as number) + 1);
      waits[other] = (waits[other] as number) - 1;
      if (waits[other] === 0) order.push(other);
    });
  }

  const leads = new Uint8Array(nodes);
  if (centre >= 0 && centre < nodes) {
    const todo = [centre];
    while (todo.length > 0)
      eachIn(todo.pop() as number, (other) => {
        if (leads[other]) return;
        leads[other] = 1;
        todo.push(other);
      });
  }
  for (let at = order.length - 1; at >= 0; at--) {
    const node = order[at] as number;
    if (node === centre || outs[node] === 0) continue;
    if (!leads[node] && (ins[node] as number) >= (outs[node] as number)) continue;
    let nearest = Number.MAX_SAFE_INTEGER;
    eachOut(node, (other) => {
      nearest = Math.min(nearest, layer[other] as number);
    });
    layer[node] = Math.max(layer[node] as number, nearest - 1);
  }

  let least = Number.MAX_SAFE_INTEGER;
  for (const each of layer) least = Math.min(least, each);
  for (let node = 0; node < nodes; node++) layer[node] = (layer[node] as number) - least;
  return layer;
}
