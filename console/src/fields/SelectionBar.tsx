import { ChevronDown, X } from "lucide-react";
import { useShortcuts } from "../app/shortcuts";
import type { Instance } from "../instance/useInstance";
import { OPERATION_ICONS } from "../operation/icons";
import { operationNames, reasonText } from "../operation/names";
import { type OperationName, openOperation } from "../operation/open";
import { useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { Button, IconButton } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Menu } from "../ui/Menu";
import { FIELD_OPERATIONS, type Field, selectionOffer } from "./fields";
import { fieldTexts } from "./texts";
import { useAssociated } from "./useFields";

/** What can be done with the chosen fields: each operation with how many of them admit it; none, and it says why. */
export function SelectionBar({
  instance,
  fields,
  onClear,
}: {
  instance: Instance;
  fields: readonly Field[];
  onClear: () => void;
}) {
  const t = useTexts(fieldTexts);
  const rerun = selectionOffer(fields, "RERUN").open;
  const { data: along } = useAssociated(instance.line.id, rerun);
  const names = useTexts(operationNames);
  // While fields are chosen, keys mean them and not the table.
  const start = (operation: OperationName) => {
    const { open } = selectionOffer(fields, operation);
    // Where none fits, the panel says why.
    const meant = open.length > 0 ? open : fields.map((field) => field.name);
    openOperation({ operation, targets: [{ instance: instance.line.id, fields: meant }], perspective: "FIELD" });
  };
  const resumes = selectionOffer(fields, "RESUME").open.length > 0;
  useShortcuts(t.fields, [
    { keys: "r", label: names.RERUN, run: () => start("RERUN") },
    { keys: "Shift+r", label: names.RERUN_DOWNSTREAM, run: () => start("RERUN_DOWNSTREAM") },
    { keys: "p", label: resumes ? names.RESUME : names.PAUSE, run: () => start(resumes ? "RESUME" : "PAUSE") },
  ]);
  return (
    <section className="selection-bar" aria-label={t.chosen(fields.length)}>
      <span className="medium nowrap">{t.chosen(fields.length)}</span>
      <IconButton icon={X} size="small" label={t.clear} onClick={onClear} />
      <span className="rule" />
      {FIELD_OPERATIONS.map((operation) =>
        operation === "FORCE_RERUN_CURRENT" ? (
          <Forced key={operation} instance={instance} fields={fields} />
        ) : operation === "FORCE_RERUN_DOWNSTREAM" ? null : (
          <Operation key={operation} operation={operation} instance={instance} fields={fields} />
        ),
      )}
      <span className="grow" />
      <span className="muted t-12 ellipsis" role="status">
        {along !== null && along !== undefined && (along > 0 ? t.along(along) : t.alone)}
      </span>
    </section>
  );
}

interface Of {
  instance: Instance;
  fields: readonly Field[];
}

/** How many of the fields admit an operation, why none does, and what opens its panel. */
function useOffer({ instance, fields, operation }: Of & { operation: OperationName }) {
  const t = useTexts(fieldTexts);
  const language = useLanguage();
  const { open, reasons } = selectionOffer(fields, operation);
  return {
    label: operationNames[language][operation],
    count: open.length < fields.length ? t.ofAll(open.length, fields.length) : undefined,
    reason:
      open.length === 0
        ? reasons
            .map((each) => `${reasonText(language, each.code, each.reason)} (${t.fieldsCount(each.count)})`)
            .join("; ")
        : undefined,
    onSelect: () =>
      openOperation({ operation, targets: [{ instance: instance.line.id, fields: open }], perspective: "FIELD" }),
  };
}

function Operation(of: Of & { operation: OperationName }) {
  const { label, count, reason, onSelect } = useOffer(of);
  return (
    <Button
      kind="ghost"
      size="small"
      icon={OPERATION_ICONS[of.operation]}
      reason={reason}
      count={count}
      onClick={onSelect}
    >
      {label}
    </Button>
  );
}

function Forced(of: Of) {
  const t = useTexts(fieldTexts);
  const current = useOffer({ ...of, operation: "FORCE_RERUN_CURRENT" });
  const downstream = useOffer({ ...of, operation: "FORCE_RERUN_DOWNSTREAM" });
  const shut = current.reason !== undefined && downstream.reason !== undefined;
  const button = (
    <Button kind="ghost" size="small" icon={OPERATION_ICONS.FORCE_RERUN_CURRENT} reason={shut && current.reason}>
      {t.forced}
      <Icon of={ChevronDown} size={12} />
    </Button>
  );
  if (shut) return button;
  return (
    <Menu
      side="top"
      align="start"
      trigger={button}
      entries={[
        { key: "current", ...current, hint: current.count },
        { key: "downstream", ...downstream, hint: downstream.count },
      ]}
    />
  );
}
