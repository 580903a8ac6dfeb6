import { describe, expect, it } from "vitest";
import { blockedCheck, type Diagnosis, firstToSee, shortened } from "./diagnosis";
import { findingText, noticeText } from "./diagnosisTexts";
import {
  chosenAfter,
  type Field,
  fitting,
  matrixCell,
  modeOf,
  type Node,
  selectionOffer,
  withoutCommon,
} from "./fields";
import { difference, highlighted } from "./highlight";
import { CARD, curve, placed } from "./lineageLayout";

const ref = (id: number) => ({ id, name: `n${id}`, status: "SUCCESS", paused: false }) as Field["nodes"][number];
const field = (name: string, more: Partial<Field> = {}): Field =>
  ({
    name,
    label: "",
    role: "VALUE",
    status: "SUCCEEDED",
    paused: "",
    nodes: [ref(1)],
    operations: {},
    ...more,
  }) as Field;

describe("fields", () => {
  const all = [
    field("id", { role: "KEY", status: null }),
    field("wind_speed", { label: "Wind", status: "FAILED" }),
    field("rain", { paused: "partly paused" }),
  ];
  it("fit by part of the name or label and by any of the statuses", () => {
    const names = (search: string, statuses: string[]) => fitting(all, search, statuses).map((each) => each.name);
    expect(names("", [])).toEqual(["id", "wind_speed", "rain"]);
    expect(names(" WIND", [])).toEqual(["wind_speed"]);
    expect(names("", ["SUCCEEDED"])).toEqual(["rain"]);
    expect(names("", ["FAILED", "PAUSED"])).toEqual(["wind_speed", "rain"]);
  });
  it("are listed unless another view is asked for", () => {
    expect([modeOf(null), modeOf("matrix"), modeOf("x")]).toEqual(["list", "matrix", "list"]);
  });
  it("are chosen one by one, and from one to another", () => {
    const shown = ["a", "b", "c", "d"];
    expect([...chosenAfter(new Set(["a"]), shown, "a", null, false)]).toEqual([]);
    expect([...chosenAfter(new Set(["b"]), shown, "d", "b", true)]).toEqual(["b", "c", "d"]);
    expect([...chosenAfter(new Set(["d"]), shown, "b", "d", true)].sort()).toEqual(["b", "c", "d"]);
    expect([...chosenAfter(new Set(), shown, "b", "gone", true)]).toEqual(["b"]);
  });
});

describe("the matrix", () => {
  const nodes = [1, 2, 3, 4].map((id) => ({ id }) as Node);
  it("joins the copies of a redundant field through the columns between them", () => {
    const copied = field("f", { nodes: [ref(1), ref(3)] });
    const cells = nodes.map((_, at) => matrixCell(copied, nodes, at));
    expect(cells.map((cell) => cell.node?.id)).toEqual([1, undefined, 3, undefined]);
    expect(cells.map((cell) => [cell.left, cell.right])).toEqual([
      [false, true],
      [true, true],
      [true, false],
      [false, false],
    ]);
  });
  it("has heads without the long beginning that all nodes share", () => {
    expect(withoutCommon(["agg_carrier_1d", "agg_carrier_7d", "agg_carrier_mtd_x"])).toEqual(["…1d", "…7d", "…mtd_x"]);
    expect(withoutCommon(["weather_air", "weather_sky"])).toEqual(["weather_air", "weather_sky"]);
    expect(withoutCommon(["air_a", "air_b"])).toEqual(["air_a", "air_b"]);
    expect(withoutCommon(["agg_carrier_", "agg_carrier_7d"])).toEqual(["agg_carrier_", "agg_carrier_7d"]);
    expect(withoutCommon(["agg_carrier_1d"])).toEqual(["agg_carrier_1d"]);
  });
  it("joins nothing of keys and of fields of one node", () => {
    const key = field("k", { role: "KEY", nodes: [ref(1), ref(2)] });
    expect(matrixCell(key, nodes, 0)).toMatchObject({ left: false, right: false });
    expect(matrixCell(field("f"), nodes, 0)).toMatchObject({ left: false, right: false });
  });
});

it("an operation on a selection takes the fields that admit it, and says why not the others", () => {
  const shut = (reason: string) => ({ open: false, code: "STATUS_NOT_ALLOWED", reason });
  const offer = selectionOffer(
    [
      field("a", { operations: { RERUN: { open: true, code: "", reason: "" } } }),
      field("b", { operations: { RERUN: shut("it runs") } }),
      field("c", { operations: { RERUN: shut("it waits") } }),
      field("d", { operations: { RERUN: shut("it waits") } }),
    ],
    "RERUN",
  );
  expect(offer.open).toEqual(["a"]);
  expect(offer.reasons.map((each) => [each.reason, each.count])).toEqual([
    ["it waits", 2],
    ["it runs", 1],
  ]);
});

