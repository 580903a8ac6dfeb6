/** Sentences that the server says of operations, in Chinese. English takes them as they come. */
import { type Status, statusTexts } from "../status/status";
import type { Language } from "../texts/language";

const STATUS: Record<string, Status> = {
  Succeeded: "succeeded",
  Failed: "failed",
  Running: "running",
  Waiting: "waiting",
  "Not Running": "notRunning",
};

/** The status that the server names in a preview. */
export function statusNamed(name: string): Status {
  if (name.startsWith("Waiting for Scheduled")) return "waiting";
  if (name.startsWith("Waiting for") || name.includes("Resource")) return "resources";
  if (name.startsWith("Throttl")) return "throttled";
  if (name.startsWith("Paused") || name.includes("(paused)")) return "paused";
  return STATUS[name.replace(/ \(.*\)$/, "")] ?? "notRunning";
}

/** Its name in the language of the page. `Waiting` alone is any kind of it. */
export function statusName(language: Language, name: string): string {
  const texts = statusTexts[language];
  if (name === "not materialized") return language === "zh" ? "未物化" : name;
  return name === "Waiting" ? texts.waiting : texts.name[statusNamed(name)];
}

const zh = (name: string) => statusName("zh", name);
const names = (list: string) => list.replace(/ and (\d+) more$/, " 等另外 $1 个").replaceAll(", ", "、");
const who = (text: string) => text.replace(/^operation (\d+)$/, "操作 $1 ").replace("the scheduler", "调度器");
const SCOPES: Record<string, string> = {
  failed: "失败",
  "not run": "未运行",
  "failed and not run": "失败或未运行",
};

type Said = (...found: string[]) => string;

