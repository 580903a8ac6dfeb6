import { type Extension, StateEffect, StateField, type Text } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, hoverTooltip } from "@codemirror/view";
import { type Finding, sentence } from "./finding";

export const setFindings = StateEffect.define<readonly Finding[]>();

/** The word at a finding's place, the whole line where there is none. */
export function spanOf(doc: Text, finding: Pick<Finding, "line" | "column">): { from: number; to: number } {
  const line = doc.line(Math.min(Math.max(finding.line, 1), doc.lines));
  const at = Math.min(Math.max(finding.column - 1, 0), line.length);
  const word = /^[\w$.{}'"-]+|^\S/.exec(line.text.slice(at))?.[0] ?? "";
  return word ? { from: line.from + at, to: line.from + at + word.length } : { from: line.from, to: line.to };
}

function drawn(doc: Text, findings: readonly Finding[]): DecorationSet {
  const lines = new Map<number, boolean>();
  const found = [];
  for (const each of findings) {
    const { from, to } = spanOf(doc, each);
    const line = doc.lineAt(from).from;
    lines.set(line, (lines.get(line) ?? true) && each.warning);
    const name = each.warning ? "cm-finding warning" : "cm-finding";
    if (to > from) found.push(Decoration.mark({ class: name, finding: sentence(each) }).range(from, to));
  }
  for (const [line, isWarning] of lines)
    found.push(Decoration.line({ class: isWarning ? "cm-finding-line warning" : "cm-finding-line" }).range(line));
  return Decoration.set(found, true);
}

const field = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    for (const effect of transaction.effects)
      if (effect.is(setFindings)) return drawn(transaction.newDoc, effect.value);
    return shown.map(transaction.changes);
  },
  provide: (its) => EditorView.decorations.from(its),
});

const said = hoverTooltip((view, at) => {
  const texts: string[] = [];
  let [from, to] = [at, at];
  view.state.field(field).between(at, at, (start, end, mark) => {
    if (typeof mark.spec.finding !== "string") return;
    texts.push(mark.spec.finding);
    [from, to] = [Math.min(from, start), Math.max(to, end)];
  });
  if (texts.length === 0) return null;
  return {
    pos: from,
    end: to,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "cm-finding-text";
      dom.textContent = texts.join("\n");
      return { dom };
    },
  };
});

const LOOK = EditorView.theme({
  ".cm-finding-line": { boxShadow: "inset 3px 0 0 var(--fail-f)" },
  ".cm-finding-line.warning": { boxShadow: "inset 3px 0 0 var(--warn-f)" },
  ".cm-finding": { textDecoration: "underline wavy var(--fail-f)", textUnderlineOffset: "3px" },
  ".cm-finding.warning": { textDecoration: "underline wavy var(--warn-f)" },
  ".cm-finding-text": { padding: "6px 10px", maxWidth: "480px", whiteSpace: "pre-wrap", font: "var(--t-12)" },
});

/** What is wrong, marked at its place; the marks move with the text until there are new ones. */
export const findingMarks: Extension = [field, said, LOOK];
