import { logTexts } from "../logs/texts";
import { dateTime } from "../texts/format";
import { type Language, useLanguage } from "../texts/language";
import { defineTexts, plural } from "../texts/texts";

/** What a check found, as the server says it: a code with values, and its English sentence. */
export interface Finding {
  code: string;
  values: Readonly<Record<string, string | number>>;
  text: string;
}

/** Values in their order: counts, attempts and names as they are, times on the tenant's clocks, reasons by their names. */
interface Values {
  count: number;
  attempt: number;
  at: string;
  group: string;
  taken: number;
  slots: number;
  /** Why an attempt failed, with the first line of its error. */
  why: string;
}

export const diagnosisTexts = defineTexts(
  {
    loading: "Loading the diagnosis",
    checks: {
      UPSTREAM: "Upstream",
      SCHEDULED_TIME: "Scheduled time",
      THROTTLING: "Throttling",
      RESOURCES: "Resources",
      EXECUTION: "Execution",
    },
    verdicts: { PASSED: "passed", BLOCKED: "blocked", SKIPPED: "skipped", NOT_CHECKED: "not checked" },
    allPassed: "All checks passed",
    blockedBy: (check: string) => `Blocked by: ${check}`,
    isPaused: "Paused: nothing is checked until it is resumed",
    isHeld: "Development environment: it runs when a rerun is forced",
    isForced: "The attempt is forced: upstream and scheduled time are not asked",
    cause: "First blocking node",
    chain: "The way up to it",
    you: "this node",
    moreBetween: (count: number) => `${count} more`,
    firstBlocking: "First blocking nodes",
    firstBlockingNote: "The topmost nodes that keep this one from starting; what lies between waits for them.",
    upstreamNodes: "Direct upstream",
    removed: (count: number) => `${plural(count, "dependency", "dependencies")} removed`,
    occupants: "Nodes that hold the slots",
    since: "In this status since",
    due: "Due",
    usual: (text: string) => `usually takes ${text}`,
    slow: "Runs much longer than usual",
    seeLog: "Open the run log",
    others: (count: number) => `and ${count} more`,
    hidden: "You have no role in its project",
    noNodes: "There are no nodes",
    ofDate: (date: string) => `data date ${date}`,
    ungenerated: (task: string) => `Upstream task ${task} has no instance in this cycle; the dependency counts as met`,
    found: {
      UPSTREAM_MET: () => "All upstream succeeded",
      UPSTREAM_UNMET: ({ count }: Values) => `${count} upstream not succeeded`,
      FORCED: () => "Not asked for: the attempt is forced",
      DUE: () => "The scheduled time has come",
      NOT_DUE: ({ at }: Values) => `Waits for ${at}`,
      ROOM: () => "No throttling rule holds it",
      NO_ROOM: () => "A throttling rule has no room",
      SLOT: ({ group }: Values) => `It had a slot of resource group ${group}`,
      NO_SLOT: ({ group, taken, slots }: Values) =>
        `No free slot in resource group ${group}: ${taken} of ${slots} are taken`,
      NOT_CHECKED: () => "Not checked yet",
      PAUSED: () => "It is paused; resume it first",
      NOT_RELEASED: () => "Nothing runs by itself in the development environment; force a rerun",
      RUNNING: ({ attempt }: Values) => `Attempt ${attempt} runs`,
      RUNNING_SLOWLY: ({ attempt }: Values) => `Attempt ${attempt} runs, slower than usual`,
      FAILED: ({ attempt, why }: Values) => `Attempt ${attempt} failed: ${why}`,
      RETRY_COMES: ({ attempt, why, at }: Values) => `Attempt ${attempt} failed, it is tried again at ${at}: ${why}`,
      NEVER_RAN: ({ why }: Values) => `It failed without running: ${why}`,
      SKIPPED: () => "Its schedule says to skip execution: it fails at its time without running",
      SUCCEEDED: ({ attempt }: Values) => `Attempt ${attempt} succeeded`,
      DRY_RUN: () => "Dry run: marked Succeeded without running",
      SET_TO_SUCCESS: () => "Set to success by hand",
      NEXT: () => "Nothing holds it: the scheduler looks at it next",
    },
  },
  {
    loading: "正在加载诊断",
    checks: {
      UPSTREAM: "上游",
      SCHEDULED_TIME: "定时时间",
      THROTTLING: "限流",
      RESOURCES: "资源",
      EXECUTION: "执行",
    },
    verdicts: { PASSED: "通过", BLOCKED: "阻塞", SKIPPED: "跳过", NOT_CHECKED: "未检查" },
    allPassed: "所有检查均通过",
    blockedBy: (check) => `阻塞于：${check}`,
    isPaused: "已暂停：恢复之前不做检查",
    isHeld: "开发环境：强制重跑后才会运行",
    isForced: "强制重跑：不检查上游和定时时间",
    cause: "源头阻塞节点",
    chain: "到该节点的路径",
    you: "当前节点",
    moreBetween: (count) => `另外 ${count} 个`,
    firstBlocking: "源头阻塞节点",
    firstBlockingNote: "最上游的阻塞节点，中间的节点都在等待它们。",
    upstreamNodes: "直接上游",
    removed: (count) => `已移除 ${count} 个依赖`,
    occupants: "占用资源的节点",
    since: "进入当前状态",
    due: "定时时间",
    usual: (text) => `平时耗时 ${text}`,
    slow: "运行时间远超平时",
    seeLog: "打开运行日志",
    others: (count) => `另有 ${count} 个`,
    hidden: "您在其项目中没有角色",
    noNodes: "没有节点",
    ofDate: (date) => `业务日期 ${date}`,
    ungenerated: (task) => `上游任务 ${task} 在依赖周期内没有实例，该依赖视为已满足`,
    found: {
      UPSTREAM_MET: () => "上游均已成功",
      UPSTREAM_UNMET: ({ count }) => `${count} 个上游未成功`,
      FORCED: () => "强制重跑，不检查",
      DUE: () => "已到定时时间",
      NOT_DUE: ({ at }) => `等待 ${at}`,
      ROOM: () => "没有被限流",
      NO_ROOM: () => "限流规则已满",
      SLOT: ({ group }) => `已获得资源组 ${group} 的槽位`,
      NO_SLOT: ({ group, taken, slots }) => `资源组 ${group} 没有空闲槽位：${slots} 个已占用 ${taken} 个`,
      NOT_CHECKED: () => "尚未检查",
      PAUSED: () => "已暂停，请先恢复",
      NOT_RELEASED: () => "开发环境中的实例不会自动运行，请强制重跑",
      RUNNING: ({ attempt }) => `第 ${attempt} 次尝试正在运行`,
      RUNNING_SLOWLY: ({ attempt }) => `第 ${attempt} 次尝试正在运行，比平时慢`,
      FAILED: ({ attempt, why }) => `第 ${attempt} 次尝试失败：${why}`,
      RETRY_COMES: ({ attempt, why, at }) => `第 ${attempt} 次尝试失败，将于 ${at} 重试：${why}`,
      NEVER_RAN: ({ why }) => `未运行即失败：${why}`,
      SKIPPED: () => "调度配置为跳过执行：到时间后直接置为失败",
      SUCCEEDED: ({ attempt }) => `第 ${attempt} 次尝试成功`,
      DRY_RUN: () => "空跑：未运行即置为成功",
      SET_TO_SUCCESS: () => "手动置成功",
      NEXT: () => "没有阻塞，等待调度器处理",
    },
  },
);

