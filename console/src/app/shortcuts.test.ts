import { expect, it } from "vitest";
import { pressed } from "./shortcuts";

const key = (of: string, held: Partial<Record<"ctrlKey" | "metaKey" | "altKey" | "shiftKey", boolean>> = {}) =>
  pressed({ key: of, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

it("keys are named as shortcuts are written", () => {
  expect(key("j")).toBe("j");
  expect(key("X", { shiftKey: true })).toBe("Shift+x");
  expect(key("?", { shiftKey: true })).toBe("?");
  expect(key("k", { ctrlKey: true })).toBe("Ctrl+k");
  expect(key("k", { metaKey: true })).toBe("Ctrl+k");
  expect(key("Enter", { ctrlKey: true })).toBe("Ctrl+Enter");
  expect(key("ArrowDown", { shiftKey: true })).toBe("Shift+ArrowDown");
});
