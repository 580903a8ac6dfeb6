import { Glyph } from "../status/Glyph";
import { HUE } from "../status/status";
import { useTexts } from "../texts/texts";
import { shapeOf } from "./run";
import { runTexts } from "./texts";

/** Glyph and name of a status of a task instance. */
export function RunStatus({ status }: { status: string }) {
  const t = useTexts(runTexts);
  const shape = shapeOf(status);
  return (
    <span className={`status ${HUE[shape]}`}>
      <Glyph status={shape} label="" />
      <span className="ellipsis">{(t.statuses as Record<string, string>)[status] ?? status}</span>
    </span>
  );
}
