import { useQueries, useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { type UIEvent, useCallback, useMemo, useState } from "react";
import { address, api } from "../api/client";
import { keys } from "../api/keys";
import { Failure } from "../app/Page";
import { number, useTexts } from "../texts/texts";
import { Icon } from "../ui/Icon";
import { SkeletonRows } from "../ui/pieces";
import { type Column, Table } from "../ui/Table";
import { RowPanel } from "./RowPanel";
import type { Run } from "./run";
import { runTexts } from "./texts";
import { drawnColumns, stepOf } from "./wide";
import { columnWidth, WINDOW, windowsIn } from "./windows";

type Row = readonly (string | null)[];
interface Line {
  at: number;
  cells: Row;
}

const NUMBERS_PX = 72;
/** Characters of a value that a cell is given; the rest is in the panel of its row. */
const SHOWN = 300;

/** Rows of a SELECT, read in windows as they come into view. */
export function ResultGrid({ run, task }: { run: Run; task: number }) {
  const t = useTexts(runTexts);
  const path = { project: run.line.project, id: run.line.id };
  const [view, setView] = useState<[number, number]>([0, 0]);
  const [scrolled, setScrolled] = useState({ left: 0, room: 1600 });
  const [current, setCurrent] = useState(-1);
  const [opened, setOpened] = useState<number | null>(null);
  const of = (start: number) => ({
    queryKey: keys.runs(path.project, path.id, "rows", task, start),
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      api.get("/runs/{project}/{id}/rows", { path, query: { task, start, limit: WINDOW }, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const first = useQuery(of(0));
  const starts = windowsIn(
    Math.min(view[0], opened ?? view[0]),
    Math.max(view[1], opened ?? 0),
    first.data?.total ?? 0,
  );
  const parts = useQueries({ queries: starts.map(of) });
  const failed = parts.find((part) => part.error);
  const rows = new Map<number, readonly Row[]>();
  if (first.data) rows.set(0, first.data.rows);
  starts.forEach((start, at) => {
    const part = parts[at]?.data;
    if (part) rows.set(start, part.rows);
  });
  const cellsAt = (index: number) => {
    const start = Math.floor(index / WINDOW) * WINDOW;
    return rows.get(start)?.[index - start];
  };
  const onView = useCallback((from: number, to: number) => setView([from, to]), []);
  const onScroll = useCallback((event: UIEvent<HTMLElement>) => {
    const { scrollLeft, clientWidth } = event.target as HTMLElement;
    const next = { left: stepOf(scrollLeft), room: clientWidth };
    setScrolled((now) => (now.left === next.left && now.room === next.room ? now : next));
  }, []);
  const columns = useMemo<Column<Line>[]>(() => {
    const shown = first.data?.columns ?? [];
    const sample = (first.data?.rows ?? []).slice(0, 50);
    const widths = shown.map((column, place) =>
      columnWidth(
        column.name.length + column.type.length,
        sample.map((row) => row[place]?.length ?? 4),
      ),
    );
    const { from, to, before, after } = drawnColumns(widths, scrolled.left, scrolled.room);
    const own = shown.slice(from, to).map((column, index): Column<Line> => {
      const place = from + index;
      return {
        key: `${place}`,
        head: (
          <span title={`${column.name} ${column.type}`}>
            {column.name} <span className="muted t-11">{column.type}</span>
          </span>
        ),
        width: widths[place] ?? 0,
        align: column.is_number ? "right" : undefined,
        cell: ({ cells }) => {
          const value = cells[place];
          if (value === null || value === undefined) return <span className="null">{t.isNull}</span>;
          return value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value;
        },
      };
    });
    const line: Column<Line> = {
      key: "line",
      head: <span className="hidden">#</span>,
      width: NUMBERS_PX,
      align: "right",
      pin: "left",
      className: "line-number",
      cell: (row) => (
        <button type="button" tabIndex={-1} title={t.openRow} onClick={() => setOpened(row.at)}>
          {number(row.at + 1)}
        </button>
      ),
    };
    return [
      line,
      ...room("before", before),
      ...own,
      ...room("after", after),
      { key: "rest", head: "", width: 16, cell: nothing },
    ];
  }, [first.data, scrolled, t]);
  if (!first.data)
    return first.error ? (
      <Failure error={first.error} onRetry={() => void first.refetch()} />
    ) : (
      <SkeletonRows label={t.loading} />
    );
  const { total, all_rows: all } = first.data;
  return (
    <div className="result column" onScrollCapture={onScroll}>
      <Failure error={failed?.error} onRetry={() => void failed?.refetch()} />
      <Table
        label={t.result}
        columns={columns}
        grow="rest"
        count={total}
        rowAt={(index) => {
          const cells = cellsAt(index);
          return cells && { at: index, cells };
        }}
        keyOf={(row) => row.at}
        current={current}
        onCurrent={setCurrent}
        onOpen={(row) => setOpened(row.at)}
        onView={onView}
        rowHeight={28}
        empty={<p className="result-none muted">{t.noRows}</p>}
      />
      <div className="page-foot">
        <span>{t.rows(total, all)}</span>
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
      {opened !== null && (
        <RowPanel
          at={opened}
          total={total}
          columns={first.data.columns}
          cells={cellsAt(opened)}
          onMove={(at) => {
            setOpened(at);
            setCurrent(at);
          }}
          onClose={() => setOpened(null)}
        />
      )}
    </div>
  );
}

function nothing(): string {
  return "";
}

/** The room of columns that are not drawn. */
function room(key: string, width: number): Column<Line>[] {
  return width > 0 ? [{ key, head: "", width, cell: nothing }] : [];
}
