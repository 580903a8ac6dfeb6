import { useEffect, useState } from "react";
import { useLive } from "../api/live";
import { timeOn } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Tag } from "../ui/pieces";
import { Tooltip } from "../ui/Tooltip";
import { useSession } from "./session";
import { appTexts } from "./texts";

/** Whether changes arrive as they happen, and the server's time. */
export function LiveState() {
  const t = useTexts(appTexts);
  const state = useLive();
  const session = useSession();
  if (state !== "live")
    return (
      <span className={`live ${state}`} role="status">
        {state === "behind" ? t.behind : t.connecting}
      </span>
    );
  if (session.rehearsal)
    return (
      <>
        <Tooltip content={t.rehearsalNote} side="bottom">
          <Tag tabIndex={0}>{t.rehearsal}</Tag>
        </Tooltip>
        <span className="live">{t.live(timeOn(session.now, session.time_zone, null).slice(0, 19))}</span>
      </>
    );
  return <Clock now={session.now} zone={session.time_zone} />;
}

/** Ticks in the server's time: the browser's clock only counts what has passed since the server said it. */
function Clock({ now, zone }: { now: string; zone: string }) {
  const t = useTexts(appTexts);
  const [passed, setPassed] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: counted anew with each answer
  useEffect(() => {
    const begun = performance.now();
    setPassed(0);
    const timer = setInterval(() => setPassed(performance.now() - begun), 1000);
    return () => clearInterval(timer);
  }, [now]);
  return (
    <span className="live">
      {t.live(
        timeOn(new Date(now).getTime() + passed, zone, null)
          .split(" ")
          .at(-1) ?? "",
      )}
    </span>
  );
}
