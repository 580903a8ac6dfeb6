import { describe, expect, it } from "vitest";
import { safe, signInPath } from "./paths";
import { environmentOf, inEnvironment, patched } from "./url";

describe("the query as state", () => {
  it("sets, repeats and takes out names, and leaves the others alone", () => {
    expect(patched("a=1&b=2", { b: "3" })).toBe("a=1&b=3");
    expect(patched("a=1", { c: ["x", "y"] })).toBe("a=1&c=x&c=y");
    expect(patched("?a=1&c=x&c=y", { c: null })).toBe("a=1");
    expect(patched("a=1&b=2", { a: "", b: [] })).toBe("");
  });
  it("carries the environment to other addresses", () => {
    expect(environmentOf("?env=dev")).toBe("DEV");
    expect(environmentOf("env=prod")).toBe("PROD");
    expect(inEnvironment("/tasks", "PROD")).toBe("/tasks");
    expect(inEnvironment("/instances?tab=modeling", "DEV")).toBe("/instances?tab=modeling&env=dev");
  });
});

describe("the way back after signing in", () => {
  it("remembers where somebody wanted to go", () => {
    expect(signInPath("/instances", "env=dev&q=a b")).toBe("/sign-in?next=%2Finstances%3Fenv%3Ddev%26q%3Da%20b");
    expect(signInPath("/", "")).toBe("/sign-in");
  });
  it("never leads out of the console", () => {
    expect(safe("/instances?env=dev")).toBe("/instances?env=dev");
    for (const bad of ["//evil.example", "https://evil.example", "/\\evil.example", "", null])
      expect(safe(bad)).toBe("/");
  });
});
