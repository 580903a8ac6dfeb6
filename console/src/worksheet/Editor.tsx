import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { sql } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { type Ref, useEffect, useImperativeHandle, useRef } from "react";
import { completing } from "./completion";
import { MAX_COMPUTE } from "./dialect";
import { type Mark, marks, type Origin, setMark, spanOf } from "./marks";
import type { Names } from "./names";

export interface EditorHandle {
  /** Put in where the cursor stands, over what is selected. */
  insert: (text: string) => void;
}

interface Props {
  label: string;
  hint: string;
  /** What it begins with; another value replaces the text. */
  text: string;
  onChange: (text: string) => void;
  /** The selected part, "" for none, and where it begins. */
  onSelect: (text: string, origin: Origin) => void;
  onRun: () => void;
  /** What the last run found wrong. */
  mark: Mark | null;
  names: Names;
  handle?: Ref<EditorHandle>;
}

/** Weight and shade tell parts of SQL apart; hue is kept for statuses. */
const LOOK = HighlightStyle.define([
  { tag: tags.keyword, fontWeight: "600" },
  { tag: [tags.comment, tags.lineComment, tags.blockComment], color: "var(--ink-3)", fontStyle: "italic" },
  { tag: [tags.string, tags.number, tags.bool, tags.null], color: "var(--ink-2)" },
]);

const THEME = EditorView.theme({
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
 * Text typed over several lines is put in here: the browser's own editing would join the lines with inline styles, which the page's policy
 * refuses.
 */
function overLines(event: InputEvent, view: EditorView): boolean {
  const { from, to } = view.state.selection.main;
  const text = event.data;
  if (event.inputType !== "insertText" || text === null || view.composing) return false;
  if (view.state.doc.lineAt(from).number === view.state.doc.lineAt(to).number) return false;
  event.preventDefault();
  view.dispatch(view.state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
  return true;
}

/**
 * The text of SQL. It lives in a shadow root: there its styles are sheets of the root and no style elements, which the page's policy would
 * refuse.
 */
export default function Editor(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const now = useRef(props);
  now.current = props;

  // biome-ignore lint/correctness/useExhaustiveDependencies: made once; later texts are put in below
  useEffect(() => {
    const place = host.current;
    if (!place) return;
    const root = place.shadowRoot ?? place.attachShadow({ mode: "open" });
    const frame = document.createElement("div");
    frame.style.height = "100%";
    root.append(frame);
    const made = new EditorView({
      parent: frame,
      root,
      state: EditorState.create({
        doc: props.text,
        extensions: [
          Prec.highest(
            keymap.of([
              {
                key: "Mod-Enter",
                run: () => {
                  now.current.onRun();
                  return true;
                },
              },
            ]),
          ),
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false }),
          MAX_COMPUTE.language.data.of({ autocomplete: completing(() => now.current.names) }),
          marks,
          highlightActiveLine(),
          placeholder(props.hint),
          sql({ dialect: MAX_COMPUTE, upperCaseKeywords: true }),
          syntaxHighlighting(LOOK),
          THEME,
          EditorView.contentAttributes.of({ "aria-label": props.label, spellcheck: "false" }),
          keymap.of([
            ...closeBracketsKeymap,
            ...completionKeymap,
            ...historyKeymap,
            ...defaultKeymap,
            // Esc, then Tab leaves the editor.
            indentWithTab,
          ]),
          EditorView.domEventHandlers({ beforeinput: overLines }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) now.current.onChange(update.state.doc.toString());
            if (update.selectionSet || update.docChanged) {
              const { from, to } = update.state.selection.main;
              const line = update.state.doc.lineAt(from);
              now.current.onSelect(update.state.sliceDoc(from, to), {
                line: line.number,
                column: from - line.from + 1,
              });
            }
          }),
        ],
      }),
    });
    view.current = made;
    return () => {
      made.destroy();
      frame.remove();
      view.current = null;
    };
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === props.text) return;
    const changes = { from: 0, to: editor.state.doc.length, insert: props.text };
    editor.dispatch({ changes, effects: setMark.of(now.current.mark) });
  }, [props.text]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const span = props.mark && spanOf(editor.state.doc, props.mark);
    const effects = [setMark.of(props.mark), ...(span ? [EditorView.scrollIntoView(span.from)] : [])];
    editor.dispatch({ effects });
  }, [props.mark]);

  useImperativeHandle(props.handle, () => ({
    insert: (text) => {
      const editor = view.current;
      if (!editor) return;
      editor.dispatch(editor.state.replaceSelection(text), { userEvent: "input", scrollIntoView: true });
      editor.focus();
    },
  }));

  return <div ref={host} className="editor" />;
}
