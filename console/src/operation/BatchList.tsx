import { useState } from "react";
import { bizdate } from "../texts/format";
import { useLanguage } from "../texts/language";
import { number, useTexts } from "../texts/texts";
import { classes } from "../ui/classes";
import { SearchField } from "../ui/Field";
import { Name, SkeletonRows } from "../ui/pieces";
import type { Plan, Preview } from "./choice";
import { reasonText } from "./names";
import { operationTexts } from "./texts";

/** Nodes that take part; not those outside that only wait again. */
function countOf(plan: Plan): number {
  return plan.nodes.filter((node) => node.part !== "NEIGHBOUR").length + plan.unchanged.length;
}

/** Rows of each part; what is beyond is counted. */
const SHOWN = 500;

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
  const plans = (preview?.plans ?? []).filter((plan) => fits(plan.name, plan.instance));
  const skipped = (preview?.skipped ?? []).filter((each) => fits(each.name, each.instance));
  return (
    <section className="operation-fields" aria-label={t.sum.instances} aria-busy={isOld}>
      <div className="fields-head">
        <SearchField className="grow" value={search} onChange={setSearch} placeholder={t.findInstance} />
      </div>
      {!preview && <SkeletonRows label={t.previewing} />}
      <div className="fields-list">
        {plans.length > 0 && (
          <>
            <div className="group-head">
              {t.qualifies} <span className="muted">{number(preview?.plans.length ?? 0)}</span>
            </div>
            <ul>
              {plans.slice(0, SHOWN).map((plan) => (
                <li
                  key={plan.instance}
                  className={classes("upstream", marked.has(`instance ${plan.instance}`) && "marked")}
                >
                  <Name className="ink">{plan.name}</Name>
                  <span className="muted t-11">{plan.instance}</span>
                  <span className="grow" />
                  <span className="muted">{bizdate(plan.bizdate)}</span>
                  <span className="soft nodes-count">{t.countOf(countOf(plan))}</span>
                </li>
              ))}
            </ul>
          </>
        )}
        {skipped.length > 0 && (
          <>
            <div className="group-head">
              {t.skipped} <span className="muted">{number(preview?.skipped.length ?? 0)}</span>
            </div>
            <ul>
              {skipped.slice(0, SHOWN).map((each) => (
                <li
                  key={each.instance}
                  className={classes("skipped", marked.has(`instance ${each.instance}`) && "marked")}
                >
                  <Name>{each.name || String(each.instance)}</Name>
                  <span className="muted t-11">{each.instance}</span>
                  <span className="why">{reasonText(language, each.code, each.reason)}</span>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </section>
  );
}
