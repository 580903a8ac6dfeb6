import type { Language } from "../texts/language";
import { defineTexts } from "../texts/texts";
import type { OperationName } from "./open";
import { inChinese, statusName } from "./sentences";

export { statusName, statusNamed } from "./sentences";

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
    SET_SUCCESS: "置成功并继续调度",
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

/** Why an operation or an object is refused, by the server's codes: for sentences that are not known. */
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
  CANCEL_TIMEOUT: "未在规定时间内确认终止",
  UNKNOWN_FIELD: "字段不存在，或者是主键",
  LIMIT_EXCEEDED: "节点数超过单次操作的上限",
  NOT_FOUND: "对象不存在",
};

/** Why something is refused: the server's sentence, in Chinese the sentence that stands for it, or that of its code. */
export function reasonText(language: Language, code: string, reason: string): string {
  if (language === "zh") return inChinese(reason) ?? CODES_ZH[code] ?? reason;
  return reason ? sentence(reason) : code;
}

/** What else the server says of a preview in words: why fields run along, what to mind. */
export function said(language: Language, text: string): string {
  return language === "zh" ? (inChinese(text) ?? text) : sentence(text);
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What a refusal is about, each once: its status where that is the reason, else the reason. */
export function itemText(language: Language, item: { status: string; reason: string }): string {
  if (item.status && ["", "status not allowed", "in flight", "paused"].includes(item.reason))
    return statusName(language, item.status);
  return item.reason ? said(language, item.reason) : "";
}
