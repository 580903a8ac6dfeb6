import { ArrowRight } from "lucide-react";
import { Fragment, type ReactNode } from "react";
import { useSession, useZone } from "../app/session";
import { Glyph } from "../status/Glyph";
import { dayOf, shortTimeOn } from "../texts/format";
import { useLanguage } from "../texts/language";
import { number, useTexts } from "../texts/texts";
import { classes } from "../ui/classes";
import { Icon } from "../ui/Icon";
import { Name } from "../ui/pieces";
import type { PlannedNode } from "./choice";
import { statusName, statusNamed } from "./names";
import { operationTexts } from "./texts";

/** Lines of each part; what is beyond is counted. */
export const SHOWN = 12;

export function NodeLine({
  node,
  marked,
  due,
}: {
  node: PlannedNode;
  marked: ReadonlySet<string>;
  /** The scheduled time of its instance, where others have the same name. */
  due?: string;
}) {
  const t = useTexts(operationTexts);
  const language = useLanguage();
  const [table = "", name] = node.name.split("/");
  const flag = node.pauses === null ? "" : node.pauses ? t.pauses : t.resumes;
  return (
    <li className={classes("row gap-2 change", marked.has(`node ${node.id}`) && "marked")}>
      <Name className="ink">{name ?? table}</Name>
      {name && <span className="muted ellipsis">{table}</span>}
      {due && <Due at={due} />}
      <span className="grow" />
      {node.before !== node.after ? (
        <>
          <Glyph status={statusNamed(node.before)} size={12} label={statusName(language, node.before)} />
          <Icon of={ArrowRight} size={12} />
          <Glyph status={statusNamed(node.after)} size={12} label="" />
          <span className="soft nowrap">
            {statusName(language, node.after)}
            {node.after.endsWith("has ended)") && ` ${t.onceEnded}`}
          </span>
        </>
      ) : (
        <span className="soft">{flag}</span>
      )}
    </li>
  );
}

/** When an instance is due, in words: what tells those of one task apart. */
export function useDue(): (at: string) => string {
  const t = useTexts(operationTexts);
  const zone = useZone();
  const session = useSession();
  const today = dayOf(session.rehearsal ? session.now : Date.now(), zone);
  return (at) => t.due(shortTimeOn(at, zone, today));
}

export function Due({ at }: { at: string }) {
  return <span className="muted nowrap t-11">{useDue()(at)}</span>;
}

export function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Fragment>
      <h4>{title}</h4>
      <ul className="part">{children}</ul>
    </Fragment>
  );
}

export function Rest({ of }: { of: number }) {
  return of > SHOWN ? <li className="muted">+{number(of - SHOWN)}</li> : null;
}
