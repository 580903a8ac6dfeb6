import { expect, it } from "vitest";
import { pins, turned } from "./columns";
import { shortened, split } from "./text";

it("pinned columns stick one beside the other, from their edge", () => {
  const found = pins([
    { key: "box", width: 36, pin: "left" },
    { key: "name", width: 190, pin: "left" },
    { key: "due", width: 50 },
    { key: "mark", width: 20, pin: "right" },
    { key: "more", width: 80, pin: "right" },
  ]);
  expect(Object.fromEntries(found)).toEqual({
    box: { at: 0, edge: false },
    name: { at: 36, edge: true },
    mark: { at: 80, edge: true },
    more: { at: 0, edge: false },
  });
});

it("a click on a head sorts by it, a second the other way round", () => {
  expect(turned(null, "due")).toEqual({ name: "due", order: "desc" });
  expect(turned({ name: "due", order: "desc" }, "due")).toEqual({ name: "due", order: "asc" });
  expect(turned({ name: "due", order: "asc" }, "name", "asc")).toEqual({ name: "name", order: "asc" });
});

it("long names lose their middle, never their end", () => {
  expect(split("agg_carrier_1d")).toEqual(["agg_carrier_1d", ""]);
  expect(split("agg_origin_destination_month_1d")).toEqual(["agg_origin_destination_m", "onth_1d"]);
  expect(shortened("four words are here", 10)).toBe("four word…");
});
