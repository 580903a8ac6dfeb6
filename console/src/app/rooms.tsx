import { lazy } from "react";

/** Pages by their path; each is a chunk of its own, loaded when it is first opened. More particular paths come first. */
export const ROOMS = [
  { path: "/", page: lazy(() => import("../overview/OverviewPage")) },
  { path: "/instances", page: lazy(() => import("../instances/InstancesPage")) },
  { path: "/instances/:id", page: lazy(() => import("../fields/FieldsPage")) },
  { path: "/instances/:id/dag", page: lazy(() => import("../dag/InstanceDagPage")) },
  { path: "/instances/:id/gantt", page: lazy(() => import("../gantt/GanttPage")) },
  { path: "/instances/:id/log", page: lazy(() => import("../logs/RunLogPage")) },
  { path: "/instances/:id/operations", page: lazy(() => import("../logs/OperationLogPage")) },
  { path: "/instances/:id/code", page: lazy(() => import("../fields/CodePage")) },
  { path: "/instances/:id/lineage", page: lazy(() => import("../fields/LineagePage")) },
  { path: "/instances/:id/diagnosis", page: lazy(() => import("../fields/DiagnosisPage")) },
  { path: "/tasks", page: lazy(() => import("../tasks/TasksPage")) },
  { path: "/task-dag", page: lazy(() => import("../tasks/TaskDagPage")) },
  { path: "/tasks/:id", page: lazy(() => import("../tasks/TaskPage")) },
  { path: "/tasks/:id/dag", page: lazy(() => import("../tasks/TaskDagPage")) },
  { path: "/tasks/:id/versions", page: lazy(() => import("../tasks/TaskVersionsPage")) },
  { path: "/tasks/:id/edit", page: lazy(() => import("../tasks/TaskEditPage")) },
  { path: "/definitions", page: lazy(() => import("../definitions/DefinitionsPage")) },
  { path: "/runs", page: lazy(() => import("../runs/RunsPage")) },
  { path: "/runs/:project/:id", page: lazy(() => import("../runs/RunPage")) },
  { path: "/worksheet", page: lazy(() => import("../worksheet/WorksheetPage")) },
  { path: "/account/password", page: lazy(() => import("./PasswordPage")) },
] as const;
