import { useState } from "react";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Sheet";
import { DiffView } from "./DiffView";
import { type Draft, dropDrafts, setDraft } from "./drafts";
import { definitionTexts } from "./texts";

/** The folder has another text than the one that was read: whose shall it be? */
export function Conflict({
  path,
  draft,
  file,
  etag,
  onRead,
}: {
  path: string;
  draft: Draft;
  file: { text: string } | undefined;
  /** Of the file that is there now, "" for none. */
  etag: string;
  onRead: () => void;
}) {
  const t = useTexts(definitionTexts);
  const [isOpen, setOpen] = useState(false);
  const said = etag === "" ? t.conflictGone : draft.etag === "" ? t.conflictCame : t.conflictTitle;
  return (
    <div className="desk-conflict row gap-2" role="alert">
      <span className="grow">{said}</span>
      {etag !== "" && draft.text !== null && (
        <Button
          size="small"
          onClick={() => {
            onRead();
            setOpen(true);
          }}
        >
          {t.compare}
        </Button>
      )}
      <Button size="small" onClick={() => dropDrafts([path])}>
        {t.takeTheirs}
      </Button>
      <Button
        size="small"
        onClick={() => (draft.text === null && etag === "" ? dropDrafts([path]) : setDraft(path, { ...draft, etag }))}
      >
        {t.keepMine}
      </Button>
      {isOpen && draft.text !== null && (
        <Dialog open onClose={() => setOpen(false)} title={t.compareTitle(path)} close={t.close} width={900}>
          {file && <DiffView before={file.text} after={draft.text} label={t.compareTitle(path)} />}
        </Dialog>
      )}
    </div>
  );
}
