import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { StandardSQL, sql } from "@codemirror/lang-sql";
import { yaml, yamlLanguage } from "@codemirror/lang-yaml";
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { frameIn, LOOK, overSelection, THEME } from "../editor/frame";
import { completingKeys, type Schema } from "./completion";
import type { Finding } from "./finding";
import { findingMarks, setFindings } from "./findings";

/** Where the cursor shall go; another `time` goes there again. */
export interface Target {
  line: number;
  column: number;
  time: number;
}

interface Props {
  label: string;
  path: string;
  text: string;
  readOnly: boolean;
  findings: readonly Finding[];
  schema: Schema | undefined;
  target: Target | null;
  onChange: (text: string) => void;
}

function languageOf(path: string, schema: () => Schema | undefined): Extension {
  if (/\.ya?ml$/i.test(path)) return [yaml(), yamlLanguage.data.of({ autocomplete: completingKeys(schema) })];
  return /\.sql$/i.test(path) ? sql({ dialect: StandardSQL, upperCaseKeywords: true }) : [];
}

/** The text of one file. Another file is another editor, with undo of its own: give it a `key`. */
export default function DefinitionEditor(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const now = useRef(props);
  now.current = props;

  // biome-ignore lint/correctness/useExhaustiveDependencies: made once a file; later texts are put in below
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
          lineNumbers(),
          history(),
          drawSelection(),
          EditorView.lineWrapping,
          indentOnInput(),
          indentUnit.of("  "),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false }),
          highlightActiveLine(),
          languageOf(props.path, () => now.current.schema),
          syntaxHighlighting(LOOK),
          THEME,
          findingMarks,
          EditorState.readOnly.of(props.readOnly),
          EditorView.contentAttributes.of({
            "aria-label": props.label,
            "aria-readonly": String(props.readOnly),
            spellcheck: "false",
          }),
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
            if (update.docChanged) now.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    made.dispatch({ effects: setFindings.of(props.findings) });
    return () => {
      made.destroy();
      frame.remove();
      view.current = null;
    };
  }, [props.path, props.readOnly]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === props.text) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: props.text } });
  }, [props.text]);

  useEffect(() => {
    view.current?.dispatch({ effects: setFindings.of(props.findings) });
  }, [props.findings]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || !props.target) return;
    const { doc } = editor.state;
    const line = doc.line(Math.min(Math.max(props.target.line, 1), doc.lines));
    const at = Math.min(line.from + Math.max(props.target.column - 1, 0), line.to);
    editor.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "start", yMargin: 80 }) });
    editor.focus();
  }, [props.target]);

  return <div ref={host} className="editor" />;
}
