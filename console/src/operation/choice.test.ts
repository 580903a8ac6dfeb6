import { describe, expect, test } from "vitest";
import { bodyOf, firstChoice, isBatch, missing } from "./choice";
import type { OperationName, OperationRequest } from "./open";

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
    const custom = { ...choice, scope: "CUSTOM", members: [7] };
    expect(bodyOf(downstream, custom).options?.members).toEqual([{ instance: 7, fields: null }]);
    expect(missing(downstream, { ...custom, members: [] })).toBe("members");
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
