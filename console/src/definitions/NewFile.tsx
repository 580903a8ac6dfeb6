import { useRef, useState } from "react";
import { api } from "../api/client";
import { errorText } from "../app/errors";
import { useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Labelled, TextField } from "../ui/Field";
import { Select } from "../ui/Menu";
import { Dialog } from "../ui/Sheet";
import { TEMPLATES, type Template, templateText } from "./templates";
import { definitionTexts } from "./texts";

/** A name for a new file, and what it begins with. Whether the name may be is for the server to say. */
export function NewFile({
  taken,
  task,
  onClose,
  onMake,
}: {
  taken: readonly string[];
  /** Its project is the new file's. */
  task: string | undefined;
  onClose: () => void;
  onMake: (path: string, text: string) => void;
}) {
  const t = useTexts(definitionTexts);
  const [path, setPath] = useState("");
  const [template, setTemplate] = useState<Template>("empty");
  const name = path.trim();
  const isTaken = taken.includes(name);
  const reason = name === "" ? t.path : isTaken ? t.pathTaken : undefined;
  const language = useLanguage();
  const [refusal, setRefusal] = useState("");
  const isMade = useRef(false);
  const make = async () => {
    if (reason || isMade.current) return;
    isMade.current = true;
    try {
      await api.post("/workspace/files/check", { edits: [{ path: name, text: "", etag: "" }] });
    } catch (error) {
      isMade.current = false;
      setRefusal(errorText(language, error));
      return;
    }
    onMake(name, templateText(template, task?.split(".")[0] ?? "project", name));
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.newFile}
      close={t.close}
      width={440}
      givesBack={() => !isMade.current}
      foot={
        <>
          <span className="grow" />
          <Button kind="ghost" size="large" onClick={onClose}>
            {t.cancel}
          </Button>
          <Button kind="primary" size="large" reason={reason} onClick={() => void make()}>
            {t.create}
          </Button>
        </>
      }
    >
      <form
        className="new-file"
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <Labelled label={t.path} note={isTaken ? t.pathTaken : refusal || t.pathNote}>
          {(id) => (
            <TextField
              id={id}
              value={path}
              onChange={(next) => {
                setPath(next);
                setRefusal("");
              }}
              placeholder="sales/orders.yaml"
              invalid={isTaken || refusal !== ""}
              data-first
            />
          )}
        </Labelled>
        <Select
          label={t.beginWith}
          value={template}
          options={TEMPLATES.map((each) => ({ value: each, label: t.templates[each] }))}
          onChange={(next) => setTemplate(next)}
        />
      </form>
    </Dialog>
  );
}
