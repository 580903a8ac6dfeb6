import { type ReactNode, useId, useState } from "react";
import type { Schemas } from "../api/client";
import { useEnvironment } from "../app/url";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { consequencesOf, type Plan, type TaskChange } from "./plan";
import { definitionTexts } from "./texts";

/** Lines of one kind that are shown at first. */
const MOST = 30;
const SIGN: Record<string, string> = { ADDED: "+", CHANGED: "~", REMOVED: "−" };

/** What publishing would change, object by object, and what comes of it. */
export function PlanView({ plan, edits }: { plan: Plan; edits: readonly Schemas["EditBody"][] }) {
  const t = useTexts(definitionTexts);
  const where = t.environments[useEnvironment()];
  const will = consequencesOf(plan);
  return (
    <>
      <Part title={t.whatChanges}>
        {plan.empty && <p className="muted">{t.nothing(where)}</p>}
        {plan.tenant.length > 0 && (
          <Change change="CHANGED" name={t.tenant}>
            <SettingLines of={plan.tenant} />
          </Change>
        )}
        {plan.projects.map((each) => (
          <Change key={each.name} change={each.change} name={t.projectNamed(each.name)}>
            {each.change === "CHANGED" && <SettingLines of={each.settings} />}
          </Change>
        ))}
        <Some of={plan.tasks}>{(each) => <TaskLines key={each.id} task={each} />}</Some>
      </Part>
      {plan.downstream.length > 0 && (
        <Part title={t.downstream}>
          <Some of={plan.downstream}>
            {(each) => (
              <p key={each.id} className="plan-line">
                <b className="medium">{each.id}</b>
                <span className="muted">{t.level(each.level)}</span>
                <span className="soft">{each.fields.join(", ")}</span>
              </p>
            )}
          </Some>
        </Part>
      )}
      {(!plan.empty || edits.length > 0) && (
        <Part title={t.whatHappens}>
          <ul className="plan-will">
            {will.adds && <li>{t.startsFrom(plan.first_run_date)}</li>}
            {will.changes && (
              <li>
                {t.versionsFrom(plan.first_run_date)} {t.versionsKept}
              </li>
            )}
            {will.rebuilds && <li>{t.rebuiltNote}</li>}
            {will.retires && <li>{t.retiredNote}</li>}
            {edits.length > 0 && (
              <li>
                {t.filesSaved(edits.length)}: <span className="mono">{edits.map((each) => each.path).join(", ")}</span>
              </li>
            )}
          </ul>
        </Part>
      )}
    </>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      {children}
    </section>
  );
}

/** The first of many, the rest when asked for. */
function Some<T>({ of, children }: { of: readonly T[]; children: (each: T) => ReactNode }) {
  const t = useTexts(definitionTexts);
  const [whole, setWhole] = useState(false);
  return (
    <>
      {(whole ? of : of.slice(0, MOST)).map(children)}
      {!whole && of.length > MOST && (
        <Button kind="ghost" size="small" onClick={() => setWhole(true)}>
          {t.more(of.length - MOST)}
        </Button>
      )}
    </>
  );
}

function Change({
  change,
  name,
  note,
  children,
}: {
  change: string;
  name: string;
  note?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <div className="plan-change">
      <p className="plan-line">
        <Sign of={change} />
        <b className="medium">{name}</b>
        <span className="muted">{note}</span>
      </p>
      {children}
    </div>
  );
}

export function TaskLines({ task }: { task: TaskChange }) {
  const t = useTexts(definitionTexts);
  const kind = (t.kinds as Record<string, string>)[task.kind] ?? task.kind;
  const note = `${kind} · ${task.version ? t.versionOf(task.version) : t.retired}`;
  const aspect = (each: string) => (t.aspects as Record<string, string>)[each] ?? each;
  if (task.change === "REMOVED") return <Change change={task.change} name={task.id} note={note} />;
  if (task.change === "ADDED")
    return (
      <Change change={task.change} name={task.id} note={note}>
        {task.fields.length > 0 && <Detail>{t.fieldsIn(task.fields.length, task.nodes.length)}</Detail>}
        {task.dependencies_added.map((each) => (
          <Detail key={each} name={t.after}>
            {each}
          </Detail>
        ))}
      </Change>
    );
  return (
    <Change change={task.change} name={task.id} note={note}>
      {task.strategy_after !== task.strategy_before && (
        <Detail>
          {t.strategy(task.strategy_before, task.strategy_after)}
          {task.rebuilt_because.length > 0 && `: ${task.rebuilt_because.join("; ")}`}
        </Detail>
      )}
      {task.key_changed && <Detail>{t.keyChanged}</Detail>}
      <Some of={task.fields}>
        {(each) => (
          <Detail key={each.name} sign={each.change} name={t.field}>
            <b className="medium">{each.name}</b>{" "}
            <span className="soft">
              {each.aspects
                .map((its) =>
                  its === "TYPE" ? `${aspect(its)} ${each.type_before} → ${each.type_after}` : aspect(its),
                )
                .join(", ") ||
                each.type_after ||
                each.type_before}
            </span>
          </Detail>
        )}
      </Some>
      <Some of={task.nodes}>
        {(each) => (
          <Detail key={each.id} sign={each.change} name={t.node}>
            <b className="medium">{each.name}</b>{" "}
            <span className="soft">
              {each.aspects
                .map((its) =>
                  its === "REBUILT" ? `${aspect(its)}: ${each.table_before} → ${each.table}` : aspect(its),
                )
                .join(", ") || each.table}
            </span>
          </Detail>
        )}
      </Some>
      {task.dependencies_added.map((each) => (
        <Detail key={`+${each}`} sign="ADDED" name={t.after}>
          {each}
        </Detail>
      ))}
      {task.dependencies_removed.map((each) => (
        <Detail key={`-${each}`} sign="REMOVED" name={t.after}>
          {each}
        </Detail>
      ))}
      <SettingLines of={task.settings} />
    </Change>
  );
}

function SettingLines({ of }: { of: readonly Schemas["SettingView"][] }) {
  const t = useTexts(definitionTexts);
  return of.map((each) => (
    <Detail key={each.name} sign="CHANGED" name={(t.settings as Record<string, string>)[each.name] ?? each.name}>
      {each.before || "–"} → {each.after || "–"}
    </Detail>
  ));
}

function Sign({ of }: { of: string }) {
  const t = useTexts(definitionTexts);
  return (
    <span className="sign" role="img" aria-label={(t.change as Record<string, string>)[of] ?? of}>
      {SIGN[of]}
    </span>
  );
}

function Detail({ sign, name, children }: { sign?: string; name?: string; children: ReactNode }) {
  return (
    <p className="plan-detail">
      {sign ? <Sign of={sign} /> : <span className="sign" />}
      <span className="muted">{name}</span>
      <span className="grow">{children}</span>
    </p>
  );
}
