import "../styles/operation.css";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Info } from "lucide-react";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { ApiError, api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { type Change, useChanges } from "../api/live";
import { Failure } from "../app/Page";
import { useZone } from "../app/session";
import { useShortcuts } from "../app/shortcuts";
import { inEnvironment } from "../app/url";
import { Glyph } from "../status/Glyph";
import { KindIcon } from "../status/kinds";
import { bizdate, runDay, shortTimeOn } from "../texts/format";
import { useLanguage } from "../texts/language";
import { number, useTexts } from "../texts/texts";
import { Button, Segmented } from "../ui/Button";
import { Checkbox } from "../ui/Choice";
import { classes } from "../ui/classes";
import { Icon } from "../ui/Icon";
import { Keys, Name } from "../ui/pieces";
import { Panel } from "../ui/Sheet";
import { toast } from "../ui/Toasts";
import { BatchList } from "./BatchList";
import { Consequences } from "./Consequences";
import { type Choice, firstChoice, hasOptions, isBatch, isDownstream, isForced, takesFields } from "./choice";
import { confirmLabel } from "./confirm";
import { FieldColumn } from "./FieldColumn";
import { MemberColumn } from "./MemberColumn";
import { stillThere } from "./members";
import { operationNames, reasonText } from "./names";
import { Options } from "./Options";
import { closeOperation, type OperationRequest } from "./open";
import { changedLines } from "./outcome";
import { Refusals } from "./Refusals";
import { Steps } from "./Steps";
import { firstStep, hasSteps, type Step } from "./steps";
import { operationTexts } from "./texts";
import { UpstreamColumn } from "./UpstreamColumn";
import { useDownstream, usePreview } from "./usePreview";

/** Lines that are others than before keep their bar for this time (ms). */
const MARKED_MS = 4000;
const NO_LINES: ReadonlySet<string> = new Set();
const NO_KEY = { digest: "", key: "" };

/** Options, objects and consequences of one operation. Every change asks the server for a preview; apply carries its digest. */
export default function OperationPanel({ request }: { request: OperationRequest & { id: number } }) {
  const t = useTexts(operationTexts);
  const names = useTexts(operationNames);
  const language = useLanguage();
  const client = useQueryClient();
  const { operation, targets } = request;
  const batch = isBatch(request);
  const first = targets[0]?.instance ?? 0;
  const { data: detail } = useQuery({
    queryKey: keys.instance(first, "detail"),
    queryFn: ({ signal }) => api.get("/instances/{id}", { path: { id: first }, signal }),
    enabled: !batch,
  });
  // Until it is known, what takes fields is taken for a table: most are.
  const isTable = detail ? detail.line.biz_type === "LOGICAL_TABLE" : !batch;
  const [choice, setChoice] = useState<Choice>(() => firstChoice(request));
  const [chosenStep, setStep] = useState<Step | null>(null);
  const [list, setList] = useState<"fields" | "members">("fields");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [known, setKnown] = useState(false);
  const [marked, setMarked] = useState(NO_LINES);
  const [isOther, setOther] = useState(false);
  const summary = useRef<HTMLElement>(null);
  const key = useRef(NO_KEY);
  const stepped = hasSteps(request, isTable);
  const step = stepped ? (chosenStep ?? firstStep(request, isTable)) : "consequences";
  const change = (patch: Partial<Choice>) => {
    setKnown(false);
    setFailure(null);
    setOther(false);
    if (patch.scope === "CUSTOM" && choice.scope !== "CUSTOM" && isDownstream(operation)) setList("members");
    setChoice((now) => ({ ...now, ...patch }));
  };
  const { lacks, body, preview, outcome, error, isOld, at, refetch } = usePreview(request, choice);
  // What is refused is asked again when something happens to what it is about: nothing that could be confirmed changes by it.
  const onChange = useCallback(
    (change: Change) => {
      if (!preview || preview.accepted) return;
      const about = new Set(preview.refusals.flatMap((each) => (each.items ?? []).map((item) => item.name)));
      const own = new Set(targets.map((target) => target.instance));
      const isOwn = (instances: readonly number[]) => instances.some((id) => own.has(id));
      if (isOwn(change.instances) || change.nodes.some((node) => about.has(node.name) || isOwn(node.instances)))
        void refetch();
    },
    [preview, targets, refetch],
  );
  useChanges(onChange);
  const { data: everything, isPlaceholderData: isOldList } = useDownstream(request, choice);
  const wide = everything?.plan ?? undefined;
  // With other fields at the start, others are downstream.
  useEffect(() => {
    if (!wide || isOldList) return;
    setChoice((now) => {
      const members = stillThere(now.members, wide);
      return members === now.members ? now : { ...now, members };
    });
  }, [wide, isOldList]);
  const go = (next: Step) => {
    setStep(next);
    // What the step shows is read from its beginning.
    requestAnimationFrame(() => (next === "consequences" ? summary.current : null)?.focus());
  };

  useEffect(() => {
    if (marked.size === 0) return;
    const timer = setTimeout(() => setMarked(NO_LINES), MARKED_MS);
    return () => clearTimeout(timer);
  }, [marked]);

  const forced = isForced(operation);
  const refusal = preview?.refusals[0];
  const skipped = preview?.skipped[0];
  let reason: string | undefined;
  if (lacks) reason = t.nothingYet[lacks];
  else if (isOld) reason = t.confirmReason;
  else if (!preview) reason = t.noPreview;
  else if (refusal) reason = reasonText(language, refusal.code, refusal.message);
  else if (!preview.accepted) reason = skipped ? reasonText(language, skipped.code, skipped.reason) : t.refused;
  else if (forced && !known) reason = t.forcedReason;
  const label = confirmLabel(request, choice, preview, outcome, language);

  async function apply() {
    if (busy || reason || !preview) return;
    setBusy(true);
    setFailure(null);
    // An answer that got lost is asked for again with the same key: it is carried out once.
    if (key.current.digest !== preview.digest) key.current = { digest: preview.digest, key: newKey() };
    try {
      const applied = await api.post(
        "/operations/apply",
        { ...body, digest: preview.digest },
        { idempotencyKey: key.current.key },
      );
      closeOperation();
      request.onAccepted?.(applied);
      const id = applied.operation?.instance ?? applied.outcomes.find((each) => each.operation !== null)?.instance;
      toast({
        glyph: <Glyph status="succeeded" label="" />,
        text:
          applied.operation || targets.length === 1
            ? t.accepted(names[operation])
            : t.acceptedOf(names[operation], applied.accepted, targets.length),
        link: id ? (
          <Link href={inEnvironment(`/instances/${id}/operations`, environmentHere())}>{t.log}</Link>
        ) : undefined,
      });
      void client.invalidateQueries({ queryKey: ["instances"] });
      void client.invalidateQueries({ queryKey: ["around"] });
      for (const { instance } of targets.slice(0, 50))
        void client.invalidateQueries({ queryKey: ["instance", instance] });
    } catch (problem) {
      const code = problem instanceof ApiError ? problem.code : "";
      if (code !== "UNREACHABLE") key.current = NO_KEY;
      if (["CLOSURE_CHANGED", "CONFLICT"].includes(code)) {
        const { data: now } = await refetch();
        if (now) setMarked(changedLines(preview, now));
        setOther(true);
        setKnown(false);
        summary.current?.focus();
      } else {
        setFailure(problem);
        if (code !== "UNREACHABLE") void refetch();
      }
    } finally {
      setBusy(false);
    }
  }

  let inShort = "";
  if (lacks) inShort = t.nothingYet[lacks];
  else if (isOld) inShort = t.previewing;
  else if (refusal) inShort = t.refused;
  else if (preview) inShort = t.inShort(outcome.counts);
  const onward = () => (lacks ? undefined : go("consequences"));
  useShortcuts(names[operation], [
    {
      keys: "Ctrl+Enter",
      label: step === "scope" ? t.showConsequences : label,
      // A key that is held down does not go through both steps.
      run: (event) => !event.repeat && (step === "scope" ? onward() : void apply()),
      always: true,
    },
  ]);

  const { data: offers } = useQuery({
    queryKey: keys.instance(first, "offers", operation),
    queryFn: ({ signal }) => api.get("/instances/{id}/offers", { path: { id: first }, query: { operation }, signal }),
    enabled: ["STATUS_NOT_ALLOWED", "FORBIDDEN"].includes(refusal?.code ?? "") && isTable && takesFields(request),
  });
  const meant = new Set(choice.fields ?? offers?.fields?.map((field) => field.name));
  const fitting = (offers?.fields ?? []).filter((field) => field.open && meant.has(field.name));
  const refusals = preview && preview.refusals.length > 0 && (
    <Refusals
      request={request}
      choice={choice}
      change={change}
      refusals={preview.refusals}
      fitting={fitting.map((field) => field.name)}
    />
  );
  const columns = { choice, change, marked, plan: preview?.plan ?? null };
  const hasFields = isTable && takesFields(request);
  const hasMembers = isDownstream(operation) && choice.scope === "CUSTOM";
  const above = (
    <>
      {hasFields && hasMembers && (
        <div className="fields-head">
          <Segmented
            label={t.lists}
            value={list}
            options={[
              { value: "fields", label: t.start },
              { value: "members", label: t.downstreamCount(number(choice.members.length)) },
            ]}
            onChange={setList}
          />
        </div>
      )}
      {step === "scope" && refusals}
      {step === "scope" && <Failure error={error} onRetry={() => void refetch()} />}
    </>
  );
  let middle: ReactNode = null;
  if (batch) middle = <BatchList preview={preview} marked={marked} isOld={isOld} />;
  else if (hasMembers && (!hasFields || list === "members"))
    middle = (
      <MemberColumn {...columns} wide={wide}>
        {above}
      </MemberColumn>
    );
  else if (hasFields)
    middle = (
      <FieldColumn {...columns} request={request} isOld={isOld}>
        {above}
      </FieldColumn>
    );
  else if (operation === "REMOVE_UPSTREAM")
    middle = <UpstreamColumn instance={first} choice={choice} change={change} />;
  else if (step === "scope") middle = <section className="operation-fields">{above}</section>;
  const isNarrow = middle === null;
  const isBare = !hasOptions(request, isTable);

  return (
    <Panel
      open
      onClose={closeOperation}
      close={t.close}
      width={(isNarrow ? 720 : 1128) - (isBare ? 240 : 0)}
      className="operation-panel"
      padded={false}
      title={<Title request={request} detail={detail} />}
      aside={stepped && <Steps step={step} go={go} reason={lacks ? t.nothingYet[lacks] : undefined} />}
      foot={
        <>
          <span className="t-12 soft row gap-2 grow mind" role="status">
            <Icon of={Info} size={14} />
            {step === "scope" ? inShort : t.mind}
          </span>
          <Button kind="ghost" size="large" onClick={closeOperation}>
            {t.cancel}
          </Button>
          {stepped && step === "consequences" && (
            <Button size="large" onClick={() => go("scope")}>
              {t.back}
            </Button>
          )}
          {step === "scope" ? (
            <Button kind="primary" size="large" reason={lacks ? t.nothingYet[lacks] : undefined} onClick={onward}>
              {t.showConsequences}
              <Keys of="Ctrl Enter" />
            </Button>
          ) : (
            <Button kind="primary" size="large" reason={reason} aria-busy={busy} onClick={() => void apply()}>
              {busy ? t.applying : label}
              <Keys of="Ctrl Enter" />
            </Button>
          )}
        </>
      }
    >
      <div className={classes("operation-body", step, isNarrow && "narrow", isBare && "bare")}>
        {!isBare && (
          <Options
            request={request}
            choice={choice}
            change={change}
            detail={detail}
            preview={preview}
            isTable={isTable}
            wide={wide}
          />
        )}
        {middle}
        {step === "consequences" && (
          <Consequences
            ref={summary}
            request={request}
            choice={choice}
            preview={preview}
            outcome={outcome}
            lacks={lacks}
            isOld={isOld}
            isOther={isOther}
            at={at}
            error={failure ?? error}
            onRetry={() => (failure ? void apply() : void refetch())}
            marked={marked}
            refusals={refusals}
          >
            {forced && preview?.accepted && (
              <div className="known">
                <Checkbox checked={known} onChange={setKnown}>
                  {outcome.unmet.length > 0
                    ? t.forced(namesOf(outcome.unmet, t.andMore), outcome.unmet.length)
                    : t.forcedMet}
                </Checkbox>
              </div>
            )}
          </Consequences>
        )}
      </div>
    </Panel>
  );
}

function Title({ request, detail }: { request: OperationRequest; detail: Schemas["InstanceDetail"] | undefined }) {
  const t = useTexts(operationTexts);
  const names = useTexts(operationNames);
  const zone = useZone();
  const line = detail?.line;
  return (
    <>
      <span className="operation-title">{names[request.operation]}</span>
      <span className="operation-of t-12 muted">
        {isBatch(request) ? (
          t.instances(request.targets.length)
        ) : line ? (
          <>
            <KindIcon kind={line.kind} />
            <Name className="medium of-name">{line.name}</Name>
            <span className="nowrap">{t.instance(line.id)}</span>
            <span className="nowrap">
              {t.dates(bizdate(line.bizdate), shortTimeOn(line.due_at, zone, runDay(line.bizdate)))}
            </span>
          </>
        ) : (
          t.instance(request.targets[0]?.instance ?? 0)
        )}
      </span>
    </>
  );
}

/** The first few of many names. */
function namesOf(names: readonly string[], more: (count: string) => string): string {
  const shown = names.slice(0, 5);
  return [...shown, ...(names.length > shown.length ? [more(number(names.length - shown.length))] : [])].join(", ");
}

function environmentHere() {
  return new URLSearchParams(window.location.search).get("env")?.toLowerCase() === "dev" ? "DEV" : "PROD";
}

/** Unlike `crypto.randomUUID` there on plain HTTP, too. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
