import type { Schemas } from "../api/client";
import { type GraphEdge, type GraphNode, type Picture, pictureOf } from "../dag/graph";

type Dag = Schemas["TaskDag"];

/** Tasks and their dependencies as a picture. Several dependencies between two tasks are one line; one on itself is told in the card. */
export function taskPicture(dag: Dag, cycleName: (cycle: string) => string): Picture {
  const onItself = new Set(dag.edges.filter((edge) => edge.up === edge.down).map((edge) => edge.up));
  const nodes = dag.tasks.map(
    (task): GraphNode => ({
      id: task.id,
      name: task.name,
      kind: task.kind,
      status: null,
      meta: task.visible ? `${task.project} · ${cycleName(task.cycle)}` : task.project,
      aside: onItself.has(task.id) ? "↻" : undefined,
      locked: !task.visible,
      moreUp: task.more_up,
      moreDown: task.more_down,
    }),
  );
  const pairs = new Map<string, GraphEdge>();
  for (const edge of dag.edges)
    if (edge.up !== edge.down) pairs.set(`${edge.up}\0${edge.down}`, { from: edge.up, to: edge.down, look: "plain" });
  return pictureOf(nodes, [...pairs.values()], dag.centre);
}

/** Several answers as one: what was opened around neighbours is added to what is around the centre. */
export function joined(dags: readonly [Dag, ...Dag[]]): Dag {
  const [first, ...others] = dags;
  const tasks = new Map(first.tasks.map((task) => [task.id, task]));
  const edges = new Map(first.edges.map((edge) => [key(edge), edge]));
  for (const dag of others) {
    for (const task of dag.tasks) {
      const known = tasks.get(task.id);
      tasks.set(
        task.id,
        known
          ? {
              ...known,
              more_up: Math.min(known.more_up, task.more_up),
              more_down: Math.min(known.more_down, task.more_down),
            }
          : task,
      );
    }
    for (const edge of dag.edges) edges.set(key(edge), edge);
  }
  return {
    ...first,
    tasks: [...tasks.values()],
    edges: [...edges.values()],
    complete: dags.every((dag) => dag.complete),
  };
}

function key(edge: Dag["edges"][number]): string {
  return [edge.up, edge.down, edge.cycle, edge.policy, ...edge.fields].join("\0");
}
