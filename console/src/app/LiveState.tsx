import { useLive } from "../api/live";
import { timeOn } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Tag } from "../ui/pieces";
import { Tooltip } from "../ui/Tooltip";
import { useServerTime } from "./serverTime";
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
  return <Clock zone={session.time_zone} />;
}

function Clock({ zone }: { zone: string }) {
  const t = useTexts(appTexts);
  const now = useServerTime();
  return <span className="live">{t.live(timeOn(now, zone, null).split(" ").at(-1) ?? "")}</span>;
}
