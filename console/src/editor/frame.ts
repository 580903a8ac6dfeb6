/** What editors of the console share: their look, and how they live under the page's policy. */
import { HighlightStyle } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** Inside a shadow root styles are sheets of the root and no style elements, which the page's policy would refuse. */
export function frameIn(place: HTMLElement): { root: ShadowRoot; frame: HTMLElement } {
  const root = place.shadowRoot ?? place.attachShadow({ mode: "open" });
  const frame = document.createElement("div");
  frame.style.height = "100%";
  root.append(frame);
  return { root, frame };
}

/** Weight and shade tell parts of a text apart; hue is kept for statuses. */
export const LOOK = HighlightStyle.define([
  { tag: tags.keyword, fontWeight: "600" },
  { tag: [tags.comment, tags.lineComment, tags.blockComment], color: "var(--ink-3)", fontStyle: "italic" },
  { tag: [tags.string, tags.number, tags.bool, tags.null, tags.content], color: "var(--ink-2)" },
]);

export const THEME = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--surface)", color: "var(--ink)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { font: "var(--t-code)", overflow: "auto" },
  ".cm-content": { padding: "10px 0", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 12px" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--ink-3)", border: "none", paddingLeft: "12px" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--hover)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--line-2)",
  },
  ".cm-placeholder": { color: "var(--ink-3)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--selected)", outline: "1px solid var(--line-2)" },
  ".cm-tooltip": {
    backgroundColor: "var(--raised)",
    color: "var(--ink)",
    border: "none",
    borderRadius: "8px",
    boxShadow: "var(--sh-2)",
    overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { font: "var(--t-code)", maxHeight: "264px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "2px 8px", lineHeight: "20px" },
  ".cm-completionDetail": { color: "var(--ink-3)", fontStyle: "normal" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "600" },
  ".cm-tooltip.cm-completionInfo": {
    padding: "8px 12px",
    maxWidth: "360px",
    whiteSpace: "pre-wrap",
    font: "var(--t-12)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--selected)",
    color: "var(--ink)",
  },
  ".cm-mark-line, .cm-activeLine.cm-mark-line": {
    backgroundColor: "var(--fail-b)",
    boxShadow: "inset 3px 0 0 var(--fail-f)",
  },
  ".cm-mark": { textDecoration: "underline wavy var(--fail-f)", textUnderlineOffset: "3px" },
  ".cm-mark-message": {
    display: "flex",
    alignItems: "baseline",
    gap: "12px",
    justifyContent: "space-between",
    padding: "2px 12px 4px",
    backgroundColor: "var(--fail-b)",
    boxShadow: "inset 3px 0 0 var(--fail-f)",
    color: "var(--fail-t)",
    font: "var(--t-12)",
  },
  ".cm-mark-message strong": { fontWeight: "600" },
  ".cm-mark-message span": { font: "var(--t-code)", flex: "none" },
});

/**
 * Text typed over a selection is put in here: the browser's own editing would keep the look of what was there by inline styles, which the
 * page's policy refuses.
 */
function putInOver(event: InputEvent, view: EditorView): boolean {
  const { from, to } = view.state.selection.main;
  const text = event.data;
  if (event.inputType !== "insertText" || text === null || view.composing || from === to) return false;
  event.preventDefault();
  const made = () =>
    view.state.update(view.state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
  const isTaken = view.state.facet(EditorView.inputHandler).some((take) => take(view, from, to, text, made));
  if (!isTaken) view.dispatch(made());
  return true;
}

export const overSelection = EditorView.domEventHandlers({ beforeinput: putInOver });
