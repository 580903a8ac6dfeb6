import { describe, expect, it } from "vitest";
import { monthDaysText, timesText } from "./schedule";
import { linksOf, taskPath } from "./useTask";

describe("links of a task", () => {
  it("a Basic project has one node, which is edited", () => {
    expect(linksOf("BASIC", "PROD")).toEqual({ production: "devProdOnly", development: "devProdOnly", edit: null });
  });
  it("a Dev-Prod project is edited in development", () => {
    expect(linksOf("DEV_PROD", "DEV")).toEqual({ production: null, development: null, edit: "basicOnly" });
    expect(linksOf("DEV_PROD", "PROD")).toEqual({ production: "isProduction", development: null, edit: "basicOnly" });
  });
});

it("addresses hold any id", () => {
  expect(taskPath("shop.a/b", "dag")).toBe("/tasks/shop.a%2Fb/dag");
});

describe("schedules in words", () => {
  const counted = (count: number) => `${count} times`;
  it("few times are told, many are counted", () => {
    expect(timesText(["00:10", "12:10"], counted)).toBe("00:10, 12:10");
    expect(timesText(["00:00", "01:00", "02:00", "03:00", "04:00"], counted)).toBe("00:00 – 04:00, 5 times");
    expect(timesText([], counted)).toBe("");
  });
  it("the last day of the month comes last", () => {
    expect(monthDaysText([-1, 15, 1], "last")).toBe("1, 15, last");
  });
});
