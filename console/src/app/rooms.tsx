import { type ComponentType, lazy, useState } from "react";

/** A page that is loaded when it is opened; where it was loaded before, it is shown without a pause. */
function room(path: string, load: () => Promise<{ default: ComponentType }>) {
  let loaded: ComponentType | null = null;
  const ahead = async () => {
    const found = await load();
    loaded = found.default;
    return found;
  };
  const Later = lazy(ahead);
  function Room() {
    const [Page] = useState<ComponentType>(() => loaded ?? Later);
    return <Page />;
  }
  return { path, ahead, page: Room };
}

/** Pages by their path; each is a chunk of its own, loaded when it is first opened. More particular paths come first. */
export const ROOMS = [
  room("/", () => import("../overview/OverviewPage")),
  room("/instances", () => import("../instances/InstancesPage")),
  room("/instances/:id", () => import("../fields/FieldsPage")),
  room("/instances/:id/dag", () => import("../dag/InstanceDagPage")),
  room("/instances/:id/gantt", () => import("../gantt/GanttPage")),
  room("/instances/:id/log", () => import("../logs/RunLogPage")),
  room("/instances/:id/operations", () => import("../logs/OperationLogPage")),
  room("/instances/:id/code", () => import("../fields/CodePage")),
  room("/instances/:id/lineage", () => import("../fields/LineagePage")),
  room("/instances/:id/diagnosis", () => import("../fields/DiagnosisPage")),
  room("/tasks", () => import("../tasks/TasksPage")),
  room("/task-dag", () => import("../tasks/TaskDagPage")),
  room("/tasks/:id", () => import("../tasks/TaskPage")),
  room("/tasks/:id/dag", () => import("../tasks/TaskDagPage")),
  room("/tasks/:id/versions", () => import("../tasks/TaskVersionsPage")),
  room("/tasks/:id/edit", () => import("../tasks/TaskEditPage")),
  room("/definitions", () => import("../definitions/DefinitionsPage")),
  room("/runs", () => import("../runs/RunsPage")),
  room("/runs/:project/:id", () => import("../runs/RunPage")),
  room("/worksheet", () => import("../worksheet/WorksheetPage")),
  room("/account/password", () => import("./PasswordPage")),
];

/** Begins to load the page of an address, before it is known who is signed in. */
export function loadAhead(path: string): void {
  const its = ROOMS.find((each) => new RegExp(`^${each.path.replace(/:\w+/g, "[^/]+")}$`).test(path));
  its?.ahead().catch(() => {}); // whoever opens it is told
}
