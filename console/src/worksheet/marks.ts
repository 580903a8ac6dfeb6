import { type Extension, StateEffect, StateField, type Text } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, WidgetType } from "@codemirror/view";

/** An error at its place: 1-based line and column. */
export interface Mark {
  line: number;
  column: number;
  message: string;
  /** `ODPS-0130071:[5,8]`, of the text that was run. */
  code: string;
}

const FAULT = /^(ODPS-\d{7}):\s*\[(\d+),(\d+)\]\s*([\s\S]*)$/;

/** Where a text begins in the editor, 1-based. */
export interface Origin {
  line: number;
  column: number;
}

/** An error's text taken apart; null when it names no place. `origin`: where the text that was run begins. */
export function markOf(error: string, origin: Origin): Mark | null {
  const found = FAULT.exec(error.trim());
  if (!found) return null;
  const [, number = "", line = "1", column = "1", message = ""] = found;
  return {
    line: origin.line + Number(line) - 1,
    column: Number(column) + (line === "1" ? origin.column - 1 : 0),
    message,
    code: `${number}:[${line},${column}]`,
  };
}

export const setMark = StateEffect.define<Mark | null>();

class Message extends WidgetType {
  constructor(readonly mark: Mark) {
    super();
  }
  override eq(other: Message): boolean {
    return other.mark.message === this.mark.message && other.mark.code === this.mark.code;
  }
  toDOM(): HTMLElement {
    const line = document.createElement("div");
    line.className = "cm-mark-message";
    const text = line.appendChild(document.createElement("strong"));
    text.textContent = this.mark.message;
    line.appendChild(document.createElement("span")).textContent = this.mark.code;
    return line;
  }
  override get estimatedHeight(): number {
    return 24;
  }
}

/** Characters of the word at a mark; null when the text has no such place. */
export function spanOf(doc: Text, mark: Mark): { from: number; to: number; end: number } | null {
  if (mark.line < 1 || mark.line > doc.lines) return null;
  const line = doc.line(mark.line);
  const at = Math.min(Math.max(mark.column - 1, 0), line.length);
  const word = /^(?:`[^`]*`|[\w$]+|\S)/.exec(line.text.slice(at))?.[0] ?? "";
  return { from: line.from + at, to: line.from + at + word.length, end: line.to };
}

function drawn(doc: Text, mark: Mark | null): DecorationSet {
  const span = mark && spanOf(doc, mark);
  if (!mark || !span) return Decoration.none;
  const start = doc.line(mark.line).from;
  const found = [Decoration.line({ class: "cm-mark-line" }).range(start)];
  if (span.to > span.from) found.push(Decoration.mark({ class: "cm-mark" }).range(span.from, span.to));
  found.push(Decoration.widget({ widget: new Message(mark), block: true, side: 1 }).range(span.end));
  return Decoration.set(found, true);
}

/** The mark stands until something is typed, or another is set. */
export const marks: Extension = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    for (const effect of transaction.effects) if (effect.is(setMark)) return drawn(transaction.newDoc, effect.value);
    return transaction.docChanged ? Decoration.none : shown;
  },
  provide: (field) => EditorView.decorations.from(field),
});
