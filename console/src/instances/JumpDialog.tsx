import { type FormEvent, useState } from "react";
import { number, useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Labelled, TextField } from "../ui/Field";
import { Dialog } from "../ui/Sheet";
import { instanceTexts } from "./texts";

/** Asks for the number of a row. */
export function JumpDialog({
  count,
  onClose,
  onJump,
}: {
  count: number;
  onClose: () => void;
  onJump: (index: number) => void;
}) {
  const t = useTexts(instanceTexts);
  const [text, setText] = useState("");
  const row = Number(text);
  const fits = Number.isInteger(row) && row >= 1 && row <= count;
  return (
    <Dialog open onClose={onClose} title={t.jump} close={t.close} width={320}>
      <form
        className="jump"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          if (!fits) return;
          onClose();
          onJump(row - 1);
        }}
      >
        <Labelled label={t.jumpTo(number(count))}>
          {(id) => (
            <TextField
              id={id}
              inputMode="numeric"
              autoFocus
              invalid={text !== "" && !fits}
              value={text}
              onChange={setText}
            />
          )}
        </Labelled>
        <Button type="submit" kind="primary">
          {t.jump}
        </Button>
      </form>
    </Dialog>
  );
}
