import { Check, ChevronRight } from "lucide-react";
import { useTexts } from "../texts/texts";
import { Icon } from "../ui/Icon";
import type { Step } from "./steps";
import { operationTexts } from "./texts";

/** Where the operation stands: its scope is chosen, then its consequences are confirmed. */
export function Steps({ step, go, reason }: { step: Step; go: (step: Step) => void; reason: string | undefined }) {
  const t = useTexts(operationTexts);
  const steps: readonly Step[] = ["scope", "consequences"];
  return (
    <ol className="steps" aria-label={t.steps}>
      {steps.map((each, at) => (
        <li key={each}>
          {at > 0 && <Icon of={ChevronRight} size={12} />}
          <button
            type="button"
            aria-current={each === step ? "step" : undefined}
            aria-disabled={(each === "consequences" && step === "scope" && reason !== undefined) || undefined}
            title={each === "consequences" && step === "scope" ? reason : undefined}
            onClick={() => (each === "scope" || reason === undefined) && go(each)}
          >
            <span className="step-mark" aria-hidden="true">
              {each === "scope" && step === "consequences" ? <Icon of={Check} size={12} /> : at + 1}
            </span>
            {each === "scope" ? t.scopeOf : t.consequences}
          </button>
        </li>
      ))}
    </ol>
  );
}
