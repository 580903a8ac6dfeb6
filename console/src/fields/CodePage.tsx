import { useQuery } from "@tanstack/react-query";
import { Code as CodeIcon, Columns3, Copy, KeyRound, Lock } from "lucide-react";
import { useMemo } from "react";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { Failure } from "../app/Page";
import { useZone } from "../app/session";
import { useQueryState } from "../app/url";
import { InstanceFrame } from "../instance/InstanceFrame";
import { NodeList } from "../instance/NodeList";
import { instanceTexts } from "../instance/texts";
import { type Instance, mayInspect } from "../instance/useInstance";
import { dateTime } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Button, Segmented } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Chip, Empty, Name, SkeletonRows, Tag } from "../ui/pieces";
import { toast } from "../ui/Toasts";
import { Tooltip } from "../ui/Tooltip";
import "./code.css";
import { difference, highlighted } from "./highlight";
import { fieldTexts } from "./texts";

type NodeCode = Schemas["NodeCode"];

/** The code of each node: as its latest attempt ran it, and as it is published now. */
export default function CodePage() {
  const t = useTexts(instanceTexts);
  return (
    <InstanceFrame tab="code">
      {(instance) =>
        mayInspect(instance) ? (
          <Nodes instance={instance} />
        ) : (
          <Empty icon={Lock} title={t.forbidden}>
            {t.notInspect}
          </Empty>
        )
      }
    </InstanceFrame>
  );
}

function Nodes({ instance }: { instance: Instance }) {
  const t = useTexts(fieldTexts);
  const id = instance.line.id;
  const [query, change] = useQueryState();
  const { data, error, refetch } = useQuery({
    queryKey: keys.instance(id, "code"),
    queryFn: ({ signal }) => api.get("/instances/{id}/code", { path: { id }, signal }),
  });
  if (error && !data) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <SkeletonRows label={t.loading} />;
  const node = data.items.find((each) => each.id === Number(query.get("node"))) ?? data.items[0];
  return (
    <div className="beside-nodes">
      <NodeList
        nodes={data.items.map((each) => ({
          id: each.id,
          name: each.name,
          note: each.fields.length > 0 && <FieldsOf node={each} />,
        }))}
        current={node?.id}
        onChoose={(chosen) => change({ node: String(chosen) })}
      />
      {node ? (
        <One key={node.id} node={node} hidden={data.hidden} />
      ) : (
        <Empty icon={CodeIcon} title={t.noCode}>
          {data.hidden > 0 ? t.hiddenNodes(data.hidden) : t.noCodeNote}
        </Empty>
      )}
    </div>
  );
}

const SHOWN = 16;

/** How many fields a node has; on hover which. */
function FieldsOf({ node }: { node: NodeCode }) {
  const t = useTexts(fieldTexts);
  return (
    <Tooltip
      side="right"
      content={
        <>
          <b>{t.fieldsOf(node.name)}</b>
          <span className="field-tip">
            {node.fields.slice(0, SHOWN).map((name) => (
              <span key={name}>{name}</span>
            ))}
            {node.keys.map((name) => (
              <span key={name} className="row gap-1">
                <Icon of={KeyRound} size={12} />
                {name}
              </span>
            ))}
            {node.fields.length > SHOWN && <span>{t.andMore(node.fields.length - SHOWN)}</span>}
          </span>
        </>
      }
    >
      <span className="row gap-1">
        <Icon of={Columns3} size={12} />
        {node.fields.length}
        <span className="hidden">{t.fieldsCount(node.fields.length)}</span>
      </span>
    </Tooltip>
  );
}

type Which = "latest" | "current" | "difference";

