import { expect, it } from "vitest";
import { keep, keepProject, keepSent, kept, lastSent, runOf, toRun, usualProject } from "./draft";

it("the selection runs when there is one", () => {
  expect(toRun({ text: "SELECT 1; SELECT 2;", selection: "SELECT 2;" })).toBe("SELECT 2;");
  expect(toRun({ text: "SELECT 1", selection: " \n" })).toBe("SELECT 1");
  expect(toRun({ text: " \n", selection: "" })).toBe("");
});

it("drafts survive, and a browser that keeps nothing does no harm", () => {
  const held = new Map<string, string>();
  const storage = {
    getItem: (key: string) => held.get(key) ?? null,
    setItem: (key: string, value: string) => void held.set(key, value),
  };
  keep(storage, "SELECT 1");
  keep(storage, "x".repeat(300_000));
  expect(kept(storage)).toBe("SELECT 1");
  expect(lastSent(storage)).toBeNull();
  keepSent(storage, { id: "2026", line: 3, column: 7 });
  expect(lastSent(storage)).toEqual({ id: "2026", line: 3, column: 7 });
  const closed = {
    getItem: () => {
      throw new Error("denied");
    },
    setItem: () => {
      throw new Error("denied");
    },
  };
  keep(closed, "SELECT 2");
  expect(kept(closed)).toBe("");
  expect(kept(undefined)).toBe("");
});

it("the address names a run by project and id", () => {
  expect(runOf("shop/2026")).toEqual({ project: "shop", id: "2026" });
  expect([runOf(null), runOf("shop"), runOf("a/b/c")]).toEqual([null, null, null]);
});

it("the project that was run in last is the usual one while it may be run in", () => {
  const held = new Map<string, string>();
  const storage = {
    getItem: (key: string) => held.get(key) ?? null,
    setItem: (key: string, value: string) => void held.set(key, value),
  };
  expect(usualProject(storage, ["a", "b"])).toBe("a");
  keepProject(storage, "b");
  expect([usualProject(storage, ["a", "b"]), usualProject(storage, ["a"]), usualProject(storage, [])]).toEqual([
    "b",
    "a",
    "",
  ]);
});
