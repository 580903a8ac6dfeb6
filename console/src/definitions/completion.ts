import type { Completion, CompletionContext, CompletionResult, CompletionSource } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";

/** What is used of a JSON Schema. */
export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  type?: string | string[];
  description?: string;
  default?: unknown;
  required?: string[];
}

export type Step = string | typeof ITEM;
export const ITEM = Symbol("item");

/** The schemas that hold at the end of a way; several where there are alternatives. */
export function schemasAt(root: Schema, way: readonly Step[]): Schema[] {
  let now = opened(root, [root]);
  for (const step of way) {
    const next = now.flatMap((each) => {
      if (step === ITEM) return each.items ? [each.items] : [];
      const further = typeof each.additionalProperties === "object" ? each.additionalProperties : undefined;
      const found = each.properties?.[step] ?? further;
      return found ? [found] : [];
    });
    now = opened(root, next);
  }
  return now;
}

/** Without references and alternatives. */
function opened(root: Schema, schemas: readonly Schema[], depth = 0): Schema[] {
  if (depth > 8) return [];
  return schemas.flatMap((each) => {
    const inner = [...(each.anyOf ?? []), ...(each.oneOf ?? [])];
    if (each.$ref) {
      const found = root.$defs?.[each.$ref.replace("#/$defs/", "")];
      if (found) inner.push(found);
    }
    return inner.length > 0 ? [...opened(root, inner, depth + 1), ...(each.properties ? [each] : [])] : [each];
  });
}

/** The way from the document to a place, and the keys that its mapping has already. */
export function wayTo(state: EditorState, at: number): { way: Step[]; taken: string[]; isValue: boolean } {
  const way: Step[] = [];
  let taken: string[] | null = null;
  let isValue = false;
  const text = (from: number, to: number) => state.sliceDoc(from, to).replace(/^['"]|['"]$/g, "");
  let node = syntaxTree(state).resolveInner(at, -1);
  let inside = node;
  for (;;) {
    if (node.name === "Pair") {
      const key = node.getChild("Key");
      const own = key && at <= key.to && at >= key.from;
      if (key && !own && inside.name !== "Key") {
        if (way.length === 0 && taken === null) isValue = true;
        way.unshift(text(key.from, key.to));
      }
    } else if (node.name === "Item") way.unshift(ITEM);
    else if (node.name === "FlowSequence") way.unshift(ITEM);
    else if ((node.name === "BlockMapping" || node.name === "FlowMapping") && taken === null) {
      taken = node.getChildren("Pair").flatMap((pair) => {
        const key = pair.getChild("Key");
        return key && !(at >= key.from && at <= key.to) ? [text(key.from, key.to)] : [];
      });
    }
    const parent = node.parent;
    if (!parent) break;
    inside = node;
    node = parent;
  }
  return { way, taken: taken ?? [], isValue };
}

function kinds(schema: Schema): string {
  if (schema.enum) return schema.enum.join(" | ");
  const type = Array.isArray(schema.type) ? schema.type.join(" | ") : (schema.type ?? "");
  return type;
}

function keysOf(schemas: readonly Schema[], root: Schema, taken: readonly string[]): Completion[] {
  const found = new Map<string, Completion>();
  for (const schema of schemas) {
    for (const [name, own] of Object.entries(schema.properties ?? {})) {
      if (found.has(name) || taken.includes(name)) continue;
      const isList = opened(root, [own]).some((each) => each.type === "array");
      const isMapping = opened(root, [own]).some((each) => each.properties);
      found.set(name, {
        label: name,
        apply: isList || isMapping ? `${name}:` : `${name}: `,
        detail: kinds(opened(root, [own])[0] ?? own),
        info: own.description,
        boost: schema.required?.includes(name) ? 1 : 0,
      });
    }
  }
  return [...found.values()];
}

function valuesOf(schemas: readonly Schema[]): Completion[] {
  const values = schemas.flatMap((each) => [
    ...(each.enum ?? []),
    ...(each.const !== undefined ? [each.const] : []),
    ...(each.type === "boolean" ? [true, false] : []),
  ]);
  return [...new Set(values.map(String))].map((label) => ({ label }));
}

/** Keys and words that the format of workspace files has at a place. */
export function completingKeys(schema: () => Schema | undefined): CompletionSource {
  return (context: CompletionContext): CompletionResult | null => {
    const root = schema();
    const word = context.matchBefore(/[\w]*/);
    if (!root || !word || (word.from === word.to && !context.explicit)) return null;
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, word.from - line.from);
    if (/(^|\s)#/.test(before)) return null;
    const { way, taken, isValue } = wayTo(context.state, context.pos);
    const schemas = schemasAt(root, way);
    const afterKey = isValue && /:\s+$/.test(before);
    const options = afterKey ? valuesOf(schemas) : keysOf(schemas, root, taken);
    return options.length > 0 ? { from: word.from, options, validFor: /^\w*$/ } : null;
  };
}
