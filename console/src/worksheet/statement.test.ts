import { describe, expect, it } from "vitest";
import { mentionsIn, statementAt } from "./statement";

describe("the statement at the cursor", () => {
  it("ends at semicolons that stand in no text and no comment", () => {
    const text = "SELECT ';' FROM a; -- b;\nSELECT 1 /* ; */ FROM c; SELECT 2";
    expect(statementAt(text, 3)).toBe("SELECT     FROM a");
    expect(statementAt(text, text.indexOf("FROM c")).trim()).toMatch(/^SELECT 1 +FROM c$/);
    expect(statementAt(text, text.length).trim()).toBe("SELECT 2");
    expect(statementAt("SELECT 'open; FROM", 18)).not.toContain("open");
  });
});

describe("tables of a statement", () => {
  const of = (sql: string) =>
    mentionsIn(statementAt(sql, sql.length)).map(({ path, alias }) => [path.join("."), alias]);
  it("have the alias that columns are called by", () => {
    expect(of("SELECT f. FROM flights f JOIN shop.`Planes` AS p ON f.x = p.y WHERE 1 = 1")).toEqual([
      ["flights", "f"],
      ["shop.planes", "p"],
    ]);
    expect(of("INSERT OVERWRITE TABLE a.b.c PARTITION (ds = '1') SELECT * FROM d WHERE ")).toEqual([
      ["a.b.c", "c"],
      ["d", "d"],
    ]);
    expect(of("SELECT * FROM a x, b WHERE ")).toEqual([
      ["a", "x"],
      ["b", "b"],
    ]);
  });
  it("are not looked for in texts and sub-queries", () => {
    expect(of("SELECT 'from nowhere' FROM (SELECT 1) t")).toEqual([]);
  });
});
