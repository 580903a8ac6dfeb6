import type { Schemas } from "../api/client";
import { useLanguage } from "../texts/language";
import { number, useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { ErrorBar } from "../ui/pieces";
import type { Choice } from "./choice";
import { itemText, operationNames, reasonText } from "./names";
import { type OperationName, type OperationRequest, openOperation } from "./open";
import { operationTexts } from "./texts";

type Refusal = Schemas["RefusalView"];

/** Objects of each refusal that are named; what is beyond is counted. */
const NAMED = 8;

interface RefusalsProps {
  request: OperationRequest;
  choice: Choice;
  change: (patch: Partial<Choice>) => void;
  refusals: readonly Refusal[];
  /** Fields that the operation admits, when others are the reason. */
  fitting: readonly string[];
}

/** Why it would be refused, and what can be done instead. */
export function Refusals(props: RefusalsProps) {
  const t = useTexts(operationTexts);
  const language = useLanguage();
  return props.refusals.map((refusal) => {
    const items = (refusal.items ?? []).filter((item) => item.name !== "");
    const named = items.slice(0, NAMED).map((item) => ({ ...item, reason: itemText(language, item) }));
    const rest = items.length - named.length;
    if (rest > 0) named.push({ id: -1, name: t.andMore(number(rest)), status: "", reason: "" });
    return (
      <ErrorBar
        key={`${refusal.code}${refusal.message}`}
        message={reasonText(language, refusal.code, refusal.message)}
        items={items.length > 1 ? named : undefined}
        action={<Suggestion {...props} refusal={refusal} />}
      />
    );
  });
}

const INSTEAD: Partial<Record<OperationName, OperationName>> = {
  RERUN: "FORCE_RERUN_CURRENT",
  RERUN_DOWNSTREAM: "FORCE_RERUN_DOWNSTREAM",
};

function Suggestion({ request, choice, change, refusal, fitting }: RefusalsProps & { refusal: Refusal }) {
  const t = useTexts(operationTexts);
  const names = useTexts(operationNames);
  const { operation, targets, perspective } = request;
  const button = (label: string, onClick: () => void) => (
    <Button size="small" onClick={onClick}>
      {label}
    </Button>
  );
  const other = (name: OperationName) =>
    button(names[name], () =>
      openOperation({
        operation: name,
        targets: targets.map(({ instance }) => (choice.fields ? { instance, fields: choice.fields } : { instance })),
        perspective,
        onAccepted: request.onAccepted,
      }),
    );
  const forced = INSTEAD[operation];
  switch (refusal.code) {
    case "EMPTY_SCOPE":
      if (operation === "RERUN_DOWNSTREAM" && choice.scope !== "CUSTOM")
        return button(t.chooseDownstream, () => change({ scope: "CUSTOM" }));
      if (operation === "SET_SUCCESS" && choice.scope !== "FAILED_AND_NOT_RUN_FIELDS")
        return button(t.successBoth, () => change({ scope: "FAILED_AND_NOT_RUN_FIELDS", fields: null }));
      return null;
    case "STATUS_NOT_ALLOWED":
      if (fitting.length > 0) return button(t.onlyFitting(fitting.length), () => change({ fields: fitting }));
      return forced ? other(forced) : null;
    case "CLOSURE_IN_FLIGHT":
      return forced ? other(forced) : null;
    case "SCOPE_HAS_ACTIVE":
      return other("FORCE_RERUN_DOWNSTREAM");
    case "INSTANCE_PAUSED":
      return other("RESUME");
    case "FORBIDDEN":
    case "FORBIDDEN_ASSOCIATED":
      if (refusal.message.endsWith("confirm to leave it out"))
        return button(t.leaveOut, () => change({ excludeForbidden: true }));
      return fitting.length > 0 ? button(t.onlyFitting(fitting.length), () => change({ fields: fitting })) : null;
    default:
      return null;
  }
}
