import { Text } from "@codemirror/state";
import { expect, it } from "vitest";
import { markOf, spanOf } from "./marks";

it("an error is marked where the text that was run lies in the editor", () => {
  const said = "ODPS-0130071:[1,8] Semantic analysis exception - column nope cannot be resolved";
  expect(markOf(said, { line: 1, column: 1 })).toMatchObject({ line: 1, column: 8, code: "ODPS-0130071:[1,8]" });
  expect(markOf(said, { line: 4, column: 11 })).toMatchObject({ line: 4, column: 18 });
  expect(markOf("ODPS-0130161:[3,2] x", { line: 4, column: 11 })).toMatchObject({ line: 6, column: 2, message: "x" });
  expect(markOf("ODPS-0121095: division by zero", { line: 1, column: 1 })).toBeNull();
});

it("a mark covers the word at its place, and nothing where there is no such place", () => {
  const doc = Text.of(["SELECT nope", "FROM `a b`"]);
  const at = (line: number, column: number) => spanOf(doc, { line, column, message: "", code: "" });
  expect(at(1, 8)).toEqual({ from: 7, to: 11, end: 11 });
  expect(at(2, 6)).toEqual({ from: 17, to: 22, end: 22 });
  expect(at(1, 90)).toEqual({ from: 11, to: 11, end: 11 });
  expect([at(3, 1), at(0, 1)]).toEqual([null, null]);
});
