import { useQuery } from "@tanstack/react-query";
import { Crosshair, Lock } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { api } from "../api/client";
import { keys } from "../api/keys";
import { useZone } from "../app/session";
import { inEnvironment, useEnvironment, useQueryState } from "../app/url";
import { closedBecause } from "../instance/operationEntries";
import { mayInspect, useInstance } from "../instance/useInstance";
import { MoreButton } from "../instances/MoreButton";
import { OPERATION_ICONS } from "../operation/icons";
import { type OperationName, openOperation } from "../operation/open";
import { Glyph, StatusPill } from "../status/Glyph";
import { KindIcon, NodeIcon } from "../status/kinds";
import { shortTimeOn } from "../texts/format";
import { useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { Button, IconButton } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Empty, Name, SkeletonRows } from "../ui/pieces";
import { Drawer } from "../ui/Sheet";
import { Tabs } from "../ui/Tabs";
import { Attempts } from "./Attempts";
import { CodePart, DiagnosisPart, FieldsPart, NodesPart, OperationsPart } from "./drawerParts";
import { drawerTexts } from "./drawerTexts";
import type { Choice } from "./graph";
import {
  type Dag,
  type DagInstance,
  mayStillWait,
  type NodeLine,
  statusOfInstance,
  statusOfNode,
} from "./instanceGraph";
import { useOffers } from "./useOffers";

type Part = "nodes" | "attempts" | "fields" | "diagnosis" | "code" | "operations";

interface Props {
  dag: Dag;
  instance: DagInstance;
  /** The node of it that is chosen. */
  row: string | null;
  isCentre: boolean;
  day: string;
  onChoose: (choice: Choice | null) => void;
  onToggle: (id: string) => void;
  onCentre: () => void;
}

/** What is chosen in the picture: its operations, attempts, log, fields, diagnosis, code, and what waits for it. */
export function DagDrawer(props: Props) {
  const { instance, row, onChoose } = props;
  const t = useTexts(drawerTexts);
  const close = () => onChoose(null);
  const isScript = instance.biz_type === "SCRIPT";
  const nodes = useInstanceNodes(instance);
  const line = isScript ? nodes?.[0] : (nodes?.find((node) => String(node.id) === row) ?? undefined);
  if (!instance.visible || instance.biz_type === "ROOT")
    return (
      <Drawer label={t.details(instance.name)} title={instance.name} close={t.close} onClose={close}>
        <Empty icon={instance.visible ? undefined : Lock} title={instance.visible ? t.rootTitle : t.lockedTitle}>
          {instance.visible ? t.rootNote : t.lockedNote(instance.project)}
        </Empty>
      </Drawer>
    );
  const shown = row !== null && line ? { name: line.name, status: statusOfNode(line) } : null;
  const status = shown?.status ?? statusOfInstance(instance);
  return (
    <Drawer
      label={t.details(shown?.name ?? instance.name)}
      title={
        <span className="row gap-2">
          {shown ? <NodeIcon size={16} /> : <KindIcon kind={instance.kind} size={16} />}
          <Name>{shown?.name ?? instance.name}</Name>
          {status && <StatusPill status={status} />}
        </span>
      }
      aside={!props.isCentre && <IconButton icon={Crosshair} label={t.centre} onClick={props.onCentre} />}
      close={t.close}
      onClose={close}
      foot={<Held {...props} line={row !== null ? line : undefined} />}
    >
      <div className="dag-drawer">
        <p className="t-12 muted">
          {shown && line
            ? `${t.nodeOf(instance.name, instance.id)}, ${t.fields(line.fields.length)}`
            : t.instanceOf(instance.id, instance.project)}
        </p>
        {/* Until it is known which node is chosen, nothing is offered: it would be of the entire table. */}
        {(row === null || nodes !== undefined) && <Operations {...props} line={row !== null ? line : undefined} />}
        <Parts {...props} nodes={nodes} line={line} isScript={isScript} />
      </div>
    </Drawer>
  );
}

/** Nodes as the picture has them where the table is opened; otherwise they are asked for. */
function useInstanceNodes(instance: DagInstance): readonly NodeLine[] | undefined {
  const known = instance.nodes;
  const { data } = useQuery({
    queryKey: keys.instance(instance.id, "nodes"),
    queryFn: ({ signal }) => api.get("/instances/{id}/nodes", { path: { id: instance.id }, signal }),
    enabled: known === null && instance.visible && instance.biz_type !== "ROOT",
  });
  return known ?? data?.items;
}

function Operations({ instance, line }: Props & { line: NodeLine | undefined }) {
  const t = useTexts(drawerTexts);
  const language = useLanguage();
  const environment = useEnvironment();
  const { data: projects } = useQuery({
    queryKey: keys.projects(),
    queryFn: ({ signal }) => api.get("/projects", { signal }),
  });
  const offered = useOffers(instance, line) ?? {};
  const button = (operation: OperationName, label: string): ReactNode => (
    <Button
      size="small"
      icon={OPERATION_ICONS[operation]}
      reason={closedBecause(offered, operation, language)}
      onClick={() =>
        openOperation({
          operation,
          targets: [
            { instance: instance.id, ...(line && instance.biz_type !== "SCRIPT" ? { fields: line.fields } : {}) },
          ],
          perspective: "DAG",
        })
      }
    >
      {label}
    </Button>
  );
  return (
    <div className="dag-operations">
      {button("RERUN", t.rerun)}
      {button("FORCE_RERUN_CURRENT", t.force)}
      {button("SET_SUCCESS", t.success)}
      <MoreButton
        instance={instance.id}
        name={instance.name}
        task={instance.task}
        type={instance.biz_type}
        mode={projects?.items.find((project) => project.name === instance.project)?.mode}
        environment={environment}
        perspective="DAG"
      />
    </div>
  );
}

