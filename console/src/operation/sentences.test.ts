import { expect, test } from "vitest";
import { itemText, reasonText, said } from "./names";

test("refusals are told in Chinese with what they are about, in English as the server says them", () => {
  const said = "'t1' of 'A' is Not Running; only Succeeded or Failed can be rerun";
  expect(reasonText("zh", "STATUS_NOT_ALLOWED", said)).toBe("A 的 t1 为未运行，只有成功或失败的才能重跑");
  expect(reasonText("en", "STATUS_NOT_ALLOWED", "nothing waits or runs")).toBe("Nothing waits or runs");
  expect(reasonText("zh", "CLOSURE_IN_FLIGHT", "node A/C is Running; wait for it, stop it, or force the rerun")).toBe(
    "节点 A/C 为运行中，请等待其结束、终止，或强制重跑",
  );
});

test("a sentence that is not known is told by its code", () => {
  expect(reasonText("zh", "LAST_UPSTREAM", "something quite new")).toBe("至少需要保留一个上游实例");
  expect(reasonText("zh", "QUITE_NEW", "something quite new")).toBe("something quite new");
});

test("a sentence within a sentence is told, too", () => {
  const changed =
    "what the operation would do has changed since it was previewed; preview it again (now: node A/C is paused; resume it first)";
  expect(reasonText("zh", "CLOSURE_CHANGED", changed)).toBe(
    "预览之后情况发生了变化，请重新预览（当前：节点 A/C 已暂停，请先恢复）",
  );
  expect(said("zh", "STATUS_NOT_ALLOWED: 'X' has nothing that failed")).toBe("X 没有失败的节点");
});

test("slots that are short are told in Chinese, too", () => {
  const short =
    "resource group 'shared': 0 of 4 slots are free and 3 are needed at once; nodes that find none wait for one, which the expected times do not count";
  expect(said("zh", short)).toBe(
    "资源组 shared 的 4 个槽位空闲 0 个，而同时需要 3 个：其余节点等待槽位，预计时间未计入等待",
  );
});

test("objects of a refusal say their status where that is the reason", () => {
  expect(itemText("zh", { status: "Waiting for Scheduled Time", reason: "in flight" })).toBe("等待调度时间");
  expect(itemText("zh", { status: "", reason: "no permission in project 'shop'" })).toBe("没有项目 shop 的权限");
});
