import { ArrowRight } from "lucide-react";
import { Fragment, type ReactNode, type Ref } from "react";
import { Failure } from "../app/Page";
import { useSession, useZone } from "../app/session";
import { Glyph } from "../status/Glyph";
import { PriorityBars } from "../status/kinds";
import { statusTexts } from "../status/status";
import { dateTime, dayOf, NONE, shortTimeOn, timeOn } from "../texts/format";
import { useLanguage } from "../texts/language";
import { number, useTexts } from "../texts/texts";
import { classes } from "../ui/classes";
import { Icon } from "../ui/Icon";
import { ErrorBar, Name } from "../ui/pieces";
import { type Choice, isBatch, type Missing, type PlannedNode, type Preview } from "./choice";
import { statusNamed } from "./MemberList";
import { reasonText } from "./names";
import type { OperationRequest } from "./open";
import { axisOf, type Group, type Outcome, plansOf } from "./outcome";
import { operationTexts } from "./texts";

/** Lines of each part; what is beyond is counted. */
const SHOWN = 12;
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
  children?: ReactNode;
}

/** What will happen: what runs and when, what changes otherwise, what stays outside and why. */
export function Consequences(props: ConsequencesProps) {
  const { preview, outcome, lacks, isOld, isOther, error, marked } = props;
  const t = useTexts(operationTexts);
  const zone = useZone();
  const language = useLanguage();
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
      {preview?.refusals.map((refusal) => (
        <ErrorBar
          key={`${refusal.code}${refusal.message}`}
          message={language === "zh" ? reasonText(language, refusal.code, refusal.message) : sentence(refusal.message)}
          items={(refusal.items ?? []).slice(0, SHOWN)}
        />
      ))}
      {preview && preview.refusals.length === 0 && (
        <>
          <Summary {...props} preview={preview} at={at} />
          <Runs preview={preview} outcome={outcome} choice={props.choice} marked={marked} at={at} />
          <Changes preview={preview} outcome={outcome} marked={marked} />
          <Outside preview={preview} outcome={outcome} />
        </>
      )}
      {props.children}
    </section>
  );
}

