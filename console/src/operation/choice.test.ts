import { describe, expect, test } from "vitest";
import { bodyOf, type Choice, firstChoice, isBatch, missing } from "./choice";
import type { OperationName, OperationRequest } from "./open";
import { firstStep, hasSteps } from "./steps";

function request(operation: OperationName, more: Partial<OperationRequest> = {}): OperationRequest {
  return { operation, targets: [{ instance: 6 }], perspective: "TABLE", ...more };
}

describe("the request of an operation", () => {
  test("an entire table, and fields of it", () => {
    const rerun = request("RERUN");
    const choice = firstChoice(rerun);
    expect(bodyOf(rerun, choice)).toMatchObject({ operation: "RERUN", targets: [{ instance: 6, fields: null }] });
    expect(bodyOf(rerun, { ...choice, fields: ["a"] }).targets).toEqual([{ instance: 6, fields: ["a"] }]);
    expect(missing(rerun, { ...choice, fields: [] })).toBe("fields");
  });
  test("downstream begins with what failed; a custom scope needs members", () => {
    const downstream = request("RERUN_DOWNSTREAM");
    const choice = firstChoice(downstream);
    expect(bodyOf(downstream, choice).options).toMatchObject({ scope: "ALL_FAILED_INSTANCE", start_mode: "NORMAL" });
    const custom = { ...choice, scope: "CUSTOM", members: [{ instance: 7, fields: ["m1"] }] };
    expect(bodyOf(downstream, custom).options?.members).toEqual([{ instance: 7, fields: ["m1"] }]);
    expect(missing(downstream, { ...custom, members: [] })).toBe("members");
  });
  test("a start that is left as it is has no mode", () => {
    const downstream = request("RERUN_DOWNSTREAM");
    const left: Choice = { ...firstChoice(downstream), start: "LEFT" };
    expect(bodyOf(downstream, left).options).toMatchObject({ include_start: false, start_mode: null });
  });
  test("a forced downstream rerun begins with its quick configuration", () => {
    const choice = firstChoice(request("FORCE_RERUN_DOWNSTREAM"));
    expect([choice.quick, choice.scope]).toEqual([true, "ALL_INSTANCE"]);
    const ofFields = firstChoice(request("FORCE_RERUN_DOWNSTREAM", { targets: [{ instance: 6, fields: ["a"] }] }));
    expect([ofFields.quick, ofFields.fields]).toEqual([false, ["a"]]);
  });
  test("options that an operation does not have are left out", () => {
    const stop = request("STOP");
    expect(Object.values(bodyOf(stop, firstChoice(stop)).options ?? {}).every((value) => value === null)).toBe(true);
    const priority = request("MODIFY_PRIORITY");
    expect(missing(priority, firstChoice(priority))).toBe("priority");
    expect(bodyOf(priority, { ...firstChoice(priority), priority: "HIGH" }).options?.priority).toBe("HIGH");
  });
  test("several instances are a batch, without fields", () => {
    const batch = request("PAUSE", { targets: [{ instance: 1 }, { instance: 2 }], perspective: "BATCH" });
    expect(isBatch(batch)).toBe(true);
    expect(isBatch(request("RERUN_ALL_FAILED"))).toBe(true);
    expect(bodyOf(batch, firstChoice(batch)).targets).toEqual([
      { instance: 1, fields: null },
      { instance: 2, fields: null },
    ]);
  });
});

test("what reaches downstream is asked for in two steps, unless its fields were chosen before", () => {
  const step = (operation: OperationName, fields?: string[]) =>
    firstStep(request(operation, { targets: [{ instance: 6, fields }] }), true);
  expect(step("RERUN_DOWNSTREAM")).toBe("scope");
  expect(step("RERUN_DOWNSTREAM", ["a"])).toBe("consequences");
  expect(step("FORCE_RERUN_CURRENT")).toBe("scope");
  expect(step("RERUN")).toBe("consequences");
  expect(hasSteps(request("FORCE_RERUN_CURRENT"), false)).toBe(false);
});
