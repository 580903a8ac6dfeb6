import { useState } from "react";
import { address } from "../api/client";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Radio } from "../ui/Choice";
import { Dialog } from "../ui/Sheet";
import "./neighbours.css";
import { type NeighboursOf, openNeighbours, useNeighbours } from "./neighbours";
import { instanceTexts } from "./texts";

const LEVELS = [...Array.from({ length: 10 }, (_, at) => String(at + 1)), "unlimited"];

/** Chooses levels for the spreadsheet of what is around an instance. */
export function NeighboursDialog() {
  const of = useNeighbours();
  return of && <Levels key={of.instance} of={of} />;
}

function Levels({ of }: { of: NeighboursOf }) {
  const t = useTexts(instanceTexts);
  const [levels, setLevels] = useState("1");
  const close = () => openNeighbours(null);
  return (
    <Dialog
      open
      onClose={close}
      title={t.levels.title}
      close={t.close}
      foot={
        <>
          <Button kind="ghost" size="large" onClick={close}>
            {t.levels.cancel}
          </Button>
          <a
            className="button primary large"
            href={address("/instances/{id}/neighbours.xlsx", { path: { id: of.instance }, query: { levels } })}
            download
            onClick={() => setTimeout(close)}
          >
            {t.levels.ok}
          </a>
        </>
      }
    >
      <p className="soft ellipsis" title={of.name}>
        {of.name}
      </p>
      <fieldset className="levels">
        <legend>{t.levels.label}</legend>
        {LEVELS.map((level) => (
          <Radio key={level} name="levels" checked={levels === level} onChange={() => setLevels(level)}>
            {level === "unlimited" ? t.levels.unlimited : t.levels.level(Number(level))}
          </Radio>
        ))}
      </fieldset>
    </Dialog>
  );
}
