import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { sql } from "@codemirror/lang-sql";
import { bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { type Ref, useEffect, useImperativeHandle, useRef } from "react";
import { frameIn, LOOK, overLines, THEME } from "../editor/frame";
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

/** The text of SQL. */
export default function Editor(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const now = useRef(props);
  now.current = props;

  // biome-ignore lint/correctness/useExhaustiveDependencies: made once; later texts are put in below
  useEffect(() => {
    const place = host.current;
    if (!place) return;
    const { root, frame } = frameIn(place);
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
          overLines,
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