function Summary({ request, preview, outcome, at }: ConsequencesProps & { preview: Preview }) {
  const t = useTexts(operationTexts);
  const zone = useZone();
  const moves = outcome.now.length + outcome.laterCount > 0;
  const batch = isBatch(request);
  return (
    <dl className="summary">
      {batch && (
        <>
          <Figure label={t.sum.instances} unit={t.sum.instance(preview.plans.length)}>
            {number(preview.plans.length)}
          </Figure>
          <Figure label={t.sum.skipped} unit={t.sum.instance(preview.skipped.length)}>
            {number(preview.skipped.length)}
          </Figure>
        </>
      )}
      {moves && !batch && (
        <>
          <Figure label={t.sum.runNow} unit={t.sum.nodes(outcome.now.length)}>
            {number(outcome.now.length)}
          </Figure>
          <Figure label={t.sum.thenRun} unit={t.sum.nodes(outcome.laterCount)}>
            {number(outcome.laterCount)}
          </Figure>
        </>
      )}
      {!moves && outcome.set.length > 0 && (
        <Figure label={t.sum.change} unit={t.sum.nodes(outcome.set.length)}>
          {number(outcome.set.length)}
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

function Runs({
  preview,
  outcome,
  choice,
  marked,
  at,
}: {
  preview: Preview;
  outcome: Outcome;
  choice: Choice;
  marked: ReadonlySet<string>;
  at: number;
}) {
  const t = useTexts(operationTexts);
  const zone = useZone();
  const spans = [
    ...outcome.now.map((node) => ({ start: node.expected_start ?? null, end: node.expected_end ?? null })),
    ...outcome.later,
  ];
  const begin = spans.reduce((least, span) => (span.start ? Math.min(least, Date.parse(span.start)) : least), at);
  const axis = axisOf(spans, Math.max(begin, 0));
  const day = dayOf(axis.from, zone);
  const span = (start: string | null | undefined, end: string | null | undefined) =>
    end ? `${start ? shortTimeOn(start, zone, day) : ""} – ${shortTimeOn(end, zone, day)}` : NONE;
  const dry = outcome.set.filter((node) => node.part !== "MEMBER" && choice.start === "DRY_RUN");
  return (
    <>
      {dry.length > 0 && (
        <Part title={t.dryNow}>
          {dry.slice(0, SHOWN).map((node) => (
            <NodeLine key={node.id} node={node} marked={marked} />
          ))}
          <Rest of={dry.length} />
        </Part>
      )}
      {outcome.now.length > 0 && (
        <Part title={t.runsNow}>
          {outcome.now.slice(0, SHOWN).map((node) => (
            <li key={node.id} className={classes("run", marked.has(`node ${node.id}`) && "marked")}>
              <Line
                name={node.name}
                note={node.cancels ? t.cancels : ""}
                time={span(node.expected_start, node.expected_end)}
              />
              <Bar axis={axis} start={node.expected_start ?? null} end={node.expected_end ?? null} solid />
            </li>
          ))}
          <Rest of={outcome.now.length} />
        </Part>
      )}
      {outcome.later.length > 0 && (
        <Part title={t.thenRuns}>
          {outcome.later.slice(0, SHOWN).map((group: Group) => (
            <li
              key={group.instance}
              className={classes("run", group.nodes.some((node) => marked.has(`node ${node.id}`)) && "marked")}
            >
              <Line name={group.name} note={t.countOf(group.nodes.length)} time={span(group.start, group.end)} />
              <Bar axis={axis} start={group.start} end={group.end} />
            </li>
          ))}
          <Rest of={outcome.later.length} />
        </Part>
      )}
      {spans.length > 0 && preview.expected_finish && (
        <div className="axis" aria-hidden="true">
          <span>{shortTimeOn(axis.from, zone, day)}</span>
          <span>{shortTimeOn((axis.from + axis.to) / 2, zone, day)}</span>
          <span>{shortTimeOn(axis.to, zone, day)}</span>
        </div>
      )}
    </>
  );
}

function Line({ name, note, time }: { name: string; note: string; time: string }) {
  const [table = "", node] = name.split("/");
  return (
    <div className="row gap-2">
      <Name className="medium ink">{node ?? table}</Name>
      <span className="muted ellipsis">{note || (node && table)}</span>
      <span className="grow" />
      <span className="soft nowrap">{time}</span>
    </div>
  );
}

function Bar({
  axis,
  start,
  end,
  solid = false,
}: {
  axis: ReturnType<typeof axisOf>;
  start: string | null;
  end: string | null;
  solid?: boolean;
}) {
  if (!start || !end) return null;
  const from = axis.at(start) * 100;
  const to = Math.max(from + 0.6, axis.at(end) * 100);
  return (
    <svg className="bar" width="100%" height="12" aria-hidden="true">
      {from > 0.5 && <line x1="0" x2={`${from}%`} y1="6" y2="6" className="waited" />}
      <rect
        x={`${from}%`}
        y="2"
        width={`${Math.min(to, 100) - from}%`}
        height="8"
        rx="2"
        className={solid ? "solid" : "planned"}
      />
    </svg>
  );
}

function Changes({ preview, outcome, marked }: { preview: Preview; outcome: Outcome; marked: ReadonlySet<string> }) {
  const t = useTexts(operationTexts);
  const zone = useZone();
  const plans = plansOf(preview);
  const priorities = plans.flatMap((plan) => plan.priorities);
  const removed = plans.flatMap((plan) => plan.removed_upstream);
  const set = outcome.set;
  return (
    <>
      {set.length > 0 && (
        <Part title={t.changes}>
          {set.slice(0, SHOWN).map((node) => (
            <NodeLine key={node.id} node={node} marked={marked} />
          ))}
          <Rest of={set.length} />
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
            <li key={`${each.instance}-${each.field}`} className="row gap-2 change">
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
              <span className="soft">{item.status}</span>
            </li>
          ))}
        </Part>
      )}
      {plans.some((plan) => plan.notices.length > 0) && (
        <Part title={t.notices}>
          {[...new Set(plans.flatMap((plan) => plan.notices))].map((notice) => (
            <li key={notice} className="soft">
              {sentence(notice)}
            </li>
          ))}
        </Part>
      )}
      {outcome.now.length + outcome.laterCount > 0 && preview.expected_finish && (
        <p className="hidden">{dateTime(preview.expected_finish, zone)}</p>
      )}
    </>
  );
}

function NodeLine({ node, marked }: { node: PlannedNode; marked: ReadonlySet<string> }) {
  const t = useTexts(operationTexts);
  const names = useTexts(statusTexts);
  const [table = "", name] = node.name.split("/");
  const flag = node.pauses === null ? "" : node.pauses ? t.pauses : t.resumes;
  return (
    <li className={classes("row gap-2 change", marked.has(`node ${node.id}`) && "marked")}>
      <Name className="ink">{name ?? table}</Name>
      {name && <span className="muted ellipsis">{table}</span>}
      <span className="grow" />
      {node.before !== node.after ? (
        <>
          <Glyph status={statusNamed(node.before)} size={12} label={node.before} />
          <Icon of={ArrowRight} size={12} />
          <Glyph status={statusNamed(node.after)} size={12} label="" />
          <span className="soft nowrap" title={node.after}>
            {names.name[statusNamed(node.after)]}
          </span>
        </>
      ) : (
        <span className="soft">{flag}</span>
      )}
    </li>
  );
}

function Outside({ preview, outcome }: { preview: Preview; outcome: Outcome }) {
  const t = useTexts(operationTexts);
  const plans = plansOf(preview);
  const optional = plans.flatMap((plan) => plan.optional);
  const excluded = plans.flatMap((plan) => plan.excluded);
  return (
    <>
      {outcome.outside.length > 0 && (
        <Part title={t.outside}>
          {outcome.outside.map((group) => (
            <li key={group.sees} className="outside">
              <b className="medium" title={group.names.join(", ")}>
                {t.outsideNames(group.names.slice(0, NAMED).join(", "), group.names.length - NAMED)}
              </b>{" "}
              {(t.sees as Record<string, string>)[group.sees] ?? group.meaning}
            </li>
          ))}
        </Part>
      )}
      {optional.length > 0 && (
        <Part title={t.optional}>
          <li className="outside">
            <b className="medium">
              {t.outsideNames(
                optional
                  .slice(0, NAMED)
                  .map((member) => member.name)
                  .join(", "),
                optional.length - NAMED,
              )}
            </b>{" "}
            {t.optionalNote}
          </li>
        </Part>
      )}
      {excluded.length > 0 && (
        <Part title={t.excludedTitle}>
          {excluded.slice(0, SHOWN).map((item) => (
            <li key={item.id} className="outside">
              <b className="medium">{item.name}</b> {item.reason}
            </li>
          ))}
          <Rest of={excluded.length} />
        </Part>
      )}
    </>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Fragment>
      <h4>{title}</h4>
      <ul className="part">{children}</ul>
    </Fragment>
  );
}

function Rest({ of }: { of: number }) {
  return of > SHOWN ? <li className="muted">+{number(of - SHOWN)}</li> : null;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
