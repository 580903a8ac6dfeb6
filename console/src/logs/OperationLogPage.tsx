import { useInfiniteQuery } from "@tanstack/react-query";
import { History } from "lucide-react";
import { useMemo, useState } from "react";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { Failure } from "../app/Page";
import { useZone } from "../app/session";
import { useQueryState } from "../app/url";
import { InstanceFrame } from "../instance/InstanceFrame";
import { type Instance, useNodes } from "../instance/useInstance";
import { operationNames, reasonText } from "../operation/names";
import { dateTime, NONE } from "../texts/format";
import { useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Avatar, Empty, SkeletonRows } from "../ui/pieces";
import { Drawer } from "../ui/Sheet";
import { type Column, Table } from "../ui/Table";
import "./logs.css";
import { OperationEntry } from "./OperationEntry";
import { logTexts } from "./texts";

export type Entry = Schemas["OperationView"];

/** Everything that somebody did to the instance, refused operations too. */
export default function OperationLogPage() {
  return <InstanceFrame tab="operations">{(instance) => <Entries instance={instance} />}</InstanceFrame>;
}

function Entries({ instance }: { instance: Instance }) {
  const t = useTexts(logTexts);
  const language = useLanguage();
  const zone = useZone();
  const id = instance.line.id;
  const [query, change] = useQueryState();
  const [current, setCurrent] = useState(-1);
  const nodes = useNodes(id);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: keys.instance(id, "operations"),
    queryFn: ({ pageParam, signal }) =>
      api.get("/instances/{id}/operations", { path: { id }, query: { before: pageParam, limit: 100 }, signal }),
    initialPageParam: 0,
    getNextPageParam: (page) => page.next_before ?? undefined,
  });
  const entries = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const columns = useMemo((): Column<Entry>[] => {
    const names = operationNames[language] as Record<string, string>;
    return [
      { key: "at", pin: "left", width: 156, head: t.at, cell: (entry) => dateTime(entry.at, zone) },
      {
        key: "operation",
        width: 220,
        head: t.operation,
        cell: (entry) => <b className="medium">{names[entry.operation] ?? entry.operation}</b>,
      },
      {
        key: "operator",
        width: 132,
        head: t.operator,
        cell: (entry) => (
          <span className="row gap-2">
            <Avatar name={entry.operator} />
            <span className="ellipsis">{entry.operator}</span>
          </span>
        ),
      },
      {
        key: "view",
        width: 72,
        head: t.view,
        cell: (entry) => (t.views as Record<string, string>)[entry.perspective] ?? entry.perspective,
      },
      {
        key: "selected",
        width: 180,
        head: t.selected,
        cell: (entry) =>
          entry.selected_fields.length > 0 ? (
            <span title={entry.selected_fields.join(", ")}>{entry.selected_fields.join(", ")}</span>
          ) : (
            t.entire
          ),
      },
      {
        key: "closure",
        width: 112,
        head: t.closure,
        cell: (entry) => {
          const along = entry.closure_fields.filter((name) => !entry.selected_fields.includes(name));
          return entry.selected_fields.length > 0 && along.length > 0 ? (
            <span title={along.join(", ")}>{t.fieldsCount(along.length)}</span>
          ) : (
            NONE
          );
        },
      },
      {
        key: "changed",
        width: 108,
        align: "right",
        head: t.changed,
        cell: (entry) => Object.keys(entry.node_after).length || NONE,
      },
      {
        key: "outcome",
        width: 112,
        head: t.outcome,
        cell: (entry) => (t.outcomes as Record<string, string>)[entry.outcome] ?? entry.outcome,
      },
      {
        key: "reason",
        width: 220,
        head: t.reason,
        cell: (entry) => {
          const text = entry.error_code ? reasonText(language, entry.error_code, entry.reason) : entry.reason;
          return text ? <span title={text}>{text}</span> : NONE;
        },
      },
    ];
  }, [t, language, zone]);
  const open = entries.find((entry) => entry.id === Number(query.get("entry")));
  if (error && !data) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <SkeletonRows label={t.loading} />;
  return (
    <>
      <div className="row grow operation-log">
        <div className="column grow operation-list">
          <Table
            label={t.all(entries.length)}
            columns={columns}
            count={entries.length}
            rowAt={(index) => entries[index]}
            keyOf={(entry) => entry.id}
            grow="reason"
            current={current}
            onCurrent={setCurrent}
            selected={(entry) => entry.id === open?.id}
            onRowClick={(entry) => change({ entry: String(entry.id) })}
            onOpen={(entry) => change({ entry: String(entry.id) })}
            onView={(_, last) => {
              if (hasNextPage && !isFetchingNextPage && last >= entries.length - 20) void fetchNextPage();
            }}
            empty={
              <Empty icon={History} title={t.none}>
                {t.noneNote}
              </Empty>
            }
          />
          {entries.length > 0 && (
            <div className="page-foot">
              {t.all(entries.length)}
              {hasNextPage && (
                <Button size="small" kind="ghost" onClick={() => void fetchNextPage()}>
                  {t.more}
                </Button>
              )}
            </div>
          )}
        </div>
        {open && (
          <Drawer
            label={t.entry}
            title={(operationNames[language] as Record<string, string>)[open.operation] ?? open.operation}
            close={t.close}
            onClose={() => change({ entry: null })}
            width={400}
          >
            <OperationEntry entry={open} nodes={nodes.data?.items ?? []} />
          </Drawer>
        )}
      </div>
    </>
  );
}
