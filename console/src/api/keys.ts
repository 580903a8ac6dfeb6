/** Keys under which answers are kept. What changes on the server is told by the ids of instances and nodes: keys begin with what they are of. */
export const keys = {
  /** Lists and counts of recurring instances: renewed when any instance changes. */
  instances: (...what: unknown[]) => ["instances", ...what] as const,
  /** Anything about one instance: renewed when it changes. */
  instance: (id: number, ...what: unknown[]) => ["instance", id, ...what] as const,
  /** Anything about one node instance. */
  node: (id: number, ...what: unknown[]) => ["node", id, ...what] as const,
  /** Views of many instances, such as a DAG: renewed when any instance changes, like lists. */
  around: (id: number, ...what: unknown[]) => ["around", id, ...what] as const,
  /** Published tasks: renewed when something is published or read anew. */
  tasks: (...what: unknown[]) => ["tasks", ...what] as const,
  /** Task instances of the MaxCompute protocol: not part of the stream; pages ask again while something runs. */
  runs: (...what: unknown[]) => ["runs", ...what] as const,
  /** Tables of a project of the warehouse: asked anew when SQL has run in it. */
  warehouse: (project: string, ...what: unknown[]) => ["warehouse", project, ...what] as const,
  /** The files of the workspace folder: asked anew when something was saved, and when the page is looked at again. */
  workspace: (...what: unknown[]) => ["workspace", ...what] as const,
  projects: () => ["projects"] as const,
};
