import type { Schemas } from "../api/client";
import { OPERATION_ICONS } from "../operation/icons";
import { operationNames, reasonText } from "../operation/names";
import { type OperationName, openOperation, type Perspective } from "../operation/open";
import type { Language } from "../texts/language";
import type { MenuEntry } from "../ui/Menu";
import { instanceTexts } from "./texts";

export type Offered = Readonly<Record<string, Schemas["OfferView"]>>;

/** Operations of one object in the order in which menus have them; those of a forced rerun are below one entry. */
const ORDER = [
  "RERUN",
  "RERUN_DOWNSTREAM",
  "SET_SUCCESS",
  "STOP",
  "FORCED",
  "REMOVE_UPSTREAM",
  "PAUSE",
  "RESUME",
  "MODIFY_PRIORITY",
] as const;
const FORCED = ["FORCE_RERUN_CURRENT", "FORCE_RERUN_DOWNSTREAM"] as const;

/** Why an operation is closed, "" when it is open; undefined when the server says nothing about it. */
export function closedBecause(offered: Offered, operation: OperationName, language: Language): string | undefined {
  const offer = offered[operation];
  if (offer === undefined) return undefined;
  return offer.open ? "" : reasonText(language, offer.code, offer.reason);
}

interface EntriesOf {
  instance: number;
  /** None: the instance as a whole. */
  fields: readonly string[];
  offered: Offered;
  perspective: Perspective;
  language: Language;
  /** Left out: they have buttons of their own. */
  without?: readonly OperationName[];
}

/** Menu entries for the operations that the server knows of fields: the open ones open their panel, the others say why not. */
export function operationEntries(of: EntriesOf): MenuEntry[] {
  const entry = (operation: OperationName): MenuEntry[] => {
    const reason = closedBecause(of.offered, operation, of.language);
    if (reason === undefined || of.without?.includes(operation)) return [];
    return [
      {
        key: operation,
        label: operationNames[of.language][operation],
        icon: OPERATION_ICONS[operation],
        reason: reason || undefined,
        onSelect: () =>
          openOperation({
            operation,
            targets: [{ instance: of.instance, ...(of.fields.length > 0 ? { fields: of.fields } : {}) }],
            perspective: of.perspective,
          }),
      },
    ];
  };
  return ORDER.flatMap((name): MenuEntry[] => {
    if (name !== "FORCED") return entry(name);
    const entries = FORCED.flatMap(entry);
    if (entries.length === 0) return [];
    const shut = entries.every((each) => each.reason);
    return [
      {
        key: name,
        label: instanceTexts[of.language].forced,
        icon: OPERATION_ICONS.FORCE_RERUN_CURRENT,
        entries,
        reason: shut ? entries[0]?.reason : undefined,
      },
    ];
  });
}
