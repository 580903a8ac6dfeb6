import "../styles/operation.css";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { Info } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import { ApiError, api } from "../api/client";
import { keys } from "../api/keys";
import { useZone } from "../app/session";
import { useShortcuts } from "../app/shortcuts";
import { inEnvironment } from "../app/url";
import { Glyph } from "../status/Glyph";
import { KindIcon } from "../status/kinds";
import { priorityOf, statusTexts } from "../status/status";
import { bizdate, runDay, shortTimeOn } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Checkbox } from "../ui/Choice";
import { Icon } from "../ui/Icon";
import { Keys } from "../ui/pieces";
import { Panel } from "../ui/Sheet";
import { toast } from "../ui/Toasts";
import { BatchList } from "./BatchList";
import { Consequences } from "./Consequences";
import { bodyOf, type Choice, firstChoice, isBatch, isForced, missing, takesFields } from "./choice";
import { confirmLabel } from "./confirm";
import { FieldColumn } from "./FieldColumn";
import { operationNames } from "./names";
import { Options } from "./Options";
import { closeOperation, type OperationRequest } from "./open";
import { changedLines, outcomeOf, plansOf } from "./outcome";
import { operationTexts } from "./texts";
import { UpstreamColumn } from "./UpstreamColumn";

/** Lines that are others than before keep their bar for this time (ms). */
const MARKED_MS = 4000;
/** Changes of options within this time are previewed together (ms). */
const REST_MS = 120;

