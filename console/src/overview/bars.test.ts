import { expect, it } from "vitest";
import { inOrder } from "./bars";

it("bars begin with what is done and leave out what is not there", () => {
  expect(inOrder({ NOT_RUNNING: 2, SUCCEEDED: 3, FAILED: 0, RUNNING: 1 })).toEqual([
    ["SUCCEEDED", 3],
    ["RUNNING", 1],
    ["NOT_RUNNING", 2],
  ]);
});
