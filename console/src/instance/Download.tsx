import { useState } from "react";
import { address } from "../api/client";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Radio } from "../ui/Choice";
import { Dialog } from "../ui/Sheet";
import { instanceTexts } from "./texts";

const LEVELS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "unlimited"] as const;

/** The download of what is upstream and downstream of an instance, by levels. */
export function Download({ instance, onClose }: { instance: number; onClose: () => void }) {
  const t = useTexts(instanceTexts);
  const [levels, setLevels] = useState<string>("1");
  const href = address("/instances/{id}/neighbours.xlsx", { path: { id: instance }, query: { levels } });
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.download}
      close={t.close}
      width={440}
      foot={
        <>
          <Button onClick={onClose}>{t.cancel}</Button>
          <a className="button primary" href={href} download onClick={onClose}>
            {t.ok}
          </a>
        </>
      }
    >
      <p className="muted">{t.downloadNote}</p>
      <fieldset className="levels">
        <legend className="t-12 medium soft">{t.levels}</legend>
        {LEVELS.map((level) => (
          <Radio
            key={level}
            name="levels"
            checked={level === levels}
            onChange={() => setLevels(level)}
            {...(level === levels ? { "data-first": true } : {})}
          >
            {level === "unlimited" ? t.unlimited : t.level(Number(level))}
          </Radio>
        ))}
      </fieldset>
    </Dialog>
  );
}