/** Options, objects and consequences of one operation. Every change asks the server for a preview; apply carries its digest. */
export default function OperationPanel({ request }: { request: OperationRequest & { id: number } }) {
  const t = useTexts(operationTexts);
  const names = useTexts(operationNames);
  const statuses = useTexts(statusTexts);
  const zone = useZone();
  const client = useQueryClient();
  const { operation, targets } = request;
  const batch = isBatch(request);
  const first = targets[0]?.instance ?? 0;
  const [choice, setChoice] = useState<Choice>(() => firstChoice(request));
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [known, setKnown] = useState(false);
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const [isOther, setOther] = useState(false);
  const summary = useRef<HTMLElement>(null);
  const change = (patch: Partial<Choice>) => {
    setKnown(false);
    setFailure(null);
    setOther(false);
    setChoice((now) => ({ ...now, ...patch }));
  };

  const { data: detail } = useQuery({
    queryKey: keys.instance(first, "detail"),
    queryFn: ({ signal }) => api.get("/instances/{id}", { path: { id: first }, signal }),
    enabled: !batch,
  });
  const isTable = detail?.line.biz_type === "LOGICAL_TABLE";
  const lacks = missing(request, choice);
  const rested = useRested(choice);
  const body = useMemo(() => bodyOf(request, rested), [request, rested]);
  const previewKey = ["preview", request.id, body] as const;
  const {
    data: preview,
    error,
    isPlaceholderData,
    isFetching,
    dataUpdatedAt,
    refetch,
  } = useQuery({
    queryKey: previewKey,
    queryFn: ({ signal }) => api.post("/operations/preview", body, { signal }),
    enabled: missing(request, rested) === null,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const shown = lacks === null ? preview : undefined;
  const isOld =
    lacks === null && (rested !== choice || isPlaceholderData || isFetching || (preview === undefined && !error));
  const outcome = useMemo(() => outcomeOf(shown ? plansOf(shown) : []), [shown]);

  useEffect(() => {
    if (marked.size === 0) return;
    const timer = setTimeout(() => setMarked(new Set()), MARKED_MS);
    return () => clearTimeout(timer);
  }, [marked]);

  const forced = isForced(operation);
  const refusals = shown?.refusals ?? [];
  let reason: string | undefined;
  if (lacks) reason = t.nothingYet[lacks];
  else if (isOld || !shown) reason = t.confirmReason;
  else if (!shown.accepted) reason = refusals[0]?.message ?? shown.skipped[0]?.reason ?? t.refused;
  else if (forced && !known) reason = t.forcedReason;
  const label = shown
    ? confirmLabel(
        request,
        shown,
        outcome,
        t,
        names,
        choice.priority ? statuses.priority[priorityOf(choice.priority)] : "",
      )
    : names[operation];

  async function apply() {
    if (busy || reason || !shown) return;
    setBusy(true);
    setFailure(null);
    try {
      const applied = await api.post(
        "/operations/apply",
        { ...body, digest: shown.digest },
        { idempotencyKey: newKey() },
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
      const isChanged = problem instanceof ApiError && ["CLOSURE_CHANGED", "CONFLICT"].includes(problem.code);
      if (isChanged) {
        const { data: now } = await refetch();
        if (now) setMarked(changedLines(shown, now));
        setOther(true);
        setKnown(false);
        summary.current?.focus();
      } else {
        setFailure(problem);
        void refetch();
      }
    } finally {
      setBusy(false);
    }
  }

  useShortcuts(names[operation], [{ keys: "Ctrl+Enter", label, run: () => void apply(), always: true }]);

  const hasFields = isTable && takesFields(request);
  const middle = batch ? (
    <BatchList preview={shown} marked={marked} isOld={isOld} />
  ) : hasFields ? (
    <FieldColumn
      request={request}
      choice={choice}
      change={change}
      plan={shown?.plan ?? null}
      marked={marked}
      isOld={isOld}
    />
  ) : operation === "REMOVE_UPSTREAM" ? (
    <UpstreamColumn instance={first} choice={choice} change={change} />
  ) : null;
  const options = (
    <Options request={request} choice={choice} change={change} detail={detail} preview={shown} isTable={isTable} />
  );

  const line = detail?.line;
  return (
    <Panel
      open
      onClose={closeOperation}
      close={t.close}
      width={middle ? 1128 : 720}
      className="operation-panel"
      padded={false}
      title={
        <>
          <span className="operation-title">{names[operation]}</span>
          <span className="operation-of t-12 muted">
            {batch ? (
              t.instances(targets.length)
            ) : line ? (
              <>
                <KindIcon kind={line.kind} />
                <b className="medium ellipsis">{line.name}</b>
                <span>{t.instance(line.id)}</span>
                <span>{t.dates(bizdate(line.bizdate), shortTimeOn(line.due_at, zone, runDay(line.bizdate)))}</span>
              </>
            ) : (
              t.instance(first)
            )}
          </span>
        </>
      }
      foot={
        <>
          <span className="t-12 soft row gap-2 grow mind">
            <Icon of={Info} size={14} />
            {t.mind}
          </span>
          <Button kind="ghost" size="large" onClick={closeOperation}>
            {t.cancel}
          </Button>
          <Button kind="primary" size="large" reason={reason} aria-busy={busy} onClick={() => void apply()}>
            {busy ? t.applying : label}
            <Keys of="Ctrl Enter" />
          </Button>
        </>
      }
    >
      <div className={middle ? "operation-body" : "operation-body narrow"}>
        {options}
        {middle}
        <Consequences
          ref={summary}
          request={request}
          choice={choice}
          preview={shown}
          outcome={outcome}
          lacks={lacks}
          isOld={isOld}
          isOther={isOther}
          at={dataUpdatedAt}
          error={failure ?? (lacks === null ? error : null)}
          onRetry={() => void refetch()}
          marked={marked}
        >
          {forced && shown?.accepted && (
            <div className="known">
              <Checkbox checked={known} onChange={setKnown}>
                {outcome.unmet.length > 0 ? t.forced(outcome.unmet.slice(0, 5).join(", ")) : t.forcedMet}
              </Checkbox>
            </div>
          )}
        </Consequences>
      </div>
    </Panel>
  );
}

function environmentHere() {
  return new URLSearchParams(window.location.search).get("env")?.toLowerCase() === "dev" ? "DEV" : "PROD";
}

/** Unlike `crypto.randomUUID` there on plain HTTP, too. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The value once it has rested. */
function useRested<T>(value: T): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), REST_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}
