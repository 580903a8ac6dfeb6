import { useSession } from "../app/session";
import { type Patch, useEnvironment } from "../app/url";
import { Glyph } from "../status/Glyph";
import { statusOf, statusTexts } from "../status/status";
import { number, useTexts } from "../texts/texts";
import { Chip } from "../ui/pieces";
import { Tooltip } from "../ui/Tooltip";
import { type ListQuery, valuesOf } from "./filters";
import { instanceTexts } from "./texts";
import { useCounts } from "./windows";

const ORDER = ["FAILED", "RUNNING", "WAITING", "NOT_RUNNING", "SUCCEEDED"] as const;

/** Quick filters and statuses with how many instances each would show; several statuses are alternatives. */
export function StatusChips({
  query,
  filters,
  change,
}: {
  query: URLSearchParams;
  filters: ListQuery;
  change: (patch: Patch) => void;
}) {
  const t = useTexts(instanceTexts);
  const names = useTexts(statusTexts);
  const { user } = useSession();
  const environment = useEnvironment();
  const bare: ListQuery = { ...filters, status: undefined, mine: undefined, paused: undefined };
  const { data: counts } = useCounts({ ...filters, status: undefined, paused: undefined });
  const { data: paused } = useCounts({ ...bare, mine: filters.mine, paused: true });
  const { data: failed } = useCounts({ ...bare, mine: "failed" });
  const { data: late } = useCounts(
    { ...filters, status: undefined, paused: undefined, late: true },
    environment === "PROD",
  );
  const { data: unfinished } = useCounts({ ...bare, mine: "unfinished" });
  const chosen = valuesOf(query, "status");
  const mine = query.get("mine");
  const isLate = query.get("late") === "true";
  const isPaused = query.get("paused") === "true" || chosen.includes("PAUSED");
  const figure = (count: number | undefined) => <b>{count === undefined ? "" : number(count)}</b>;
  const toggle = (code: string) =>
    change({ status: chosen.includes(code) ? chosen.filter((each) => each !== code) : [...chosen, code] });
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is a block with a legend; this is a row of toggles
    <div className="toolbar status-chips" role="group" aria-label={t.quick}>
      <Chip
        pressed={mine === "failed"}
        title={user}
        onPress={() => change({ mine: mine === "failed" ? null : "failed" })}
      >
        {t.myFailed} {figure(failed?.matching)}
      </Chip>
      <Chip
        pressed={mine === "unfinished"}
        title={user}
        onPress={() => change({ mine: mine === "unfinished" ? null : "unfinished" })}
      >
        {t.myUnfinished} {figure(unfinished?.matching)}
      </Chip>
      {environment === "PROD" && (
        <Tooltip content={t.lateNote} side="bottom">
          <Chip pressed={isLate} onPress={() => change({ late: isLate ? null : "true" })}>
            {t.late} {figure(late?.matching)}
          </Chip>
        </Tooltip>
      )}
      <span className="rule" />
      {ORDER.map((code) => {
        const status = statusOf(code);
        return (
          <Chip key={code} pressed={chosen.includes(code)} onPress={() => toggle(code)}>
            <Glyph status={status} size={12} label="" />
            {code === "WAITING" ? names.waiting : names.name[status]} {figure(counts?.statuses[code])}
          </Chip>
        );
      })}
      <Chip
        pressed={isPaused}
        onPress={() => change({ paused: isPaused ? null : "true", status: chosen.filter((each) => each !== "PAUSED") })}
      >
        <Glyph status="paused" size={12} label="" />
        {names.name.paused} {figure(paused?.matching)}
      </Chip>
      <span className="muted t-12 counts-note" title={t.countsNote}>
        {t.countsNote}
      </span>
    </div>
  );
}