const SENTENCES: readonly (readonly [RegExp, Said])[] = [
  // What instances and fields offer
  [/^nothing is Succeeded or Failed$/, () => "没有成功或失败的节点"],
  [/^nothing is Failed or Not Running$/, () => "没有失败或未运行的节点"],
  [/^nothing waits or runs$/, () => "没有等待或运行的节点"],
  [
    /^nothing is Not Running, Waiting for Scheduled Time or Throttling$/,
    () => "没有未运行、等待调度时间或限流中的节点",
  ],
  [/^nothing is paused$/, () => "没有已暂停的节点"],
  [/^no permission to operate it$/, () => "没有操作权限"],
  [/^no permission in project '(.+)'$/, (project) => `没有项目 ${project} 的权限`],
  [/^you may not see it$/, () => "没有查看权限"],
  [/^it is paused; resume it first$/, () => "已暂停，请先恢复"],
  [/^it has one upstream, which must remain$/, () => "只有一个上游实例，必须保留"],
  [/^it is not materialized$/, () => "未物化"],
  [/^a copy of it waits or runs$/, () => "该字段的一个副本正在等待或运行"],
  [/^it is ([A-Z][\w ]+)$/, (status = "") => `当前状态为${zh(status)}`],
  // What a plan refuses
  [
    /^you may not operate '(.+)', which is downstream; confirm to leave it out$/,
    (name) => `没有下游 ${name} 的操作权限，可确认后将其排除`,
  ],
  [/^you may not operate '(.+)'$/, (name) => `没有 ${name} 的操作权限`],
  [/^you may not see '(.+)'$/, (name) => `没有 ${name} 的查看权限`],
  [/^you may operate no metric of '(.+)'$/, (name) => `没有 ${name} 中任何指标的操作权限`],
  [/^'(.+)' must be operated along, and you may not operate it$/, (name) => `必须一并操作 ${name}，但没有其操作权限`],
  [
    /^'(.+)' of '(.+)' is (.+); only Succeeded or Failed can be rerun$/,
    (name, of, status = "") => `${of} 的 ${name} 为${zh(status)}，只有成功或失败的才能重跑`,
  ],
  [
    /^'(.+)' is (.+); only Succeeded or Failed can be rerun$/,
    (name, status = "") => `${name} 为${zh(status)}，只有成功或失败的才能重跑`,
  ],
  [
    /^'(.+)' is (.+); only Failed or Not Running can be set to success$/,
    (name, status = "") => `${name} 为${zh(status)}，只有失败或未运行的才能置成功`,
  ],
  [
    /^node (.+) is (.+); wait for it, stop it, or force the rerun$/,
    (name, status = "") => `节点 ${name} 为${zh(status)}，请等待其结束、终止，或强制重跑`,
  ],
  [/^node (.+) is paused; resume it first$/, (name) => `节点 ${name} 已暂停，请先恢复`],
  [
    /^'(.+)' is (.+); leave it out, wait for it, or force the rerun$/,
    (name, status = "") => `下游 ${name} 为${zh(status)}，请将其排除、等待其结束，或强制重跑`,
  ],
  [
    /^the operation touches (\d+) nodes; at most (\d+) are allowed$/,
    (count, most) => `该操作涉及 ${count} 个节点，最多允许 ${most} 个`,
  ],
  [/^nothing downstream failed; there is nothing to rerun$/, () => "下游没有失败的实例，无需重跑"],
  [/^nothing downstream; there is nothing to rerun$/, () => "没有下游实例，无需重跑"],
  [/^'(.+)' does not depend on the start$/, (name) => `${name} 不依赖起始节点`],
  [/^there is no instance (\d+)$/, (id) => `实例 ${id} 不存在`],
  [/^no field of '(.+)' is selected$/, (name) => `没有选择 ${name} 的字段`],
  [/^'(.+)': key: choose entire table$/, (name) => `${name} 是主键，请选择整表`],
  [/^'(.+)' has nothing that failed$/, (name) => `${name} 没有失败的节点`],
  [/^'(.+)' has nothing that is Failed or Not Running$/, (name) => `${name} 没有失败或未运行的节点`],
  [/^'(.+)' has no field that is (.+)$/, (name, scope = "") => `${name} 没有${SCOPES[scope] ?? scope}的字段`],
  [/^(?:'.+': '|')(.+)' has no field '(.+)'$/, (name, field) => `${name} 没有字段 ${field}`],
  [/^'(.+)': only what waits or runs can be stopped$/, (name) => `${name}：只有等待或运行的节点才能终止`],
  [
    /^'(.+)': only Not Running, Waiting for Scheduled Time or Throttling can be paused, and once$/,
    (name) => `${name}：只有未运行、等待调度时间或限流中且未暂停的节点才能暂停`,
  ],
  [/^'(.+)': only what is paused can be resumed$/, (name) => `${name}：只有已暂停的节点才能恢复`],
  [/^'(.+)': only Failed or Not Running can be set to success$/, (name) => `${name}：只有失败或未运行的节点才能置成功`],
  [/^no upstream instance of '(.+)' is named$/, (name) => `没有选择 ${name} 的上游实例`],
  [/^instance (\d+) is not upstream of '(.+)'$/, (id, name) => `实例 ${id} 不是 ${name} 的上游`],
  [/^'(.+)' must keep at least one upstream instance$/, (name) => `${name} 至少需要保留一个上游实例`],
  [
    /^'(.+)' shares a node with '(.+)' and must keep at least one upstream instance, too$/,
    (other, name) => `${other} 与 ${name} 共用节点，也至少需要保留一个上游实例`,
  ],
  [
    /^what the (?:operation|batch) would do has changed since it was previewed; preview it again(?: \(now: (.+)\))?$/,
    (now) => `预览之后情况发生了变化，请重新预览${now ? `（当前：${inChinese(now) ?? now}）` : ""}`,
  ],
  [
    /^(operation \d+|the scheduler) changed (.+) first; preview it again$/,
    (by = "", name) => `${who(by)}已先修改 ${name}，请重新预览`,
  ],
  [/^none of the (\d+) instances qualifies for [A-Z_]+$/, (count) => `所选 ${count} 个实例均不符合条件`],
  // What a refusal says of its objects
  [/^[A-Z_]+: (.+)$/, (reason = "") => inChinese(reason) ?? reason],
  [/^status not allowed$/, () => "状态不允许"],
  [/^in flight$/, () => "正在等待或运行"],
  [/^paused$/, () => "已暂停"],
  [/^key: choose entire table$/, () => "主键，请选择整表"],
  [/^not downstream of the start$/, () => "不在起始节点的下游"],
  [/^not upstream of '(.+)'$/, (name) => `不是 ${name} 的上游`],
  [/^changed by (.+)$/, (by = "") => `已被${who(by)}修改`],
  [/^reached only through, or written along with, what is left out$/, () => "只能经由被排除的对象到达，或与其一并写入"],
  // Why fields run along
  [/^shares node (\S+) with (.+)$/, (node, field) => `与 ${field} 共用节点 ${node}`],
  [/^is written by node (\S+)$/, (node) => `由节点 ${node} 写入`],
  [/^its logic changed since it last ran$/, () => "逻辑在上次运行后发生了变更"],
  [/^the key or the source main table changed$/, () => "主键或来源主表发生了变更"],
  [/^'(.+)' changed$/, (part) => `${part} 发生了变更`],
  // What to mind
  [
    /^resource group '(.+)': (\d+) of (\d+) slots are free and (\d+) are needed at once; nodes that find none wait for one, which the expected times do not count$/,
    (group, free, slots, needed) =>
      `资源组 ${group} 的 ${slots} 个槽位空闲 ${free} 个，而同时需要 ${needed} 个：其余节点等待槽位，预计时间未计入等待`,
  ],
  [
    /^no instance of upstream task '(.+)' in the dependency cycle; the dependency counts as satisfied$/,
    (task) => `依赖周期内没有上游任务 ${task} 的实例，该依赖视为已满足`,
  ],
  [
    /^(\d+) metrics keep their priority, because you may not operate them$/,
    (count) => `${count} 个指标没有操作权限，保持原优先级`,
  ],
  [
    /^a baseline sets the effective priority; yours counts when the baseline no longer applies$/,
    () => "生效的优先级由基线决定，基线不再适用时才使用此处的设置",
  ],
  [
    /^'(.+)' is not published any more; version (\d+) of its definition runs$/,
    (name, version) => `${name} 已下线，按其定义的版本 ${version} 运行`,
  ],
  [
    /^'(.+)' was generated with version (\d+) of its definition; the code that it ran last runs in its nodes$/,
    (name, version) => `${name} 按定义的版本 ${version} 生成，节点运行上次的代码`,
  ],
  [
    /^'(.+)' was generated with version (\d+) of its definition; the code of version (\d+), which is current, runs in its nodes$/,
    (name, version, now) => `${name} 按定义的版本 ${version} 生成，节点运行当前版本 ${now} 的代码`,
  ],
  [
    /^not in version (\d+) any more: (.+); the old code runs there and writes a table that '(.+)' may no longer be read from$/,
    (version, nodes = "", name) =>
      `版本 ${version} 中已没有 ${names(nodes)}：那里运行旧代码，所写的表可能不再用于读取 ${name}`,
  ],
  [
    /^(.+) will run once the scheduled time has come: nothing that remains upstream is missing$/,
    (list = "") => `${names(list)} 到达定时时间后即可运行：其余上游均已成功`,
  ],
  [
    /^(.+) will not run yet: paused, or something that remains upstream has not succeeded$/,
    (list = "") => `${names(list)} 暂不会运行：已暂停，或其余上游尚未全部成功`,
  ],
];

/** The Chinese of a sentence of the server; null for one that is not known. */
export function inChinese(text: string): string | null {
  for (const [pattern, say] of SENTENCES) {
    const found = pattern.exec(text);
    if (found) return say(...found.slice(1));
  }
  return null;
}
