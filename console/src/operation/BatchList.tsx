import { useState } from "react";
import { useLanguage } from "../texts/language";
import { number, useTexts } from "../texts/texts";
import { classes } from "../ui/classes";
import { SearchField } from "../ui/Field";
import { Name, SkeletonRows } from "../ui/pieces";
import type { Plan, Preview } from "./choice";
import { reasonText } from "./names";
import { Due } from "./parts";
import { type Row, Rows } from "./Rows";
import { operationTexts } from "./texts";

/** Nodes that take part; not those outside that only wait again. */
function countOf(plan: Plan): number {
  return (plan.totals.starts ?? 0) + (plan.totals.follows ?? 0) + (plan.totals.sets ?? 0);
}

/** The instances of a batch: those that qualify, and the others with the reason. */
export function BatchList({
  preview,
  marked,
  isOld,
}: {
  preview: Preview | undefined;
  marked: ReadonlySet<string>;
  isOld: boolean;
}) {
  const t = useTexts(operationTexts);
  const language = useLanguage();
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const fits = (name: string, id: number) => name.toLowerCase().includes(wanted) || String(id) === wanted;
  const markOf = (instance: number) => marked.has(`instance ${instance}`) && "marked";
  const head = (title: string, count: number): Row[] =>
    count === 0
      ? []
      : [
          {
            key: `head ${title}`,
            isHead: true,
            draw: () => (
              <>
                {title} <span className="muted">{number(count)}</span>
              </>
            ),
          },
        ];
  const plans = (preview?.plans ?? []).filter((plan) => fits(plan.name, plan.instance));
  const skipped = (preview?.skipped ?? []).filter((each) => fits(each.name, each.instance));
  const count = preview?.totals.plans ?? 0;
  const unlisted = count - (preview?.plans.length ?? 0);
  const rows: Row[] = [
    ...head(t.qualifies, count),
    ...plans.map((plan) => ({
      key: `plan ${plan.instance}`,
      className: classes("upstream", markOf(plan.instance)),
      draw: () => (
        <>
          <Name className="ink">{plan.name}</Name>
          <span className="muted t-11">{plan.instance}</span>
          <span className="grow" />
          {plan.due_at && <Due at={plan.due_at} />}
          {countOf(plan) > 0 && <span className="soft nodes-count">{t.countOf(countOf(plan))}</span>}
        </>
      ),
    })),
    ...(unlisted > 0
      ? [
          {
            key: "unlisted",
            className: "upstream",
            draw: () => <span className="muted">{t.andMore(number(unlisted))}</span>,
          },
        ]
      : []),
    ...head(t.skipped, preview?.skipped.length ?? 0),
    ...skipped.map((each) => ({
      key: `skipped ${each.instance}`,
      height: 50,
      className: classes("skipped", markOf(each.instance)),
      draw: () => (
        <>
          <Name>{each.name || String(each.instance)}</Name>
          <span className="muted t-11">{each.instance}</span>
          {each.due_at && <Due at={each.due_at} />}
          <span className="why">{reasonText(language, each.code, each.reason)}</span>
        </>
      ),
    })),
  ];
  return (
    <section className="operation-fields" aria-label={t.sum.instances} aria-busy={isOld}>
      <div className="fields-head">
        <SearchField className="grow" value={search} onChange={setSearch} placeholder={t.findInstance} />
      </div>
      {!preview && isOld && <SkeletonRows label={t.previewing} />}
      <Rows label={t.sum.instances} rows={rows} isPlain />
      {preview && plans.length + skipped.length === 0 && <p className="none muted">{t.none}</p>}
    </section>
  );
}
