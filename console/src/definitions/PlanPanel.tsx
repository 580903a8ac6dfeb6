import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Info } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import { ApiError, api } from "../api/client";
import { keys } from "../api/keys";
import { Failure } from "../app/Page";
import { useShortcuts } from "../app/shortcuts";
import { inEnvironment, useEnvironment } from "../app/url";
import { Glyph } from "../status/Glyph";
import { taskPath } from "../tasks/useTask";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Keys, SkeletonRows } from "../ui/pieces";
import { Panel } from "../ui/Sheet";
import { toast } from "../ui/Toasts";
import { type Drafts, dropDrafts, editsOf } from "./drafts";
import type { Finding } from "./finding";
import { PlanView } from "./PlanView";
import { ProblemList } from "./ProblemList";
import { changesIn, firstPublished } from "./plan";
import { definitionTexts } from "./texts";

/** What saving and publishing would change; applied with the digest of what is shown. */
export function PlanPanel({
  drafts,
  stamp,
  onClose,
  onOpen,
}: {
  drafts: Drafts;
  /** Of the files as they are now. */
  stamp: string;
  onClose: () => void;
  onOpen: (finding: Finding) => void;
}) {
  const t = useTexts(definitionTexts);
  const client = useQueryClient();
  const environment = useEnvironment();
  const where = t.environments[environment];
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [isOther, setOther] = useState(false);
  const isLeft = useRef(false);
  const edits = useMemo(() => editsOf(drafts), [drafts]);
  const {
    data: plan,
    error,
    isFetching,
    refetch,
  } = useQuery({
    queryKey: keys.workspace("plan", environment, edits, stamp),
    queryFn: ({ signal }) => api.post("/workspace/files/plan", { edits, environment }, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
  });
  const isChangedFile = (problem: unknown) => problem instanceof ApiError && problem.code === "FILE_CHANGED";
  const count = plan ? changesIn(plan) : 0;
  let reason: string | undefined;
  if (isChangedFile(error) || isChangedFile(failure)) reason = t.inConflict;
  else if (!plan || isFetching) reason = error ? (error instanceof Error ? error.message : t.notYet) : t.notYet;
  else if (!plan.valid) reason = t.notValid;
  else if (plan.empty && edits.length === 0) reason = t.nothingToDo;
  const label =
    !plan?.valid || count === 0
      ? t.save(edits.length)
      : edits.length === 0
        ? t.publish(count, where)
        : t.saveAndPublish(edits.length, count, where);

  async function apply() {
    if (busy || reason || !plan) return;
    setBusy(true);
    setFailure(null);
    try {
      await api.post(
        "/workspace/files/apply",
        { edits, environment, digest: plan.digest },
        { idempotencyKey: newKey() },
      );
      dropDrafts(edits.map((each) => each.path));
      const first = firstPublished(plan);
      toast({
        glyph: <Glyph status="succeeded" label="" />,
        text: count > 0 ? t.published(count, where) : t.saved(edits.length),
        link: first && <Link href={inEnvironment(taskPath(first, "versions"), environment)}>{t.versions}</Link>,
      });
      for (const what of [["tasks"], ["projects"], keys.workspace()]) void client.invalidateQueries({ queryKey: what });
      onClose();
    } catch (problem) {
      setFailure(problem);
      setOther(problem instanceof ApiError && problem.code === "PLAN_CHANGED");
      if (!isChangedFile(problem)) void refetch();
    } finally {
      setBusy(false);
    }
  }

  useShortcuts(t.previewTitle(where), [{ keys: "Ctrl+Enter", label, run: () => void apply(), always: true }]);

  const problem = failure ?? error;
  return (
    <Panel
      open
      onClose={onClose}
      close={t.close}
      width={760}
      givesBack={() => !isLeft.current}
      title={t.previewTitle(where)}
      foot={
        <>
          <span className="t-12 soft row gap-2 grow">
            <Icon of={Info} size={14} />
            {t.mind}
          </span>
          <Button kind="ghost" size="large" onClick={onClose}>
            {t.cancel}
          </Button>
          <Button kind="primary" size="large" reason={reason} aria-busy={busy} onClick={() => void apply()}>
            {busy ? t.applying : label}
            <Keys of="Ctrl Enter" />
          </Button>
        </>
      }
    >
      <div className="plan" aria-busy={isFetching}>
        {isChangedFile(problem) ? (
          <p className="plan-note" role="alert">
            {t.fileChanged}
          </p>
        ) : isOther ? (
          <p className="plan-note" role="alert">
            {t.planChanged}
          </p>
        ) : (
          <Failure error={problem} onRetry={() => void refetch()} />
        )}
        {!plan && !error && (
          <>
            <p className="muted" role="status">
              {t.planning}
            </p>
            <SkeletonRows label={t.planning} />
          </>
        )}
        {plan && plan.findings.length > 0 && (
          <ProblemList
            findings={plan.findings}
            isOld={false}
            onOpen={(finding) => {
              isLeft.current = true;
              onOpen(finding);
            }}
          />
        )}
        {plan?.valid && <PlanView plan={plan} edits={edits} />}
      </div>
    </Panel>
  );
}

/** Unlike `crypto.randomUUID` there on plain HTTP, too. */
function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
