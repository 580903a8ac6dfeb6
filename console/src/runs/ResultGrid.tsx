import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import { address, api } from "../api/client";
import { keys } from "../api/keys";
import { Failure } from "../app/Page";
import { NONE } from "../texts/format";
import { number, useTexts } from "../texts/texts";
import { Icon } from "../ui/Icon";
import { SkeletonRows } from "../ui/pieces";
import { type Column, Table } from "../ui/Table";
import type { Run } from "./run";
import { runTexts } from "./texts";
import { columnWidth, WINDOW, windowsIn } from "./windows";

type Row = readonly (string | null)[];

/** Rows of a SELECT, read in windows as they come into view. */
export function ResultGrid({ run, task }: { run: Run; task: number }) {
  const t = useTexts(runTexts);
  const path = { project: run.line.project, id: run.line.id };
  const [view, setView] = useState<[number, number]>([0, 0]);
  const of = (start: number) => ({
    queryKey: keys.runs(path.project, path.id, "rows", task, start),
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      api.get("/runs/{project}/{id}/rows", { path, query: { task, start, limit: WINDOW }, signal }),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: start === 0 ? keepPreviousData : undefined,
  });
  const first = useQuery({ ...of(0), placeholderData: undefined });
  const starts = windowsIn(view[0], view[1], first.data?.total ?? 0);
  const parts = useQueries({ queries: starts.map((start) => ({ ...of(start), placeholderData: undefined })) });
  const rows = new Map<number, readonly Row[]>();
  if (first.data) rows.set(0, first.data.rows);
  starts.forEach((start, at) => {
    const part = parts[at]?.data;
    if (part) rows.set(start, part.rows);
  });
  const onView = useCallback((from: number, to: number) => setView([from, to]), []);
  const columns = useMemo<Column<{ at: number; cells: Row }>[]>(() => {
    const own = (first.data?.columns ?? []).map((column, place) => ({
      key: `${place}`,
      head: (
        <span title={`${column.name} ${column.type}`}>
          {column.name} <span className="muted t-11">{column.type}</span>
        </span>
      ),
      width: columnWidth(
        column.name.length + column.type.length,
        (first.data?.rows ?? []).slice(0, 50).map((row) => row[place]?.length ?? 4),
      ),
      align: column.is_number ? ("right" as const) : undefined,
      cell: (row: { cells: Row }) => {
        const value = row.cells[place];
        return value === null || value === undefined ? (
          <span className="null">{t.isNull}</span>
        ) : (
          <span title={value.length > 30 ? value : undefined}>{value}</span>
        );
      },
    }));
    return [
      {
        key: "line",
        head: <span className="hidden">#</span>,
        width: 80,
        align: "right" as const,
        pin: "left" as const,
        className: "line-number",
        cell: (row) => number(row.at + 1),
      },
      ...own,
      { key: "rest", head: "", width: 16, cell: () => "" },
    ];
  }, [first.data, t]);
  if (!first.data)
    return first.error ? (
      <Failure error={first.error} onRetry={() => void first.refetch()} />
    ) : (
      <SkeletonRows label={t.loading} />
    );
  const { total, all_rows: all } = first.data;
  return (
    <div className="result column">
      <Table
        label={t.result}
        columns={columns}
        grow="rest"
        count={total}
        rowAt={(index) => {
          const start = Math.floor(index / WINDOW) * WINDOW;
          const cells = rows.get(start)?.[index - start];
          return cells && { at: index, cells };
        }}
        keyOf={(row) => row.at}
        onView={onView}
        rowHeight={28}
        empty={<p className="result-none muted">{t.noRows}</p>}
      />
      <div className="page-foot">
        <span>{total === 0 ? NONE : t.rows(number(total), number(all))}</span>
        <span className="grow" />
        {total > 0 && (
          <a
            className="button ghost small"
            href={address("/runs/{project}/{id}/rows.csv", { path, query: { task } })}
            download={`${run.line.id}.csv`}
          >
            <Icon of={Download} size={14} />
            {t.download}
          </a>
        )}
      </div>
    </div>
  );
}
