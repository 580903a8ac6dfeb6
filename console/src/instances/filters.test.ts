import { describe, expect, test } from "vitest";
import { dayBefore, filtersOf, isNarrowed, orderOf, tabOf, valuesOf } from "./filters";

const of = (text: string) => filtersOf(new URLSearchParams(text), "PROD");

describe("filters of the address", () => {
  test("without any: logical tables of yesterday", () => {
    expect(of("")).toEqual({ environment: "PROD", type: "LOGICAL_TABLE", bizdate: ["yesterday"] });
  });
  test("several values, given twice or with commas", () => {
    expect(of("status=FAILED,RUNNING&status=WAITING").status).toEqual(["FAILED", "RUNNING", "WAITING"]);
    expect(valuesOf(new URLSearchParams("owner=a,b&owner=c"), "owner")).toEqual(["a", "b", "c"]);
  });
  test("every date, one date, a span of dates", () => {
    expect(of("bizdate=all").bizdate).toBeUndefined();
    expect(of("bizdate=20260301").bizdate).toEqual(["20260301"]);
    expect(of("bizdate_from=20260301&bizdate_to=20260302")).toEqual({
      environment: "PROD",
      type: "LOGICAL_TABLE",
      bizdate_from: "20260301",
      bizdate_to: "20260302",
    });
  });
  test("instances by id are of any date", () => {
    expect(of("id=4,5,x")).toEqual({ environment: "PROD", type: "LOGICAL_TABLE", id: [4, 5] });
  });
  test("paused is a flag beside the statuses", () => {
    expect(of("status=PAUSED")).toMatchObject({ paused: true });
    expect(of("status=PAUSED").status).toBeUndefined();
  });
  test("scripts have no kind of table", () => {
    expect(tabOf(new URLSearchParams("tab=scripts"))).toBe("scripts");
    expect(of("tab=scripts&kind=FACT")).toEqual({ environment: "PROD", type: "SCRIPT", bizdate: ["yesterday"] });
  });
  test("order and what narrows", () => {
    expect(orderOf(new URLSearchParams(""))).toEqual({ name: "due", order: "desc" });
    expect(orderOf(new URLSearchParams("sort=name&order=asc"))).toEqual({ name: "name", order: "asc" });
    expect(isNarrowed(new URLSearchParams("tab=scripts&sort=name"))).toBe(false);
    expect(isNarrowed(new URLSearchParams("q=a"))).toBe(true);
  });
  test("the day before", () => {
    expect(dayBefore("2026-03-01")).toBe("2026-02-28");
  });
});
