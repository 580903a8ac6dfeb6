import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { type Ref, useEffect, useImperativeHandle, useRef } from "react";
import { frameIn, LOOK, overSelection, THEME } from "../editor/frame";
import { completing, keywords } from "./completion";
import { MAX_COMPUTE } from "./dialect";
import { type Mark, marks, type Origin, setMark, spanOf } from "./marks";
import type { Names } from "./names";

/** What is written, and the part that is selected ("" for none) with its beginning. */
export interface Written {
  text: string;
  selection: string;
  origin: Origin;
}

export interface EditorHandle {
  /** As it is now: what was typed a moment ago may not have been told yet. */
  read: () => Written | null;
  /** Put in where the cursor stands, over what is selected. */
  insert: (text: string) => void;
}

interface Props {
  label: string;
  hint: string;
  /** What it begins with; another object replaces what is written. */
  loaded: { text: string };
  onChange: (written: Written) => void;
  onRun: () => void;
  /** What the last run found wrong. */
  mark: Mark | null;
  names: Names;
  handle?: Ref<EditorHandle>;
}

function written({ doc, selection: { main } }: EditorState): Written {
  const line = doc.lineAt(main.from);
  return {
    text: doc.toString(),
    selection: doc.sliceString(main.from, main.to),
    origin: { line: line.number, column: main.from - line.from + 1 },
  };
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
        doc: props.loaded.text,
        extensions: [
          Prec.highest(
            keymap.of([
              {
                key: "Mod-Enter",
                run: (view) => {
                  closeCompletion(view);
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
          MAX_COMPUTE.language,
          MAX_COMPUTE.language.data.of({ autocomplete: completing(() => now.current.names) }),
          MAX_COMPUTE.language.data.of({ autocomplete: keywords }),
          marks,
          highlightActiveLine(),
          placeholder(props.hint),
          syntaxHighlighting(LOOK),
          THEME,
          EditorView.contentAttributes.of({ "aria-label": props.label, spellcheck: "false", tabindex: "0" }),
          keymap.of([
            ...closeBracketsKeymap,
            ...completionKeymap,
            ...historyKeymap,
            ...defaultKeymap,
            // Esc, then Tab leaves the editor.
            indentWithTab,
          ]),
          overSelection,
          EditorView.updateListener.of((update) => {
            if (update.selectionSet || update.docChanged) now.current.onChange(written(update.state));
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
    if (!editor || editor.state.doc.toString() === props.loaded.text) return;
    const changes = { from: 0, to: editor.state.doc.length, insert: props.loaded.text };
    editor.dispatch({ changes, effects: setMark.of(now.current.mark) });
  }, [props.loaded]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const span = props.mark && spanOf(editor.state.doc, props.mark);
    const effects = [setMark.of(props.mark), ...(span ? [EditorView.scrollIntoView(span.from)] : [])];
    editor.dispatch({ effects });
  }, [props.mark]);

  useImperativeHandle(props.handle, () => ({
    read: () => view.current && written(view.current.state),
    insert: (text) => {
      const editor = view.current;
      if (!editor) return;
      editor.dispatch(editor.state.replaceSelection(text), { userEvent: "input", scrollIntoView: true });
      editor.focus();
    },
  }));

  return <div ref={host} className="editor" />;
}
