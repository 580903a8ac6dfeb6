import type { ReactNode } from "react";
import type { Schemas } from "../api/client";
import { PriorityBars } from "../status/kinds";
import { PRIORITIES, statusTexts } from "../status/status";
import { useTexts } from "../texts/texts";
import { Checkbox, Radio } from "../ui/Choice";
import { Tag } from "../ui/pieces";
import { type Choice, hasCode, isBatch, isDownstream, type Plan, type Preview, takesFields } from "./choice";
import type { OperationRequest } from "./open";
import { operationTexts } from "./texts";

interface OptionsProps {
  request: OperationRequest & { id: number };
  choice: Choice;
  change: (patch: Partial<Choice>) => void;
  detail: Schemas["InstanceDetail"] | undefined;
  preview: Preview | undefined;
  isTable: boolean;
  /** The plan of everything downstream, when members are chosen. */
  wide: Plan | undefined;
}

/** What can be chosen of the operation; all of it stays editable beside its consequences. */
export function Options(props: OptionsProps) {
  const { request, choice, change, detail, preview, isTable } = props;
  const t = useTexts(operationTexts);
  const { operation } = request;
  const downstream = isDownstream(operation);
  const force = operation === "FORCE_RERUN_DOWNSTREAM";
  const plan = preview?.plan;
  const associated = (plan?.associated.length ?? 0) + (plan?.required.length ?? 0);
  const isForbidden = plan?.refusals.some((refusal) => refusal.code === "FORBIDDEN") ?? false;
  const chooseFields = takesFields(request) && isTable && operation !== "SET_SUCCESS" && !choice.quick;
  return (
    <section className="operation-options" aria-label={t.scopeOf}>
      {force && isTable && (
        <Choices title={t.configuration}>
          <Radio
            name="quick"
            checked={choice.quick}
            note={t.quickNote}
            onChange={() => change({ quick: true, fields: null, scope: "ALL_INSTANCE", members: [] })}
          >
            {t.quick}
          </Radio>
          <Radio name="quick" checked={!choice.quick} note={t.customNote} onChange={() => change({ quick: false })}>
            {t.custom}
          </Radio>
        </Choices>
      )}
      {chooseFields && (
        <Choices title={downstream ? t.start : t.scopeOf}>
          <Radio
            name="fields"
            checked={choice.fields === null}
            note={detail && t.entireNote(detail.field_count, detail.node_count)}
            onChange={() => change({ fields: null })}
          >
            {t.entire}
          </Radio>
          <Radio
            name="fields"
            checked={choice.fields !== null}
            note={choice.fields ? t.specificNote(choice.fields.length, associated) : undefined}
            onChange={() => change({ fields: choice.fields ?? [] })}
          >
            {t.specific}
          </Radio>
        </Choices>
      )}
      {operation === "SET_SUCCESS" && isTable && !isBatch(request) && (
        <Choices title={t.successScope}>
          {(
            [
              ["FAILED_FIELDS", t.successFailed],
              ["NOT_RUN_FIELDS", t.successNotRun],
              ["FAILED_AND_NOT_RUN_FIELDS", t.successBoth],
              ["CUSTOM", t.successCustom],
            ] as const
          ).map(([scope, label]) => (
            <Radio
              key={scope}
              name="success"
              checked={choice.scope === scope}
              onChange={() => change({ scope, fields: scope === "CUSTOM" ? (choice.fields ?? []) : null })}
            >
              {label}
            </Radio>
          ))}
        </Choices>
      )}
      {downstream && (
        <Choices title={t.mode}>
          <Radio
            name="mode"
            checked={choice.start === "NORMAL"}
            note={t.normalNote}
            onChange={() => change({ start: "NORMAL" })}
          >
            {t.normal}
          </Radio>
          <Radio
            name="mode"
            checked={choice.start === "DRY_RUN"}
            note={t.dryNote}
            onChange={() => change({ start: "DRY_RUN" })}
          >
            {t.dry}
          </Radio>
          {!force && (
            <Radio
              name="mode"
              checked={choice.start === "LEFT"}
              note={t.leftNote}
              onChange={() => change({ start: "LEFT" })}
            >
              {t.left}
            </Radio>
          )}
        </Choices>
      )}
      {downstream && !(force && choice.quick && isTable) && <DownstreamScope {...props} force={force} />}
      {downstream && (isForbidden || choice.excludeForbidden) && (
        <Choices title="">
          <Checkbox
            checked={choice.excludeForbidden}
            note={t.excludeForbiddenNote}
            onChange={(excludeForbidden) => change({ excludeForbidden })}
          >
            {t.excludeForbidden}
          </Checkbox>
        </Choices>
      )}
      {operation === "MODIFY_PRIORITY" && <PriorityChoice {...props} />}
      {hasCode(operation) && (
        <Choices title={t.code}>
          <Radio name="code" checked={choice.code === "CURRENT"} onChange={() => change({ code: "CURRENT" })}>
            {t.current}
          </Radio>
          <Radio name="code" checked={choice.code === "AS_RAN"} onChange={() => change({ code: "AS_RAN" })}>
            {t.asRan}
          </Radio>
        </Choices>
      )}
    </section>
  );
}

function Choices({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className="choices">
      {title && <legend>{title}</legend>}
      {children}
    </fieldset>
  );
}

function DownstreamScope({ choice, change, wide, force }: OptionsProps & { force: boolean }) {
  const t = useTexts(operationTexts);
  const all = force ? "ALL_INSTANCE" : "ALL_FAILED_INSTANCE";
  const isCustom = choice.scope === "CUSTOM";
  const count = (wide?.totals.members ?? 0) + (wide?.totals.optional ?? 0);
  return (
    <Choices title={t.downstream}>
      <Radio
        name="scope"
        checked={choice.scope === all}
        note={force ? t.allInstancesNote : t.allFailedNote}
        onChange={() => change({ scope: all })}
      >
        {force ? t.allInstances : t.allFailed}
      </Radio>
      <Radio
        name="scope"
        checked={isCustom}
        note={isCustom && wide ? t.members(choice.members.length, count) : t.customScopeNote}
        onChange={() => change({ scope: "CUSTOM" })}
      >
        {t.custom}
      </Radio>
    </Choices>
  );
}

function PriorityChoice({ choice, change, detail }: OptionsProps) {
  const t = useTexts(operationTexts);
  const names = useTexts(statusTexts);
  return (
    <Choices title={t.priority}>
      {PRIORITIES.toReversed().map((priority) => (
        <Radio
          key={priority}
          name="priority"
          checked={choice.priority === priority}
          aria-label={names.priority[priority]}
          onChange={() => change({ priority })}
        >
          <span className="row gap-2">
            <PriorityBars priority={priority} />
            {detail?.line.priority === priority && <Tag>{t.now}</Tag>}
          </span>
        </Radio>
      ))}
    </Choices>
  );
}
