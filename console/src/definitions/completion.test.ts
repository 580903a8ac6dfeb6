import { CompletionContext } from "@codemirror/autocomplete";
import { yaml } from "@codemirror/lang-yaml";
import { ensureSyntaxTree } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { describe, expect, it } from "vitest";
import text from "../../../docs/workspace.schema.json?raw";
import { completingKeys, type Schema } from "./completion";

const SCHEMA = JSON.parse(text) as Schema;

/** What is offered at `|`. */
function offered(text: string): string[] {
  const at = text.indexOf("|");
  const state = EditorState.create({ doc: text.replace("|", ""), extensions: [yaml()] });
  ensureSyntaxTree(state, state.doc.length, 1000);
  const found = completingKeys(() => SCHEMA)(new CompletionContext(state, at, true));
  return found && !(found instanceof Promise) ? found.options.map((each) => each.label) : [];
}

describe("keys at a place", () => {
  it("are sections at the beginning of a line", () => {
    expect(offered("fac|")).toContain("fact_tables");
    expect(offered("tenant: {name: a}\nfac|")).not.toContain("tenant");
  });
  it("are those of an object, in blocks and in braces", () => {
    const block = offered("fact_tables:\n  - name: orders\n    sche|");
    expect(block).toContain("schedule");
    expect(block).not.toContain("name");
    expect(offered("fact_tables:\n  - name: orders\n    schedule: {cy|}")).toContain("cycle");
    expect(offered("dimension_tables:\n  - name: u\n    key: {na|}")).toContain("name");
    expect(offered("defaults:\n  sche|")).toContain("schedule");
  });
  it("are words where words are known", () => {
    expect(offered("fact_tables:\n  - name: orders\n    schedule: {cycle: W|}")).toContain("WEEK");
    expect(offered("scripts:\n  - name: s\n    type: S|")).toEqual(expect.arrayContaining(["SQL", "SHELL"]));
  });
  it("are none in comments", () => {
    expect(offered("# fac|")).toEqual([]);
  });
});
