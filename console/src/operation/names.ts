import { defineTexts } from "../texts/texts";
import type { OperationName } from "./open";

/** Names of operations, as menus and titles show them. */
export const operationNames = defineTexts(
  {
    RERUN: "Rerun",
    RERUN_DOWNSTREAM: "Rerun Downstream",
    SET_SUCCESS: "Set To Success & Resume",
    STOP: "Stop",
    FORCE_RERUN_CURRENT: "Force Rerun Current Instance",
    FORCE_RERUN_DOWNSTREAM: "Force Rerun Downstream Instances",
    REMOVE_UPSTREAM: "Remove Upstream Dependency",
    PAUSE: "Pause",
    RESUME: "Resume",
    MODIFY_PRIORITY: "Modify Priority",
    RERUN_ALL_FAILED: "Rerun All Failed Instances",
    RERUN_ALL_FINAL: "Rerun All Instances In Desired State",
    FORCE_RERUN_ALL: "Force Rerun All Instances",
  } satisfies Record<OperationName, string>,
  {
    RERUN: "重跑",
    RERUN_DOWNSTREAM: "重跑下游",
    SET_SUCCESS: "置成功并恢复调度",
    STOP: "终止",
    FORCE_RERUN_CURRENT: "强制重跑当前实例",
    FORCE_RERUN_DOWNSTREAM: "强制重跑下游实例",
    REMOVE_UPSTREAM: "移除上游依赖",
    PAUSE: "暂停",
    RESUME: "恢复",
    MODIFY_PRIORITY: "修改优先级",
    RERUN_ALL_FAILED: "重跑所有失败实例",
    RERUN_ALL_FINAL: "重跑所有终态实例",
    FORCE_RERUN_ALL: "强制重跑所有实例",
  },
);

/** Why an operation or an object is refused, by the server's codes. English takes the server's own sentence. */
const CODES_ZH: Record<string, string> = {
  FORBIDDEN: "没有操作权限",
  FORBIDDEN_ASSOCIATED: "没有关联对象的操作权限",
  STATUS_NOT_ALLOWED: "当前状态不允许该操作",
  CLOSURE_IN_FLIGHT: "关联的节点正在等待或运行",
  CLOSURE_CHANGED: "预览之后情况发生了变化",
  INSTANCE_PAUSED: "已暂停，请先恢复",
  NOT_PAUSED: "没有已暂停的节点",
  LAST_UPSTREAM: "至少需要保留一个上游实例",
  EMPTY_SCOPE: "范围内没有符合条件的对象",
  SCOPE_HAS_ACTIVE: "下游中有等待或运行的实例",
  CONFLICT: "节点刚被其他操作修改",
  UNKNOWN_FIELD: "字段不存在，或者是主键",
  LIMIT_EXCEEDED: "节点数超过单次操作的上限",
  NOT_FOUND: "对象不存在",
};

export function reasonText(language: "en" | "zh", code: string, reason: string): string {
  if (language === "zh") return CODES_ZH[code] ?? reason;
  return reason ? reason.charAt(0).toUpperCase() + reason.slice(1) : code;
}

const REASONS_ZH: readonly [RegExp, string][] = [
  [/^shares node (\S+) with (.+)$/, "与 $2 共用节点 $1"],
  [/^is written by node (\S+)$/, "由节点 $1 写入"],
  [/^(?:its )?logic changed.*$/, "逻辑在数据产出后发生了变更"],
];

/** Why a field runs along: the server's sentence, which in English stands as it is. */
export function alongText(language: "en" | "zh", reason: string): string {
  if (language === "zh") {
    for (const [pattern, text] of REASONS_ZH) if (pattern.test(reason)) return reason.replace(pattern, text);
  }
  return reason.charAt(0).toUpperCase() + reason.slice(1);
}
