/** Light highlighting of SQL, Python and shell: words of the language, texts, numbers, comments. Not a parser: each line by itself, but for comments over lines. */

export type Shade = "word" | "text" | "number" | "comment" | "parameter" | "";

export interface Piece {
  text: string;
  shade: Shade;
}

const SQL =
  "select insert overwrite into table partition from where group by order having limit join left right full outer inner cross on and or not in is null as case when then else end with union all distinct over rows between values create drop alter view if exists like rlike sort distribute cluster lateral set delete update merge using matched true false cast interval date timestamp asc desc semi anti explain";
const PYTHON =
  "def return import from as if elif else for while in is not and or None True False class with try except finally raise lambda yield pass break continue global nonlocal assert del async await";
const SHELL = "if then else elif fi for while do done case esac in function return export local echo exit set cd";

const WORDS: Record<string, ReadonlySet<string>> = {
  SQL: new Set(SQL.split(" ")),
  PYTHON: new Set(PYTHON.split(" ")),
  SHELL: new Set(SHELL.split(" ")),
};

/** What is told apart, tried in this order at each place. */
const SQL_TOKEN =
  /(--.*$)|(\/\*.*?(?:\*\/|$))|('(?:[^'\\]|\\.|'')*'?|"(?:[^"\\]|\\.)*"?)|(\$\{[^}]*\}|\$\[[^\]]*\])|(\b\d+(?:\.\d+)?\b)|([A-Za-z_]\w*)/g;
const SCRIPT_TOKEN =
  /(#.*$)|(\0)|('(?:[^'\\]|\\.)*'?|"(?:[^"\\]|\\.)*"?)|(\$\{[^}]*\}|\$\[[^\]]*\])|(\b\d+(?:\.\d+)?\b)|([A-Za-z_]\w*)/g;
const SHADES: readonly Shade[] = ["comment", "comment", "text", "parameter", "number"];

/** Pieces of each line. `kind` of the node: SQL, PYTHON, SHELL; anything else is left plain. */
export function highlighted(code: string, kind: string): Piece[][] {
  const words = WORDS[kind.toUpperCase()];
  const sql = kind.toUpperCase() === "SQL";
  let within = false;
  return code.split("\n").map((line) => {
    if (!words) return plain(line);
    const pieces: Piece[] = [];
    let at = 0;
    if (within) {
      const end = line.indexOf("*/");
      if (end < 0) return [{ text: line, shade: "comment" }];
      pieces.push({ text: line.slice(0, end + 2), shade: "comment" });
      at = end + 2;
      within = false;
    }
    const token = new RegExp(sql ? SQL_TOKEN : SCRIPT_TOKEN);
    token.lastIndex = at;
    for (let found = token.exec(line); found; found = token.exec(line)) {
      if (found.index > at) pieces.push({ text: line.slice(at, found.index), shade: "" });
      const [text] = found;
      const which = found.slice(1).findIndex((group) => group !== undefined);
      const isWord = words.has(sql ? text.toLowerCase() : text);
      const shade = SHADES[which] ?? (isWord ? "word" : "");
      if (shade === "text") pieces.push(...withParameters(text));
      else pieces.push({ text, shade });
      if (sql && text.startsWith("/*") && !text.endsWith("*/")) within = true;
      at = found.index + text.length;
      token.lastIndex = at;
    }
    if (at < line.length) pieces.push({ text: line.slice(at), shade: "" });
    return pieces;
  });
}

/** Parameters stand within texts, too. */
function withParameters(text: string): Piece[] {
  return text
    .split(/(\$\{[^}]*\}|\$\[[^\]]*\])/)
    .map((part, at): Piece => ({ text: part, shade: at % 2 === 1 ? "parameter" : "text" }))
    .filter((piece) => piece.text !== "");
}

function plain(line: string): Piece[] {
  return line === "" ? [] : [{ text: line, shade: "" }];
}

export interface DiffLine {
  change: "same" | "added" | "removed";
  text: string;
}

const MOST = 4_000_000;

/** Lines of `before` and `after` with what went and what came, by their longest common run of lines. Texts too long for that are told apart whole. */
export function difference(before: string, after: string): DiffLine[] {
  const a = before.split("\n");
  const b = after.split("\n");
  if (a.length * b.length > MOST)
    return [
      ...a.map((text): DiffLine => ({ change: "removed", text })),
      ...b.map((text): DiffLine => ({ change: "added", text })),
    ];
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      common[i * width + j] =
        a[i] === b[j]
          ? (common[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
  const found: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      found.push({ change: "same", text: a[i] ?? "" });
      i += 1;
      j += 1;
    } else if (
      i < a.length &&
      (j >= b.length || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    ) {
      found.push({ change: "removed", text: a[i] ?? "" });
      i += 1;
    } else {
      found.push({ change: "added", text: b[j] ?? "" });
      j += 1;
    }
  }
  return found;
}
