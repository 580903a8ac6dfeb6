/** SQL as far as completion needs it: which statement the cursor is in, and which tables that statement reads and writes. */

export interface Mention {
  /** `[table]`, `[project, table]`, or `[project, schema, table]`, in lower case. */
  path: readonly string[];
  /** What columns are called by: the alias, else the table's name. */
  alias: string;
}

const SKIPPED = /'(?:[^'\\]|\\.|'')*'?|"(?:[^"\\]|\\.)*"?|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
const NAME = "`[^`]+`|[A-Za-z_]\\w*";
const PATH = `(?:${NAME})(?:\\s*\\.\\s*(?:${NAME})){0,2}`;
const ALIAS = `(?:\\s+(?:as\\s+)?(${NAME}))?`;
const MENTION = new RegExp(
  `(?:\\b(?:from|join|into|overwrite|update|table)|,)\\s+(?:table\\s+)?(${PATH})${ALIAS}`,
  "gi",
);
const NO_ALIAS = new Set(
  (
    "on where group order having limit join inner left right full cross outer union minus intersect except lateral select set values partition " +
    "using when distribute sort cluster window qualify anti semi natural tablesample as with"
  ).split(" "),
);

/** Texts and comments as blanks of the same length. */
function bare(text: string): string {
  return text.replace(SKIPPED, (found) => " ".repeat(found.length));
}

/** The statement that a place lies in, without its texts and comments. */
export function statementAt(text: string, at: number): string {
  const plain = bare(text);
  const from = plain.lastIndexOf(";", at - 1) + 1;
  const to = plain.indexOf(";", at);
  return plain.slice(from, to < 0 ? undefined : to);
}

/** Tables that a statement names where tables stand. Names that only look like tables find nothing on the server. */
export function mentionsIn(statement: string): Mention[] {
  const found: Mention[] = [];
  for (const [, path = "", alias = ""] of statement.matchAll(MENTION)) {
    const parts = path.split(".").map(plainName);
    const own = NO_ALIAS.has(alias.toLowerCase()) ? "" : plainName(alias);
    const last = parts[parts.length - 1] ?? "";
    if (!NO_ALIAS.has(last)) found.push({ path: parts, alias: own || last });
  }
  return found;
}

export function plainName(text: string): string {
  return text.trim().replaceAll("`", "").toLowerCase();
}
