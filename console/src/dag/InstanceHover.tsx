import { Lock } from "lucide-react";
import type { ReactNode } from "react";
import { Lasting } from "../app/Lasting";
import { useZone } from "../app/session";
import { StatusPill } from "../status/Glyph";
import { statusTexts } from "../status/status";
import { shortTimeOn, timeOn } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Icon } from "../ui/Icon";
import { type DagInstance, statusOfInstance } from "./instanceGraph";
import { dagTexts } from "./texts";

/** Name, type, schedule epoch, times, owner and description of a node that the pointer rests on. */
export function InstanceHover({ instance, day }: { instance: DagInstance; day: string }) {
  const t = useTexts(dagTexts);
  const s = useTexts(statusTexts);
  const zone = useZone();
  const status = statusOfInstance(instance);
  if (!instance.visible)
    return (
      <>
        <div className="row gap-2">
          <Icon of={Lock} size={14} />
          <b className="medium">{instance.name}</b>
        </div>
        <p>{t.lockedMore(instance.project)}</p>
      </>
    );
  const kind = (s.kind as Record<string, string>)[instance.kind ?? "SCRIPT"] ?? t.script;
  const isRoot = instance.biz_type === "ROOT";
  const isScript = instance.biz_type === "SCRIPT";
  const cycle = (t.cycle as Record<string, string>)[instance.cycle] ?? instance.cycle;
  const ran = instance.started_at && (
    <>
      {timeOn(instance.started_at, zone, day)} – {timeOn(instance.ended_at, zone, day)}, <Lasting of={instance} />
    </>
  );
  const facts: [string, ReactNode][] = isRoot
    ? [[t.hover.type, t.root]]
    : [
        [t.hover.type, isScript ? kind : `${kind}, ${t.fieldsInNodes(instance.field_count, instance.node_count)}`],
        [t.hover.epoch, instance.due_at ? `${cycle}, ${t.due(shortTimeOn(instance.due_at, zone, day))}` : cycle],
        ...(ran ? [[t.hover.ran, ran] as [string, ReactNode]] : []),
        [t.hover.owner, instance.owners.join(", ")],
        [t.hover.project, instance.project],
      ];
  return (
    <>
      <div className="row gap-2">
        <b className="medium grow">{instance.name}</b>
        {status && <StatusPill status={status} />}
      </div>
      {instance.description && <p>{instance.description}</p>}
      <dl>
        {facts.map(([name, value]) => (
          <Fact key={name} name={name} value={value} />
        ))}
      </dl>
    </>
  );
}

function Fact({ name, value }: { name: string; value: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
