import { useQuery } from "@tanstack/react-query";
import { ChevronDown, RotateCw, X } from "lucide-react";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { OPERATION_ICONS } from "../operation/icons";
import { operationNames, reasonText } from "../operation/names";
import { type OperationName, openOperation } from "../operation/open";
import { StatusCount } from "../status/Counts";
import { counts } from "../status/status";
import { useLanguage } from "../texts/language";
import { number, useTexts } from "../texts/texts";
import { Button, IconButton } from "../ui/Button";
import { classes } from "../ui/classes";
import { Icon } from "../ui/Icon";
import { Menu } from "../ui/Menu";
import { instanceTexts } from "./texts";
import type { Line } from "./windows";

const RERUNS: readonly OperationName[] = ["RERUN_ALL_FAILED", "RERUN_ALL_FINAL", "FORCE_RERUN_ALL"];
const OTHERS = ["STOP", "SET_SUCCESS", "PAUSE", "RESUME", "MODIFY_PRIORITY"] as const;

/** What can be done to the selection. Of each operation the server says how many of the selected it fits, and why not the others. */
export function BatchBar({ selected, onClear }: { selected: ReadonlyMap<number, Line>; onClear: () => void }) {
  const t = useTexts(instanceTexts);
  const names = useTexts(operationNames);
  const language = useLanguage();
  const ids = [...selected.keys()];
  const { data } = useQuery({
    queryKey: keys.instances("offers", ids),
    queryFn: ({ signal }) => api.post("/instances/offers", { instances: ids, operations: [], each: false }, { signal }),
    placeholderData: (previous) => (previous?.count === ids.length ? previous : undefined),
  });
  const start = (operation: OperationName) =>
    openOperation({
      operation,
      targets: ids.map((instance) => ({ instance })),
      perspective: "BATCH",
      onAccepted: onClear,
    });
  const why = (operation: OperationName) => {
    const offer = data?.operations[operation];
    if (offer === undefined || offer.open > 0) return undefined;
    return (
      <>
        <b>{t.fitsNone(names[operation], ids.length)}</b>
        {reasons(offer).map((each) => (
          <span key={`${each.code}${each.reason}`} className="tip-line">
            {t.reasonCount(each.count, reasonText(language, each.code, each.reason))}
          </span>
        ))}
      </>
    );
  };
  // `n of m`; of very many the bar has no room for m each time, it stands at its beginning.
  const share = (open: number) => (ids.length > 999 ? number(open) : t.ofCount(open, ids.length));
  const figure = (operation: OperationName) =>
    data?.operations[operation] ? share(data.operations[operation].open) : undefined;
  const by: Record<string, number> = {};
  for (const line of selected.values()) for (const status of line.statuses) by[status] = (by[status] ?? 0) + 1;
  const most = Math.max(...RERUNS.map((operation) => data?.operations[operation]?.open ?? 0));
  return (
    <div className={classes("batch-bar", ids.length > 99 && "many")} role="toolbar" aria-label={t.batch}>
      <b className="medium">{t.selected(number(ids.length))}</b>
      <span className="row gap-2">
        {counts(by, { most: 5 }).shown.map((each) => (
          <StatusCount key={each.code} status={each.status} count={each.count} />
        ))}
      </span>
      <span className="rule" />
      <Menu
        align="start"
        side="top"
        trigger={
          <Button kind="ghost" icon={RotateCw} count={data && share(most)}>
            {t.rerun}
            <Icon of={ChevronDown} size={12} />
          </Button>
        }
        entries={RERUNS.map((operation) => {
          const offer = data?.operations[operation];
          return {
            key: operation,
            label: names[operation],
            hint: figure(operation),
            reason:
              offer && offer.open === 0
                ? reasons(offer)
                    .map((each) => t.reasonCount(each.count, reasonText(language, each.code, each.reason)))
                    .join("; ")
                : undefined,
            onSelect: () => start(operation),
          };
        })}
      />
      {OTHERS.map((operation) => (
        <Button
          key={operation}
          kind="ghost"
          icon={OPERATION_ICONS[operation]}
          count={figure(operation)}
          reason={why(operation)}
          onClick={() => start(operation)}
        >
          {names[operation]}
        </Button>
      ))}
      <span className="rule" />
      <IconButton icon={X} label={t.clearSelection} onClick={onClear} />
    </div>
  );
}

function reasons(offer: Schemas["SelectionOffer"]) {
  return (offer.reasons ?? []).slice(0, 4);
}
