import { defineTexts } from "../texts/texts";

/** A status as it is shown: one silhouette, one hue, one name each. */
export type Status =
  | "succeeded"
  | "failed"
  | "running"
  | "waiting"
  | "throttled"
  | "resources"
  | "notRunning"
  | "paused"
  | "warning"
  | "safe"
  | "broken";

export const statusTexts = defineTexts(
  {
    name: {
      succeeded: "Succeeded",
      failed: "Failed",
      running: "Running",
      waiting: "Waiting for scheduled time",
      throttled: "Throttled",
      resources: "Waiting for resources",
      notRunning: "Not running",
      paused: "Paused",
      warning: "Warning",
      safe: "Safe",
      broken: "Broken",
    },
    /** The whole class, whatever is waited for. */
    waiting: "Waiting",
    fields: (count: number, name: string) => `${count} ${count === 1 ? "field" : "fields"} ${name.toLowerCase()}`,
    nodes: (count: number, name: string) => `${count} ${count === 1 ? "node" : "nodes"} ${name.toLowerCase()}`,
    fieldsTitle: "Fields",
    nodesTitle: "Nodes",
    more: (count: number) => `${count} more ${count === 1 ? "status" : "statuses"}`,
    priority: { LOWEST: "Lowest", LOW: "Low", MIDDLE: "Medium", HIGH: "High", HIGHEST: "Highest" },
    kind: {
      DIMENSION: "Dimension logical table",
      FACT: "Fact logical table",
      AGGREGATE: "Aggregate logical table",
      SCRIPT: "Script",
    },
    mark: {
      DRY_RUN: "Dry run",
      SKIP_EXECUTION: "Skips execution",
      PAUSED: "Paused",
      SET_TO_SUCCESS: "Set to success",
      FORCED: "Forced rerun",
      UPSTREAM_REMOVED: "Upstream removed",
      DATA_LATENCY: "Data latency",
      BACKFILLED: "Backfilled",
    },
  },
  {
    name: {
      succeeded: "成功",
      failed: "失败",
      running: "运行中",
      waiting: "等待调度时间",
      throttled: "限流中",
      resources: "等待调度资源",
      notRunning: "未运行",
      paused: "暂停",
      warning: "预警",
      safe: "安全",
      broken: "破线",
    },
    waiting: "等待中",
    fields: (count, name) => `${count} 个字段${name}`,
    nodes: (count, name) => `${count} 个节点${name}`,
    fieldsTitle: "字段",
    nodesTitle: "节点",
    more: (count) => `另有 ${count} 种状态`,
    priority: { LOWEST: "最低", LOW: "低", MIDDLE: "中", HIGH: "高", HIGHEST: "最高" },
    kind: { DIMENSION: "维度逻辑表", FACT: "事实逻辑表", AGGREGATE: "汇总逻辑表", SCRIPT: "脚本" },
    mark: {
      DRY_RUN: "空跑",
      SKIP_EXECUTION: "跳过执行",
      PAUSED: "暂停",
      SET_TO_SUCCESS: "置成功",
      FORCED: "强制重跑",
      UPSTREAM_REMOVED: "已移除上游",
      DATA_LATENCY: "数据延迟",
      BACKFILLED: "补数据",
    },
  },
);

/** Hue of a status: the class that sets the three colours. */
export const HUE: Record<Status, string> = {
  succeeded: "s-ok",
  failed: "s-fail",
  running: "s-run",
  waiting: "s-wait",
  throttled: "s-thr",
  resources: "s-res",
  notRunning: "s-idle",
  paused: "s-hold",
  warning: "s-warn",
  safe: "s-ok",
  broken: "s-fail",
};

const OF_CODE: Record<string, Status> = {
  // node statuses
  INIT: "notRunning",
  WAIT_SUBMISSION: "waiting",
  WAIT_SCHEDULE: "waiting",
  DISPATCH_BLOCKED: "throttled",
  WAIT_RESOURCE: "resources",
  RUNNING: "running",
  SUCCESS: "succeeded",
  FAILED: "failed",
  // classes, of fields and in counts
  NOT_RUNNING: "notRunning",
  WAITING: "waiting",
  SUCCEEDED: "succeeded",
  PAUSED: "paused",
};

/** The status of a code of the API, of a node or of a class. `waiting` says what a waiting class waits for; `paused` wins where a list would show it. */
export function statusOf(
  code: string,
  { waiting, paused = false }: { waiting?: string | null; paused?: boolean } = {},
): Status {
  const status = OF_CODE[code === "WAITING" && waiting ? waiting : code] ?? "notRunning";
  if (paused && status !== "running" && status !== "succeeded" && status !== "failed") return "paused";
  return status;
}

/** Order of counts. */
export const COUNTED: readonly string[] = ["SUCCEEDED", "FAILED", "RUNNING", "WAITING", "NOT_RUNNING"];

export interface Count {
  code: string;
  status: Status;
  count: number;
}

/**
 * Counts by class in their order, zeros left out, at most `most`; `rest` is how many statuses are not shown. `waiting`: the one status that
 * all waiting ones share, when there is one. `paused`: how many are paused; they are counted under their own status, too.
 */
export function counts(
  of: Readonly<Record<string, number>>,
  { waiting = [], paused = 0, most = 4 }: { waiting?: readonly string[]; paused?: number; most?: number } = {},
): { shown: Count[]; rest: number } {
  const only = waiting.length === 1 ? waiting[0] : undefined;
  const found = COUNTED.filter((code) => (of[code] ?? 0) > 0).map((code) => ({
    code,
    status: statusOf(code, { waiting: only }),
    count: of[code] ?? 0,
  }));
  if (paused > 0) found.push({ code: "PAUSED", status: "paused", count: paused });
  return { shown: found.slice(0, most), rest: Math.max(0, found.length - most) };
}

export const PRIORITIES = ["LOWEST", "LOW", "MIDDLE", "HIGH", "HIGHEST"] as const;
export type PriorityCode = (typeof PRIORITIES)[number];

export function priorityOf(code: string): PriorityCode {
  return (PRIORITIES as readonly string[]).includes(code) ? (code as PriorityCode) : "MIDDLE";
}
