import { useQuery } from "@tanstack/react-query";
import { CircleDot, Lock } from "lucide-react";
import { useState } from "react";
import { api } from "../api/client";
import { keys } from "../api/keys";
import { Failure } from "../app/Page";
import { Glyph } from "../status/Glyph";
import { KindIcon } from "../status/kinds";
import { statusOf } from "../status/status";
import { useTexts } from "../texts/texts";
import { Checkbox } from "../ui/Choice";
import { SearchField } from "../ui/Field";
import { Icon } from "../ui/Icon";
import { Name, SkeletonRows } from "../ui/pieces";
import type { Choice } from "./choice";
import { namesTwice } from "./members";
import { useDue } from "./parts";
import { type Row, Rows } from "./Rows";
import { operationTexts } from "./texts";

/** The instances directly upstream, to choose those to be cut. */
export function UpstreamColumn({
  instance,
  choice,
  change,
}: {
  instance: number;
  choice: Choice;
  change: (patch: Partial<Choice>) => void;
}) {
  const t = useTexts(operationTexts);
  const [search, setSearch] = useState("");
  const { data, error, isPending, refetch } = useQuery({
    queryKey: keys.around(instance, "upstream"),
    queryFn: ({ signal }) =>
      api.get("/instances/{id}/dag", { path: { id: instance }, query: { up: 1, down: 0 }, signal }),
  });
  const known = new Map((data?.instances ?? []).map((each) => [each.id, each]));
  const edges = (data?.edges ?? []).filter((edge) => edge.down === instance);
  const due = useDue();
  const repeated = namesTwice(edges.flatMap((edge) => known.get(edge.up) ?? []));
  const wanted = search.trim().toLowerCase();
  const rows = edges.flatMap((edge): Row[] => {
    const up = known.get(edge.up);
    const name = edge.up === 0 ? t.root : (up?.name ?? String(edge.up));
    if (wanted && !name.toLowerCase().includes(wanted) && String(edge.up) !== wanted) return [];
    const draw = () => (
      <>
        <Checkbox
          aria-label={up?.due_at && repeated.has(name) ? `${name}, ${due(up.due_at)}` : name}
          checked={edge.removed || choice.upstream.includes(edge.up)}
          reason={edge.removed ? t.removedAlready : undefined}
          onChange={(checked) =>
            change({
              upstream: checked ? [...choice.upstream, edge.up] : choice.upstream.filter((id) => id !== edge.up),
            })
          }
        />
        {up ? <KindIcon kind={up.kind} /> : <Icon of={edge.up === 0 ? CircleDot : Lock} size={12} />}
        <Name className="ink">{name}</Name>
        <span className="muted t-11">{edge.up || ""}</span>
        {up?.due_at && <span className="muted t-11 nowrap">{due(up.due_at)}</span>}
        <span className="grow" />
        <span className="muted t-12 ellipsis">{edge.removed ? t.removedAlready : up?.project}</span>
        {up?.statuses.map((status) => (
          <Glyph key={status} status={statusOf(status)} size={12} />
        ))}
      </>
    );
    return [{ key: String(edge.up), className: "upstream", draw }];
  });
  return (
    <section className="operation-fields" aria-label={t.upstream}>
      <div className="fields-head">
        <SearchField className="grow" value={search} onChange={setSearch} placeholder={t.findInstance} />
      </div>
      <p className="upstream-note t-12 muted">{t.upstreamNote}</p>
      <Failure error={error} onRetry={() => void refetch()} />
      {isPending && <SkeletonRows rows={3} label={t.upstream} />}
      <Rows label={t.upstream} rows={rows} />
      {!isPending && rows.length === 0 && <p className="none muted">{t.none}</p>}
    </section>
  );
}
