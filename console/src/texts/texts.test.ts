import { describe, expect, it } from "vitest";
import { bizdate, bytes, dateTime, duration, NONE, runDay, shortTimeOn, timeOn } from "./format";
import { first } from "./language";
import { number, plural } from "./texts";

const ZONE = "Asia/Shanghai";

describe("times", () => {
  it("are shown in the tenant's zone", () => {
    expect(dateTime("2026-03-01T16:30:00Z", ZONE)).toBe("2026-03-02 00:30:00");
    expect(dateTime("2026-03-01T16:30:00Z", "UTC")).toBe("2026-03-01 16:30:00");
  });
  it("have the date in front only on other days", () => {
    expect(timeOn("2026-03-01T16:30:00Z", ZONE, "2026-03-02")).toBe("00:30:00");
    expect(timeOn("2026-03-02T16:30:00Z", ZONE, "2026-03-02")).toBe("03-03 00:30:00");
    expect(timeOn("2025-12-31T15:00:00Z", ZONE, "2026-01-01")).toBe("2025-12-31 23:00:00");
    expect(shortTimeOn("2026-03-01T16:30:00Z", ZONE, "2026-03-02")).toBe("00:30");
  });
  it("are a dash where there is none", () => {
    expect([dateTime(null, ZONE), timeOn(undefined, ZONE, null), shortTimeOn("", ZONE, null)]).toEqual([
      NONE,
      NONE,
      NONE,
    ]);
  });
  it("of data timestamps are days, and run on the day after", () => {
    expect(bizdate("20240228")).toBe("2024-02-28");
    expect([runDay("20240228"), runDay("20251231"), runDay("2013-06-14")]).toEqual([
      "2024-02-29",
      "2026-01-01",
      "2013-06-15",
    ]);
  });
});

it("durations have two parts at most", () => {
  expect([0, 0.34, 21, 59.6, 3079, 7440, 180_000].map(duration)).toEqual([
    "0s",
    "340ms",
    "21s",
    "1m 00s",
    "51m 19s",
    "2h 04m",
    "2d 02h",
  ]);
  expect(duration(null)).toBe(NONE);
});

it("sizes have one decimal where it says something", () => {
  expect([0, 812, 3_440_000, 812_000_000_000].map(bytes)).toEqual(["0 B", "812 B", "3.4 MB", "812 GB"]);
});

it("numbers and plurals", () => {
  expect([number(1204), plural(1, "node"), plural(1204, "node"), plural(2, "query", "queries")]).toEqual([
    "1,204",
    "1 node",
    "1,204 nodes",
    "2 queries",
  ]);
});

it("the language is the kept one, else the first that the browser wants and there is, else English", () => {
  expect(first("zh", ["en-US"])).toBe("zh");
  expect(first(null, ["fr-FR", "zh-TW", "en"])).toBe("zh");
  expect(first("xx", ["fr"])).toBe("en");
});
