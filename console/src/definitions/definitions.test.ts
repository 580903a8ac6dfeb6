import { describe, expect, it } from "vitest";
import { conflictsOf, definitionOf, editsOf, typed, withDraft } from "./drafts";
import { hunks, lineDiff } from "./lineDiff";

describe("drafts", () => {
  const file = { text: "a: 1\n", etag: "e1" };
  it("are there while the text differs from the file that was read", () => {
    expect(typed(undefined, file, "a: 2\n")).toEqual({ text: "a: 2\n", etag: "e1" });
    expect(typed({ text: "a: 2\n", etag: "e1" }, file, "a: 1\n")).toBeNull();
    // Somebody else made the file as this text is: it still was another that was read.
    expect(typed({ text: "x", etag: "e0" }, file, "a: 1\n")).toEqual({ text: "a: 1\n", etag: "e0" });
    expect(typed(undefined, undefined, "new")).toEqual({ text: "new", etag: "" });
  });
  it("are in conflict when the file changed, went or came", () => {
    const drafts = new Map([
      ["a.yaml", { text: "1", etag: "e1" }],
      ["b.yaml", { text: "2", etag: "e2" }],
      ["gone.yaml", { text: "3", etag: "e3" }],
      ["new.yaml", { text: "4", etag: "" }],
      ["came.yaml", { text: "5", etag: "" }],
    ]);
    const files = [
      { path: "a.yaml", etag: "e1" },
      { path: "b.yaml", etag: "other" },
      { path: "came.yaml", etag: "e5" },
    ];
    expect(conflictsOf(drafts, files)).toEqual(["b.yaml", "gone.yaml", "came.yaml"]);
  });
  it("are sent by path, removed files too", () => {
    const drafts = withDraft(new Map([["b.yaml", { text: "2", etag: "" }]]), "a.yaml", { text: null, etag: "e" });
    expect(editsOf(drafts)).toEqual([
      { path: "a.yaml", text: null, etag: "e" },
      { path: "b.yaml", text: "2", etag: "" },
    ]);
    expect(withDraft(drafts, "a.yaml", null).size).toBe(1);
  });
  it("begin where the task is defined", () => {
    const line = (path: string, tasks: { id: string; line: number }[]) => ({
      path,
      etag: "",
      size: 1,
      read_only: "",
      tasks,
    });
    const files = [line("a.yaml", []), line("b.yaml", [{ id: "shop.x", line: 7 }])];
    expect(definitionOf(files, "shop.x")).toEqual({ file: "b.yaml", line: 7 });
    expect(definitionOf(files, "shop.y")).toBeNull();
  });
});

describe("the difference of two texts", () => {
  const told = (a: string, b: string) =>
    lineDiff(a, b).map((each) => `${{ same: " ", out: "-", in: "+" }[each.kind]}${each.text}`);
  it("names the lines that go and come", () => {
    expect(told("a\nb\nc", "a\nx\nc")).toEqual([" a", "-b", "+x", " c"]);
    expect(told("a", "a")).toEqual([" a"]);
    expect(told("", "a\nb")).toEqual(["-", "+a", "+b"]);
    expect(told("a\nb\nc\nd", "b\nc\ne\nd")).toEqual(["-a", " b", " c", "+e", " d"]);
  });
  it("leads from one text to the other, whatever they are", () => {
    let seed = 7;
    const pick = (count: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % count;
    };
    for (let round = 0; round < 200; round++) {
      const text = () => Array.from({ length: pick(12) }, () => "abc"[pick(3)]).join("\n");
      const [a, b] = [text(), text()];
      const lines = lineDiff(a, b);
      const side = (leave: string) =>
        lines
          .filter((each) => each.kind !== leave)
          .map((each) => each.text)
          .join("\n");
      expect(side("in")).toBe(a);
      expect(side("out")).toBe(b);
    }
  });
  it("is shown with a few lines around", () => {
    const before = Array.from({ length: 40 }, (_, at) => `line ${at}`);
    const after = before.map((line, at) => (at === 5 || at === 30 ? `${line}!` : line));
    const shown = hunks(lineDiff(before.join("\n"), after.join("\n")), 2);
    expect(shown.map((each) => [each.skipped, each.lines.length])).toEqual([
      [3, 6],
      [20, 6],
    ]);
    expect(hunks(lineDiff("a", "a"))).toEqual([]);
  });
});