function Parts({
  instance,
  row,
  nodes,
  line,
  isScript,
  day,
  onChoose,
}: Props & { nodes: readonly NodeLine[] | undefined; line: NodeLine | undefined; isScript: boolean }) {
  const t = useTexts(drawerTexts);
  const environment = useEnvironment();
  const [query, change] = useQueryState();
  const ofNode = row !== null || isScript;
  const parts: Part[] = [
    ofNode ? "attempts" : "nodes",
    ...(isScript ? [] : (["fields"] as const)),
    "diagnosis",
    "code",
    "operations",
  ];
  const asked = query.get("part") as Part | null;
  const part = asked && parts.includes(asked) ? asked : (parts[0] as Part);
  const count: Partial<Record<Part, number>> = {
    nodes: instance.node_count,
    fields: ofNode ? line?.fields.length : instance.field_count,
  };
  return (
    <>
      <Tabs
        label={t.views}
        tabs={parts.map((each) => ({ id: each, label: t.tabs[each], count: count[each] }))}
        current={part}
        onSelect={(next) => change({ part: next === parts[0] ? null : next })}
        panel="dag-part"
      />
      <div className="dag-part" id="dag-part" role="tabpanel" aria-label={t.tabs[part]}>
        {part === "nodes" && (
          <NodesPart nodes={nodes} onChoose={(node) => onChoose({ node: String(instance.id), row: String(node) })} />
        )}
        {part === "attempts" && line && (
          <Inspected instance={instance.id}>
            <Attempts key={line.id} line={line} instance={instance.id} day={day} />
          </Inspected>
        )}
        {part === "fields" && <FieldsPart instance={instance.id} only={row !== null ? line?.fields : undefined} />}
        {part === "diagnosis" && <DiagnosisPart instance={instance.id} node={ofNode ? line?.id : undefined} />}
        {part === "code" && (
          <Inspected instance={instance.id}>
            <CodePart instance={instance.id} node={ofNode ? line?.id : undefined} />
          </Inspected>
        )}
        {part === "operations" && (
          <>
            <OperationsPart instance={instance.id} day={day} />
            <Link className="t-12 medium" href={inEnvironment(`/instances/${instance.id}/operations`, environment)}>
              {t.allOperations}
            </Link>
          </>
        )}
      </div>
    </>
  );
}

/** What only they see who may see code and logs; nobody else asks for it. */
function Inspected({ instance, children }: { instance: number; children: ReactNode }) {
  const t = useTexts(drawerTexts);
  const { data } = useInstance(instance);
  if (!data) return <SkeletonRows rows={3} label={t.loading} />;
  return mayInspect(data) ? children : <p className="t-12 muted dag-refused">{t.notInspect}</p>;
}

/** What of the picture waits for what is chosen. */
function Held({ dag: shown, instance, line, day, onChoose }: Props & { line: NodeLine | undefined }) {
  const t = useTexts(drawerTexts);
  const zone = useZone();
  // Which nodes wait for a node is told where its table is opened.
  const around = { up: 0, down: 1, limit: 500, expand: [String(instance.id)] };
  const { data } = useQuery({
    queryKey: keys.around(instance.id, "held"),
    queryFn: ({ signal }) => api.get("/instances/{id}/dag", { path: { id: instance.id }, query: around, signal }),
    enabled: line !== undefined && instance.nodes === null && instance.biz_type !== "SCRIPT",
  });
  const dag = line && data ? data : shown;
  const done = line ? line.status === "SUCCESS" : instance.statuses.every((status) => status === "SUCCEEDED");
  if (done) return null;
  const ids = new Set(
    line
      ? dag.node_edges
          .filter((edge) => edge.up_node === line.id && !edge.removed && edge.down !== instance.id)
          .map((edge) => edge.down)
      : dag.edges.filter((edge) => edge.up === instance.id && !edge.removed).map((edge) => edge.down),
  );
  const held = dag.instances.filter((each) => ids.has(each.id) && mayStillWait(each));
  return (
    <section className="dag-held" aria-label={t.held(line?.name ?? instance.name)}>
      <div className="row gap-2">
        <b className="medium grow ellipsis">{t.held(line?.name ?? instance.name)}</b>
        <span className="muted">{t.heldCount(held.length)}</span>
      </div>
      {held.length === 0 ? (
        <p className="muted">{t.heldNone}</p>
      ) : (
        <ul>
          {held.slice(0, 6).map((each) => {
            const status = statusOfInstance(each);
            return (
              <li key={each.id}>
                <button type="button" onClick={() => onChoose({ node: String(each.id) })}>
                  {status && <Glyph status={status} size={12} />}
                  {!each.visible && <Icon of={Lock} size={12} />}
                  <Name className="grow">{each.name}</Name>
                  {!each.visible && <span className="muted">{each.project}</span>}
                  {each.due_at && <span className="muted">{t.due(shortTimeOn(each.due_at, zone, day))}</span>}
                </button>
              </li>
            );
          })}
          {held.length > 6 && <li className="muted">{t.andMore(held.length - 6)}</li>}
        </ul>
      )}
    </section>
  );
}
