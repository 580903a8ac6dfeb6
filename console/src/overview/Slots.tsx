import { useId } from "react";
import { useTexts } from "../texts/texts";
import type { Overview } from "./OverviewPage";
import { overviewTexts } from "./texts";

/** Up to as many slots are drawn one by one; more of them as one bar. */
const DRAWN = 24;

/** How many slots of each resource group are taken, and how many nodes wait for one. */
export function Slots({ of }: { of: Overview }) {
  const t = useTexts(overviewTexts);
  const id = useId();
  const taken = of.groups.reduce((sum, each) => sum + each.taken, 0);
  const slots = of.groups.reduce((sum, each) => sum + each.slots, 0);
  return (
    <section aria-labelledby={id} className="slots">
      <div className="overview-head">
        <h2 id={id}>{t.slots}</h2>
        <span className="muted t-12">{t.slotsNote(taken, slots)}</span>
      </div>
      <ul>
        {of.groups.map((group) => (
          <li key={group.name}>
            <span className="ellipsis" title={group.name}>
              {group.name}
            </span>
            <SlotBar taken={group.taken} slots={group.slots} />
            <span className="soft right">{t.taken(group.taken, group.slots)}</span>
            <span className={group.waiting > 0 ? "s-res slots-wait right" : "muted right"}>
              {group.waiting > 0 ? t.waitFor(group.waiting) : "–"}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function SlotBar({ taken, slots }: { taken: number; slots: number }) {
  if (slots > DRAWN)
    return (
      <span className="slot-bar whole" aria-hidden="true">
        <i style={{ width: `${Math.min(100, (100 * taken) / slots)}%` }} />
      </span>
    );
  return (
    <span className="slot-bar" aria-hidden="true">
      {Array.from({ length: slots }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: slots have no identity
        <i key={at} className={at < taken ? "on" : undefined} />
      ))}
    </span>
  );
}
