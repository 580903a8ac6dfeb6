import { X } from "lucide-react";
import { OPERATION_ICONS } from "../instance/operationEntries";
import type { Instance } from "../instance/useInstance";
import { operationNames, reasonText } from "../operation/names";
import { type OperationName, openOperation } from "../operation/open";
import { useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { Button, IconButton } from "../ui/Button";
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
  return (
    <section className="selection-bar" aria-label={t.chosen(fields.length)}>
      <span className="medium nowrap">{t.chosen(fields.length)}</span>
      <IconButton icon={X} size="small" label={t.clear} onClick={onClear} />
      <span className="rule" />
      {FIELD_OPERATIONS.map((operation) => (
        <Operation key={operation} operation={operation} instance={instance} fields={fields} />
      ))}
      <span className="grow" />
      <span className="muted t-12 ellipsis" role="status">
        {along !== null && along !== undefined && (along > 0 ? t.along(along) : t.alone)}
      </span>
    </section>
  );
}

function Operation({
  operation,
  instance,
  fields,
}: {
  operation: OperationName;
  instance: Instance;
  fields: readonly Field[];
}) {
  const t = useTexts(fieldTexts);
  const language = useLanguage();
  const names = operationNames[language];
  const { open, reasons } = selectionOffer(fields, operation);
  const reason =
    open.length === 0 &&
    reasons.map((each) => (
      <span key={`${each.code} ${each.reason}`} className="reason">
        {reasonText(language, each.code, each.reason)} ({t.fieldsCount(each.count)})
      </span>
    ));
  return (
    <Button
      kind="ghost"
      icon={OPERATION_ICONS[operation]}
      reason={reason || undefined}
      count={open.length < fields.length ? t.ofAll(open.length, fields.length) : undefined}
      onClick={() =>
        openOperation({ operation, targets: [{ instance: instance.line.id, fields: open }], perspective: "FIELD" })
      }
    >
      {names[operation]}
    </Button>
  );
}