/** The sentence of a finding; one that this console does not know yet in the server's words. */
export function findingText(language: Language, { code, values, text }: Finding, zone: string): string {
  const sentences: Readonly<Record<string, (values: Values) => string>> = diagnosisTexts[language].found;
  const sentence = Object.hasOwn(sentences, code) ? sentences[code] : undefined;
  if (!sentence) return text;
  const reasons: Readonly<Record<string, string>> = logTexts[language].reasons;
  const reason = String(values.reason ?? "");
  return sentence({
    count: Number(values.count),
    attempt: Number(values.attempt),
    at: values.at === undefined ? "" : dateTime(String(values.at), zone),
    group: String(values.group ?? ""),
    taken: Number(values.taken),
    slots: Number(values.slots),
    // That it is an error is said by the error.
    why: [reason === "ERROR" && values.detail ? "" : (reasons[reason] ?? reason), values.detail]
      .filter(Boolean)
      .join(language === "zh" ? "，" : ", "),
  });
}

export function useFindingText(zone: string): (finding: Finding) => string {
  const language = useLanguage();
  return (finding) => findingText(language, finding, zone);
}

const UNGENERATED = /^no instance of upstream task '([^']+)' in the dependency cycle/;

/** What was found when the instance was generated. */
export function noticeText(language: Language, notice: string): string {
  const task = UNGENERATED.exec(notice)?.[1];
  return task === undefined ? notice : diagnosisTexts[language].ungenerated(task);
}
