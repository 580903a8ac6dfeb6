import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { keywordCompletionSource } from "@codemirror/lang-sql";
import { syntaxTree } from "@codemirror/language";
import type { EditorView } from "@codemirror/view";
import { MAX_COMPUTE } from "./dialect";
import { DEFAULT_SCHEMA, type FunctionLine, type Names, type Place, quoted, type TableView } from "./names";
import { type Mention, mentionsIn, plainName, statementAt } from "./statement";

const SILENT = new Set(["String", "LineComment", "BlockComment"]);
const ENDS = /^[\w`]*$/;

const KEYWORDS = keywordCompletionSource(MAX_COMPUTE, true);

/** Words of the language; none behind a dot, where names stand. */
export function keywords(context: CompletionContext) {
  return context.matchBefore(/\.\s*\w*$/) ? null : KEYWORDS(context);
}

/** Tables, columns and functions where the cursor stands. */
export function completing(names: () => Names) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const before = context.matchBefore(/(?:[\w`]+\s*\.\s*)*[\w`]*$/);
    if (!before || /^\d/.test(before.text) || (before.from === before.to && !context.explicit)) return null;
    if (SILENT.has(syntaxTree(context.state).resolveInner(context.pos, -1).name)) return null;
    const parts = before.text.split(".").map(plainName);
    const word = parts.pop() ?? "";
    const from = context.pos - (/[\w`]*$/.exec(before.text)?.[0].length ?? 0);
    const mentioned = mentionsIn(statementAt(context.state.doc.toString(), context.pos));
    const own = names();
    const options = parts.length > 0 ? await behindDot(own, mentioned, parts) : await anywhere(own, mentioned, word);
    return context.aborted || options.length === 0 ? null : { from, options, validFor: ENDS };
  };
}

async function behindDot(names: Names, mentioned: readonly Mention[], parts: readonly string[]): Promise<Completion[]> {
  const [first = ""] = parts;
  const named = parts.length === 1 ? mentioned.filter((each) => each.alias === first) : [];
  const views = await Promise.all(
    (named.length > 0 ? named.map((each) => each.path) : [parts]).map((path) => tableAt(names, path)),
  );
  const columns = views.flatMap((view) => (view ? columnsOf(view) : []));
  if (columns.length > 0) return columns;
  const tables = await listed(names, { ...placeOf(names, [...parts, ""]), name: "" });
  return tables.map((each) => ({ label: quoted(each.name), type: "class", detail: each.comment, boost: 2 }));
}

async function anywhere(names: Names, mentioned: readonly Mention[], word: string): Promise<Completion[]> {
  const [tables, functions, ...views] = await Promise.all([
    listed(names, { project: names.project, schema: DEFAULT_SCHEMA, name: word }),
    names.functions(),
    ...mentioned.map((each) => tableAt(names, each.path)),
  ]);
  return [
    ...views.flatMap((view) => (view ? columnsOf(view) : [])),
    ...mentioned
      .filter((each) => each.alias !== each.path[each.path.length - 1])
      .map((each) => ({ label: each.alias, type: "variable" })),
    ...tables.map((each) => ({ label: quoted(each.name), type: "class", detail: each.comment, boost: 2 })),
    ...names.projects.map((each) => ({ label: each, type: "namespace", boost: -3 })),
    ...functions.map(calling),
  ];
}

function columnsOf(view: TableView): Completion[] {
  return view.columns.map((column) => ({
    label: quoted(column.name),
    type: "property",
    detail: column.type,
    info: column.comment || undefined,
    boost: 3,
  }));
}

function calling(line: FunctionLine): Completion {
  return {
    label: line.name,
    type: "function",
    detail: line.kind === "scalar" ? undefined : line.kind,
    boost: -2,
    info: `${line.signatures.join("\n")}\n${line.summary}`,
    apply: (view: EditorView, _: Completion, from: number, to: number) => {
      const insert = view.state.sliceDoc(to, to + 1) === "(" ? line.name : `${line.name}()`;
      view.dispatch({
        changes: { from, to, insert },
        selection: { anchor: from + line.name.length + 1 },
        userEvent: "input.complete",
      });
    },
  };
}

/** Where a path leads: `table` and `schema.table` of the chosen project, `project.table`, `project.schema.table`. */
function placeOf(names: Names, path: readonly string[]): Place {
  const [first = "", second = "", third = ""] = path;
  if (path.length === 3) return { project: first, schema: second, name: third };
  if (path.length === 1) return { project: names.project, schema: DEFAULT_SCHEMA, name: first };
  if (names.projects.includes(first)) return { project: first, schema: DEFAULT_SCHEMA, name: second };
  return { project: names.project, schema: first, name: second };
}

async function listed(names: Names, { project, schema, name }: Place) {
  const isThere =
    names.projects.includes(project) && (schema === DEFAULT_SCHEMA || (await names.schemas(project)).includes(schema));
  return isThere ? names.tables(project, schema, name) : [];
}

async function tableAt(names: Names, path: readonly string[]): Promise<TableView | null> {
  const place = placeOf(names, path);
  const found = await listed(names, place);
  return found.some((each) => each.name === place.name) ? names.table(place) : null;
}