describe("a lineage", () => {
  const item = (key: string) => ({ key, height: CARD.height });
  it("has its columns side by side, each centred on the tallest", () => {
    const layout = placed([[item("a"), item("b"), item("c")], [item("n")]], 800);
    const place = (key: string) => layout.places.get(key) ?? { x: -1, y: -1 };
    expect(place("n").y).toBe(place("b").y);
    expect(place("b").y - place("a").y).toBe(CARD.height + CARD.gap);
    expect(place("n").x).toBeGreaterThan(place("a").x + CARD.width);
    expect(layout.height).toBeGreaterThan(place("c").y + CARD.height);
  });
  it("takes more room than there is rather than let cards touch", () => {
    const layout = placed([[item("a")], [item("b")], [item("c")]], 100);
    const [first = 0, second = 0] = layout.columns;
    expect(second - first).toBeGreaterThan(CARD.width + 20);
    expect(layout.width).toBeGreaterThan(100);
  });
  it("leads from the right edge to the left one", () => {
    expect(curve({ x: 0, y: 0 }, { x: CARD.width + 100, y: 0 })).toBe("M176 26C226 26 226 26 276 26");
  });
});

describe("highlighting", () => {
  const shades = (code: string, kind: string) =>
    highlighted(code, kind).map((line) =>
      line.filter((piece) => piece.shade).map((piece) => [piece.text, piece.shade]),
    );
  it("tells words, texts, numbers, parameters and comments of SQL apart", () => {
    expect(shades(`SELECT a, 12 FROM t WHERE ds = '\${bizdate}' -- why`, "SQL")).toEqual([
      [
        ["SELECT", "word"],
        ["12", "number"],
        ["FROM", "word"],
        ["WHERE", "word"],
        ["'", "text"],
        [`\${bizdate}`, "parameter"],
        ["'", "text"],
        ["-- why", "comment"],
      ],
    ]);
  });
  it("keeps a comment over lines, and every character", () => {
    const code = "a /* one\ntwo */ select 'it''s'\n\nx";
    expect(shades(code, "SQL")[1]).toEqual([
      ["two */", "comment"],
      ["select", "word"],
      ["'it''s'", "text"],
    ]);
    expect(
      highlighted(code, "SQL")
        .map((line) => line.map((piece) => piece.text).join(""))
        .join("\n"),
    ).toBe(code);
  });
  it("knows the words of Python, and leaves what it does not know plain", () => {
    expect(shades("def f(): # x", "Python")).toEqual([
      [
        ["def", "word"],
        ["# x", "comment"],
      ],
    ]);
    expect(shades("select 1", "Transfer")).toEqual([[]]);
  });
});

describe("the difference of two texts", () => {
  const marks = (a: string, b: string) => difference(a, b).map((line) => `${line.change[0]} ${line.text}`);
  it("keeps the longest common run of lines", () => {
    expect(marks("a\nb\nc", "a\nx\nc\nd")).toEqual(["s a", "r b", "a x", "s c", "a d"]);
    expect(marks("a", "a")).toEqual(["s a"]);
  });
  it("gives back both texts", () => {
    const [a, b] = ["1\n2\n3\n4\n5", "2\n9\n4\n5\n6"];
    const lines = difference(a, b);
    expect(
      lines
        .filter((line) => line.change !== "added")
        .map((line) => line.text)
        .join("\n"),
    ).toBe(a);
    expect(
      lines
        .filter((line) => line.change !== "removed")
        .map((line) => line.text)
        .join("\n"),
    ).toBe(b);
  });
});

it("a long way to the cause is told from both ends", () => {
  const way = [1, 2, 3, 4, 5, 6, 7, 8].map((id) => ({ id }));
  expect(shortened(way.slice(0, 6))).toHaveLength(6);
  expect(shortened(way).map((each) => (typeof each === "number" ? `+${each}` : each.id))).toEqual([
    1,
    2,
    3,
    "+3",
    7,
    8,
  ]);
});

describe("a finding", () => {
  const failed = { code: "FAILED", values: { attempt: 2, reason: "TIMEOUT", detail: "over" }, text: "in English" };
  it("is a sentence of either language", () => {
    expect(findingText("en", failed, "UTC")).toBe("Attempt 2 failed: Timed out, over");
    expect(findingText("zh", failed, "UTC")).toBe("第 2 次尝试失败：超时，over");
    const due = { code: "NOT_DUE", values: { at: "2026-03-01T16:10:00Z" }, text: "" };
    expect(findingText("en", due, "Asia/Shanghai")).toBe("Waits for 2026-03-02 00:10:00");
  });
  it("that is not known yet is told in the server's words", () => {
    expect(findingText("zh", { ...failed, code: "NEW" }, "UTC")).toBe("in English");
  });
  it("of the generation names the upstream task", () => {
    const said = "no instance of upstream task 'shop.A' in the dependency cycle; the dependency counts as satisfied";
    expect(noticeText("zh", said)).toContain("shop.A");
    expect(noticeText("zh", "something else")).toBe("something else");
  });
});

it("a diagnosis begins at the first node that a check blocks", () => {
  const of = (id: number, verdicts: string[]) =>
    ({
      node: { id },
      checks: verdicts.map((verdict, at) => ({ check: `C${at}`, verdict, text: "" })),
    }) as Diagnosis;
  const passed = of(1, ["PASSED", "PASSED"]);
  const blocked = of(2, ["PASSED", "BLOCKED"]);
  expect(blockedCheck(blocked)?.check).toBe("C1");
  expect(blockedCheck(passed)).toBeUndefined();
  expect(firstToSee([passed, of(3, ["NOT_CHECKED"]), blocked])?.node.id).toBe(2);
  expect(firstToSee([passed, of(3, ["NOT_CHECKED"])])?.node.id).toBe(3);
  expect(firstToSee([passed])?.node.id).toBe(1);
});
