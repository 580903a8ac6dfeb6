import { expect, test } from "vitest";
import type { Choice, Member, Plan } from "./choice";
import { barred, candidates, fieldsOf, fitting, NO_FILTERS, stillThere, withField, withMembers } from "./members";

function member(instance: number, name: string, more: Partial<Member> = {}): Member {
  return {
    instance,
    name,
    project: "shop",
    owners: ["alice"],
    bizdate: "20260301",
    due_at: "2026-03-02T00:00:00Z",
    status: ["Succeeded"],
    level: 1,
    nodes: 1,
    fields: [],
    field_status: [],
    required: [],
    paused: false,
    ...more,
  };
}

const TABLE = member(5, "E", {
  status: ["Failed", "Succeeded"],
  fields: ["m1", "m2", "m3"],
  field_status: ["Succeeded", "Failed", "Succeeded"],
  required: ["m2", "m3"],
});
const WIDE = {
  members: [member(7, "X", { level: 2, owners: ["oscar"] }), TABLE],
  optional: [member(9, "O")],
  excluded: [],
  nodes: [{ id: 70, instance: 7 }],
  refusals: [
    {
      code: "SCOPE_HAS_ACTIVE",
      message: "",
      status: 409,
      items: [{ id: 70, name: "X", status: "Running", reason: "in flight" }],
    },
    {
      code: "FORBIDDEN",
      message: "",
      status: 403,
      items: [{ id: 1, name: "G.m9", status: "", reason: "no permission in project 'g'" }],
    },
  ],
} as unknown as Plan;
const CHOICE = { members: [] as Choice["members"] } as Choice;

test("candidates come by level and name; what waits or runs is closed, what may not be operated is named", () => {
  expect(candidates(WIDE).map(({ name, optional, closed }) => [name, optional, closed])).toEqual([
    ["E", false, ""],
    ["O", true, ""],
    ["X", false, "Running"],
  ]);
  expect(barred(WIDE)).toEqual(["G"]);
  const excluded = [{ id: 2, name: "E.m4", status: "", reason: "no permission in project 'g'" }];
  expect(barred({ ...WIDE, excluded })).toEqual(["E.m4", "G"]);
});

test("members are found by name, id, a field's name, status and owner", () => {
  const names = (patch: Partial<typeof NO_FILTERS>) =>
    fitting(candidates(WIDE), { ...NO_FILTERS, ...patch }).map((each) => each.name);
  expect(names({ search: "x" })).toEqual(["X"]);
  expect(names({ search: "5" })).toEqual(["E"]);
  expect(names({ search: "m2" })).toEqual(["E"]);
  expect(names({ status: "Failed" })).toEqual(["E"]);
  expect(names({ owner: "oscar" })).toEqual(["X"]);
  expect(names({ level: "1" })).toEqual(["E", "O"]);
});

test("fields that depend on the start come before those that only run along", () => {
  const [table] = candidates(WIDE);
  if (!table) throw new Error("no table");
  expect(fieldsOf(table, NO_FILTERS).map((each) => each.name)).toEqual(["m2", "m3", "m1"]);
  expect(fieldsOf(table, { ...NO_FILTERS, search: "m2" }).map((each) => each.name)).toEqual(["m2"]);
  expect(fieldsOf(table, { ...NO_FILTERS, status: "Failed" }).map((each) => each.name)).toEqual(["m2"]);
});

test("a member is chosen as a whole or by fields, and all that depends is the whole", () => {
  const [table] = candidates(WIDE);
  if (!table) throw new Error("no table");
  const one = withField(CHOICE, table, "m2", true);
  expect(one).toEqual([{ instance: 5, fields: ["m2"] }]);
  expect(withField({ ...CHOICE, members: one }, table, "m3", true)).toEqual([{ instance: 5, fields: null }]);
  expect(withField({ ...CHOICE, members: one }, table, "m2", false)).toEqual([]);
  const whole = withMembers(CHOICE, [table], true);
  expect(whole).toEqual([{ instance: 5, fields: null }]);
  expect(withField({ ...CHOICE, members: whole }, table, "m3", false)).toEqual([{ instance: 5, fields: ["m2"] }]);
});

test("what is not downstream any more is not chosen any more", () => {
  const chosen: Choice["members"] = [
    { instance: 5, fields: ["m2", "gone"] },
    { instance: 7, fields: null },
    { instance: 99, fields: null },
  ];
  const wide = { ...WIDE, totals: { members: 2, optional: 1 } } as Plan;
  expect(stillThere(chosen, wide)).toEqual([
    { instance: 5, fields: ["m2"] },
    { instance: 7, fields: null },
  ]);
  const kept = stillThere(chosen, wide);
  expect(stillThere(kept, wide)).toBe(kept);
  expect(stillThere(chosen, { ...wide, totals: { members: 9 } } as Plan)).toBe(chosen);
});
