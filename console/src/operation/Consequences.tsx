import { ArrowRight } from "lucide-react";
import type { ReactNode, Ref } from "react";
import { Failure } from "../app/Page";
import { useSession, useZone } from "../app/session";
import { Glyph } from "../status/Glyph";
import { PriorityBars } from "../status/kinds";
import { dayOf, NONE, shortTimeOn, timeOn } from "../texts/format";
import { useLanguage } from "../texts/language";
import { number, useTexts } from "../texts/texts";
import { classes } from "../ui/classes";
import { Icon } from "../ui/Icon";
import { Name, SkeletonRows } from "../ui/pieces";
import { type Choice, isBatch, type Missing, type Preview } from "./choice";
import { said, statusName, statusNamed } from "./names";
import type { OperationRequest } from "./open";
import { namesOnce, type Outcome, plansOf } from "./outcome";
import { NodeLine, Part, Rest, SHOWN } from "./parts";
import { Runs } from "./Runs";
import { operationTexts } from "./texts";

const NAMED = 3;

interface ConsequencesProps {
  ref: Ref<HTMLElement>;
  request: OperationRequest;
  choice: Choice;
  preview: Preview | undefined;
  outcome: Outcome;
  lacks: Missing | null;
  isOld: boolean;
  /** The world changed, and this is the preview of now. */
  isOther: boolean;
  at: number;
  error: unknown;
  onRetry: () => void;
  marked: ReadonlySet<string>;
  /** Why it would be refused. */
  refusals: ReactNode;
  children?: ReactNode;
}

/** What will happen: what runs and when, what changes otherwise, what stays outside and why. */
export function Consequences(props: ConsequencesProps) {
  const { preview, outcome, lacks, isOld, isOther, error, marked } = props;
  const t = useTexts(operationTexts);
  const zone = useZone();
  const session = useSession();
  // A rehearsal's clock stands still.
  const at = session.rehearsal ? Date.parse(session.now) : props.at;
  return (
    <section
      className={classes("operation-consequences", isOld && "old")}
      aria-label={t.what}
      aria-busy={isOld}
      ref={props.ref}
      tabIndex={-1}
    >
      <div className="row consequences-head">
        <h3 className="semi t-14">{t.what}</h3>
        <span className="grow" />
        <span className="t-12 muted">
          {isOld ? t.previewing : preview ? t.preview(timeOn(at, zone, dayOf(at, zone))) : ""}
        </span>
      </div>
      {isOther && (
        <p className="changed-note" role="alert">
          {t.changed}
        </p>
      )}
      <Failure error={error} onRetry={props.onRetry} />
      {lacks && <p className="muted">{t.nothingYet[lacks]}</p>}
      {isOld && !preview && <SkeletonRows rows={5} label={t.previewing} />}
      {props.refusals}
      {preview && preview.refusals.length === 0 && (
        <>
          <Summary {...props} preview={preview} at={at} />
          <Runs preview={preview} outcome={outcome} choice={props.choice} marked={marked} at={at} />
          <Changes preview={preview} outcome={outcome} choice={props.choice} marked={marked} />
          <Outside preview={preview} outcome={outcome} marked={marked} />
        </>
      )}
      {props.children}
    </section>
  );
}

function Summary({ request, preview, outcome, at }: ConsequencesProps & { preview: Preview }) {
  const t = useTexts(operationTexts);
  const zone = useZone();
  const { counts } = outcome;
  const moves = counts.now + counts.later > 0;
  const batch = isBatch(request);
  return (
    <dl className="summary">
      {batch && (
        <>
          <Figure label={t.sum.instances} unit={t.sum.instance(preview.totals.plans ?? 0)}>
            {number(preview.totals.plans ?? 0)}
          </Figure>
          <Figure label={t.sum.skipped} unit={t.sum.instance(preview.skipped.length)}>
            {number(preview.skipped.length)}
          </Figure>
        </>
      )}
      {moves && !batch && (
        <Figure label={t.sum.runNow} unit={t.sum.nodes(counts.now)}>
          {number(counts.now)}
        </Figure>
      )}
      {counts.later > 0 && !batch && (
        <Figure label={t.sum.thenRun} unit={t.sum.nodes(counts.later)}>
          {number(counts.later)}
        </Figure>
      )}
      {!moves && counts.set > 0 && (
        <Figure label={t.sum.change} unit={t.sum.nodes(counts.set)}>
          {number(counts.set)}
        </Figure>
      )}
      {moves && (
        <Figure label={t.sum.finish}>
          {preview.expected_finish ? shortTimeOn(preview.expected_finish, zone, dayOf(at, zone)) : NONE}
        </Figure>
      )}
    </dl>
  );
}

