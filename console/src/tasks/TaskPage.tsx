import { type ReactNode, useId } from "react";
import { Link } from "wouter";
import { inEnvironment, useEnvironment } from "../app/url";
import { PriorityBars } from "../status/kinds";
import { NONE } from "../texts/format";
import { useTexts } from "../texts/texts";
import { monthDaysText, timesText } from "./schedule";
import { Tags, TaskFrame } from "./TaskFrame";
import { taskTexts } from "./texts";
import { type Task, taskPath } from "./useTask";

/** A task as it is published: schedule, dependencies, fields, nodes and their code. */
export default function TaskPage() {
  return (
    <TaskFrame tab="definition">
      {(task) => (
        <div className="definition">
          <div className="definition-side">
            <General task={task} />
            <Schedule task={task} />
          </div>
          <div className="definition-main">
            <Dependencies task={task} />
            {task.fields.length > 0 && <Fields task={task} />}
            <Nodes task={task} />
          </div>
        </div>
      )}
    </TaskFrame>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

function Facts({ of }: { of: readonly [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value === "" || value === null ? NONE : value}</dd>
        </div>
      ))}
    </dl>
  );
}

function General({ task }: { task: Task }) {
  const t = useTexts(taskTexts);
  const environment = useEnvironment();
  const { line } = task;
  return (
    <Section title={t.general}>
      <Facts
        of={[
          [t.description, line.description],
          [t.type, line.biz_type === "SCRIPT" ? `${t.script} ${line.node_type}` : t.table],
          [t.head.owner, line.owners.join(", ")],
          [t.project, line.projects.join(", ")],
          [t.unit, task.business_unit],
          [t.head.priority, <PriorityBars key="priority" priority={line.priority} />],
          [t.head.tags, <Tags key="tags" of={line.tags} />],
          [t.head.version, line.version],
          [
            t.definedAt,
            task.defined_at && (
              <Link key="defined" href={inEnvironment(taskPath(line.id, "edit"), environment)}>
                {task.defined_at}
              </Link>
            ),
          ],
          ...(line.biz_type === "SCRIPT"
            ? []
            : ([
                [t.strategy, line.strategy],
                [t.view, task.view],
              ] as [string, ReactNode][])),
        ]}
      />
    </Section>
  );
}

function Schedule({ task }: { task: Task }) {
  const t = useTexts(taskTexts);
  const { schedule } = task;
  const facts: [string, ReactNode][] = [
    [t.cycle, (t.cycles as Record<string, string>)[schedule.cycle] ?? schedule.cycle],
    [t.due, timesText(schedule.times, t.times)],
  ];
  if (schedule.weekdays.length > 0)
    facts.push([
      t.weekdays,
      schedule.weekdays.map((day) => (t.weekday as Record<string, string>)[day] ?? day).join(", "),
    ]);
  if (schedule.month_days.length > 0) facts.push([t.monthDays, monthDaysText(schedule.month_days, t.lastDay)]);
  if (schedule.months.length > 0) facts.push([t.months, schedule.months.join(", ")]);
  facts.push(
    [t.zone, schedule.time_zone],
    [t.kind, (t.scheduleType as Record<string, string>)[schedule.type] ?? schedule.type],
    [t.firstRun, task.first_run_date],
    [t.timeout, t.hours(task.timeout_h)],
    [t.retries, t.retry(task.retries, task.retry_gap_min, task.retry_after_timeout)],
  );
  if (task.latency_days > 0) facts.push([t.latency, t.days(task.latency_days)]);
  if (task.resource_group) facts.push([t.group, task.resource_group]);
  return (
    <Section title={t.schedule}>
      <Facts of={facts} />
    </Section>
  );
}

function Dependencies({ task }: { task: Task }) {
  const t = useTexts(taskTexts);
  const environment = useEnvironment();
  return (
    <Section title={t.dependencies}>
      {task.dependencies.length === 0 ? (
        <p className="muted">{t.noDependencies}</p>
      ) : (
        <table className="plain">
          <thead>
            <tr>
              {[t.depTask, t.depCycle, t.depFields, t.depDown, t.depSource].map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {task.dependencies.map((each, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a task may depend on another in several ways
              <tr key={at}>
                <th scope="row">
                  {/^[^.]+\./.test(each.task) ? (
                    <Link href={inEnvironment(taskPath(each.task), environment)}>{each.name}</Link>
                  ) : (
                    t.root
                  )}
                </th>
                <td>
                  {[
                    (t.windows as Record<string, string>)[each.cycle] ?? each.cycle,
                    each.n > 1 ? each.n : "",
                    (t.policies as Record<string, string>)[each.policy] ?? each.policy,
                  ]
                    .filter(Boolean)
                    .join(" · ")}
                </td>
                <td>{each.up_fields.join(", ") || <span className="muted">{t.allFields}</span>}</td>
                <td>{each.down_fields.join(", ") || <span className="muted">{t.allFields}</span>}</td>
                <td className="soft">{each.source === "AUTO" ? t.auto : t.manual}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

function Fields({ task }: { task: Task }) {
  const t = useTexts(taskTexts);
  return (
    <Section title={t.fields(task.fields.length)}>
      <table className="plain">
        <thead>
          <tr>
            {[t.field, t.dataType, t.role, t.inNodes, t.from].map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {task.fields.map((each) => (
            <tr key={each.name}>
              <th scope="row">
                {each.name} {each.label && each.label !== each.name && <span className="muted">{each.label}</span>}
              </th>
              <td className="mono">{each.type}</td>
              <td>{(t.fieldKinds as Record<string, string>)[each.kind || each.role] ?? each.kind}</td>
              <td>{each.nodes.join(", ") || NONE}</td>
              <td className="soft">{each.sources.join(", ") || NONE}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function Nodes({ task }: { task: Task }) {
  const t = useTexts(taskTexts);
  const isScript = task.line.biz_type === "SCRIPT";
  return (
    <Section title={isScript ? t.node(task.nodes.length) : t.nodes(task.nodes.length)}>
      <ul className="task-nodes">
        {task.nodes.map((node) => (
          <li key={node.id}>
            <details open={task.nodes.length === 1}>
              <summary>
                <b className="medium">{node.name}</b>
                <span className="muted t-12">{(t.nodeKinds as Record<string, string>)[node.kind] ?? node.kind}</span>
                <span className="ellipsis soft t-12 grow">{node.fields.join(", ")}</span>
                {node.table && (
                  <span className="muted t-12 nowrap">
                    {t.writes} {node.table}
                  </span>
                )}
              </summary>
              {node.code === null ? (
                <p className="muted">{t.noCode}</p>
              ) : node.code === "" ? (
                <p className="muted">{t.virtual}</p>
              ) : (
                // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled by keys
                <section className="code" tabIndex={0} aria-label={t.code(node.name)}>
                  <pre>{node.code}</pre>
                </section>
              )}
            </details>
          </li>
        ))}
      </ul>
    </Section>
  );
}