function One({ node, hidden }: { node: NodeCode; hidden: number }) {
  const t = useTexts(fieldTexts);
  const zone = useZone();
  const [query, change] = useQueryState();
  const { latest, current } = node;
  const asked = query.get("code");
  const which: Which =
    asked === "difference" && node.changed && latest && current
      ? "difference"
      : (asked === "current" && current) || !latest
        ? "current"
        : "latest";
  const values = query.get("values") === "true";
  const version = which === "latest" ? latest?.code : current;
  const options = [
    ...(latest ? [{ value: "latest" as const, label: t.latest }] : []),
    ...(current ? [{ value: "current" as const, label: t.current }] : []),
    ...(node.changed && latest && current ? [{ value: "difference" as const, label: t.difference }] : []),
  ];
  const text = (of: Schemas["CodeVersion"] | null | undefined) => (of ? (values ? of.resolved : of.code) : "");
  const shown = text(version);
  const note = !latest ? t.noLatest : !current ? t.noCurrent : node.changed ? "" : t.same;
  return (
    <div className="column">
      <div className="room-bar">
        {options.length > 0 && (
          <Segmented<Which>
            label={t.version}
            value={which}
            options={options}
            onChange={(value) => change({ code: value === "latest" ? null : value })}
          />
        )}
        <Segmented<"written" | "values">
          label={t.parameters}
          value={values ? "values" : "written"}
          options={[
            { value: "written", label: t.asWritten },
            { value: "values", label: t.withValues },
          ]}
          onChange={(value) => change({ values: value === "values" ? "true" : null })}
        />
        {node.changed && <Tag>{t.differs}</Tag>}
        <span className="muted t-12 ellipsis">{note}</span>
        <span className="grow" />
        <Button
          kind="ghost"
          size="small"
          icon={Copy}
          onClick={() => void navigator.clipboard?.writeText(shown).then(() => toast({ text: t.copied }))}
        >
          {t.copyCode}
        </Button>
      </div>
      <div className="code-facts">
        {which === "latest" && latest && latest.number > 0 && <span>{t.attemptNo(latest.number)}</span>}
        {which === "latest" && latest?.choice === "AS_RAN" && <span>{t.asRan}</span>}
        {version && (
          <span>{t.published(version.version, dateTime(version.published_at, zone), version.published_by)}</span>
        )}
        {node.table && (
          <span className="row gap-1">
            <span>{t.table}</span>
            <Name className="soft">{node.table}</Name>
          </span>
        )}
        {hidden > 0 && <span>{t.hiddenNodes(hidden)}</span>}
      </div>
      {node.fields.length > 0 && (
        <div className="code-fields">
          {node.fields.map((name) => (
            <Chip key={name}>{name}</Chip>
          ))}
        </div>
      )}
      {which === "difference" ? (
        <Difference before={text(latest?.code)} after={text(current)} />
      ) : shown ? (
        <Text code={shown} kind={node.kind} label={node.name} />
      ) : (
        <Empty icon={CodeIcon} title={t.noCode}>
          {values && version?.code ? t.unresolved : t.noCodeNote}
        </Empty>
      )}
      {which === "latest" && latest && Object.keys(latest.parameters).length > 0 && (
        <dl className="code-parameters" aria-label={t.parameters}>
          {Object.entries({ ...latest.parameters, ...latest.code.settings }).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

function Text({ code, kind, label }: { code: string; kind: string; label: string }) {
  const lines = useMemo(() => highlighted(code, kind), [code, kind]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keys
    <section className="code-text" tabIndex={0} aria-label={label}>
      <pre>
        {lines.map((pieces, line) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the line is the identity
          <span key={line}>
            <i aria-hidden="true">{line + 1}</i>
            {pieces.map((piece, at) =>
              piece.shade ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity
                <span key={at} className={piece.shade}>
                  {piece.text}
                </span>
              ) : (
                piece.text
              ),
            )}
            {"\n"}
          </span>
        ))}
      </pre>
    </section>
  );
}

const SIGNS = { same: " ", added: "+", removed: "−" };

function Difference({ before, after }: { before: string; after: string }) {
  const t = useTexts(fieldTexts);
  const lines = useMemo(() => difference(before, after), [before, after]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keys
    <section className="code-text" tabIndex={0} aria-label={t.difference}>
      <pre>
        {lines.map((line, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the line is the identity
          <span key={at} className={line.change}>
            <i>{SIGNS[line.change]}</i>
            {line.text}
            {"\n"}
          </span>
        ))}
      </pre>
    </section>
  );
}