function Figure({ label, unit, children }: { label: string; unit?: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {children}
        {unit && <small> {unit}</small>}
      </dd>
    </div>
  );
}

function Changes({
  preview,
  outcome,
  choice,
  marked,
}: {
  preview: Preview;
  outcome: Outcome;
  choice: Choice;
  marked: ReadonlySet<string>;
}) {
  const t = useTexts(operationTexts);
  const language = useLanguage();
  const plans = plansOf(preview);
  const priorities = plans.flatMap((plan) => plan.priorities);
  const removed = plans.flatMap((plan) => plan.removed_upstream);
  // A dry start is told of above.
  const set = choice.start === "DRY_RUN" ? [] : outcome.set;
  return (
    <>
      {set.length > 0 && (
        <Part title={t.changes}>
          {set.slice(0, SHOWN).map((node) => (
            <NodeLine key={node.id} node={node} marked={marked} due={outcome.dues.get(node.instance)} />
          ))}
          <Rest of={outcome.counts.set} />
        </Part>
      )}
      {outcome.neighbours.length > 0 && (
        <Part title={t.neighbours}>
          {outcome.neighbours.slice(0, SHOWN).map((node) => (
            <NodeLine key={node.id} node={node} marked={marked} />
          ))}
          <Rest of={outcome.neighbours.length} />
        </Part>
      )}
      {priorities.length > 0 && (
        <Part title={t.changes}>
          {priorities.slice(0, SHOWN).map((each) => (
            <li
              key={`${each.instance}-${each.field}`}
              className={classes("row gap-2 change", marked.has(`priority ${each.instance} ${each.field}`) && "marked")}
            >
              <Name className="ink">{each.name}</Name>
              <span className="grow" />
              <PriorityBars priority={each.before} />
              <Icon of={ArrowRight} size={12} />
              <PriorityBars priority={each.after} />
            </li>
          ))}
          <Rest of={priorities.length} />
        </Part>
      )}
      {removed.length > 0 && (
        <Part title={t.removedTitle}>
          {removed.map((item) => (
            <li key={item.id} className="row gap-2 change">
              <Name className="ink">{item.name}</Name>
              <span className="grow" />
              {item.status && <Glyph status={statusNamed(item.status)} size={12} label="" />}
              <span className="soft">{item.status && statusName(language, item.status)}</span>
            </li>
          ))}
        </Part>
      )}
      {plans.some((plan) => plan.notices.length > 0) && (
        <Part title={t.notices}>
          {[...new Set(plans.flatMap((plan) => plan.notices))].map((notice) => (
            <li key={notice} className="soft">
              {said(language, notice)}
            </li>
          ))}
        </Part>
      )}
    </>
  );
}

/** The first names, and how many others there are. */
function shortened(names: readonly string[]): [string, number] {
  const each = namesOnce(names);
  return [each.slice(0, NAMED).join(", "), each.length - NAMED];
}

function Outside({ preview, outcome, marked }: { preview: Preview; outcome: Outcome; marked: ReadonlySet<string> }) {
  const t = useTexts(operationTexts);
  const language = useLanguage();
  const plans = plansOf(preview);
  const optional = plans.flatMap((plan) => plan.optional);
  const excluded = plans.flatMap((plan) => plan.excluded);
  return (
    <>
      {outcome.outside.length > 0 && (
        <Part title={t.outside}>
          {outcome.outside.map((group) => (
            <li
              key={group.sees}
              className={classes("outside", group.ids.some((id) => marked.has(`outside ${id}`)) && "marked")}
            >
              <b className="medium" title={group.names.join(", ")}>
                {t.outsideNames(...shortened(group.names))}
              </b>{" "}
              {(t.sees as Record<string, (count: number) => string>)[group.sees]?.(group.names.length) ??
                said(language, group.meaning)}
            </li>
          ))}
        </Part>
      )}
      {optional.length > 0 && (
        <Part title={t.optional}>
          <li className="outside">
            <b className="medium">{t.outsideNames(...shortened(optional.map((member) => member.name)))}</b>{" "}
            {t.optionalNote}
          </li>
        </Part>
      )}
      {excluded.length > 0 && (
        <Part title={t.excludedTitle}>
          {excluded.slice(0, SHOWN).map((item) => (
            <li key={item.id} className="outside">
              <b className="medium">{item.name}</b> {said(language, item.reason)}
            </li>
          ))}
          <Rest of={excluded.length} />
        </Part>
      )}
    </>
  );
}
