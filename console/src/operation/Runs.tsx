import { useZone } from "../app/session";
import { dayOf, NONE, shortTimeOn, timeOn } from "../texts/format";
import { useTexts } from "../texts/texts";
import { classes } from "../ui/classes";
import { Name } from "../ui/pieces";
import type { Choice, Preview } from "./choice";
import { axisOf, type Group, type Outcome } from "./outcome";
import { Due, NodeLine, Part, Rest, SHOWN } from "./parts";
import { operationTexts } from "./texts";

/** Below this, minutes would be the same at both ends of the axis. */
const SHORT_MS = 5 * 60_000;

/** What runs at once and what follows, on a common axis of expected times. */
export function Runs({
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
  const isShort = axis.to - axis.from < SHORT_MS;
  const time = (instant: string | number) => (isShort ? timeOn : shortTimeOn)(instant, zone, day);
  const span = (start: string | null | undefined, end: string | null | undefined) =>
    end ? `${start ? time(start) : ""} – ${time(end)}` : NONE;
  const dry = outcome.set.filter((node) => node.part !== "MEMBER" && choice.start === "DRY_RUN");
  return (
    <>
      {dry.length > 0 && (
        <Part title={t.dryNow}>
          {dry.slice(0, SHOWN).map((node) => (
            <NodeLine key={node.id} node={node} marked={marked} />
          ))}
          <Rest of={outcome.counts.set} />
        </Part>
      )}
      {outcome.now.length > 0 && (
        <Part title={t.runsNow}>
          {outcome.now.slice(0, SHOWN).map((node) => (
            <li key={node.id} className={classes("run", marked.has(`node ${node.id}`) && "marked")}>
              <Line
                name={node.name}
                note={node.cancels ? t.cancels : ""}
                due={outcome.dues.get(node.instance)}
                time={span(node.expected_start, node.expected_end)}
              />
              <Bar axis={axis} start={node.expected_start ?? null} end={node.expected_end ?? null} solid />
            </li>
          ))}
          <Rest of={outcome.counts.now} />
        </Part>
      )}
      {outcome.later.length > 0 && (
        <Part title={t.thenRuns}>
          {outcome.later.slice(0, SHOWN).map((group: Group) => (
            <li
              key={group.instance}
              className={classes("run", group.nodes.some((node) => marked.has(`node ${node.id}`)) && "marked")}
            >
              <Line
                name={group.name}
                note={t.countOf(group.nodes.length)}
                due={outcome.dues.get(group.instance)}
                time={span(group.start, group.end)}
              />
              <Bar axis={axis} start={group.start} end={group.end} />
            </li>
          ))}
          <Rest of={outcome.counts.groups} />
        </Part>
      )}
      {spans.length > 0 && preview.expected_finish && (
        <div className="axis" aria-hidden="true">
          <span>{time(axis.from)}</span>
          <span>{time((axis.from + axis.to) / 2)}</span>
          <span>{time(axis.to)}</span>
        </div>
      )}
    </>
  );
}

function Line({ name, note, due, time }: { name: string; note: string; due?: string; time: string }) {
  const [table = "", node] = name.split("/");
  return (
    <div className="row gap-2">
      <Name className="medium ink">{node ?? table}</Name>
      <span className="muted ellipsis">{note || (node && table)}</span>
      {due && <Due at={due} />}
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
