import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import {
  type CSSProperties,
  type KeyboardEvent,
  type MouseEvent,
  memo,
  type ReactNode,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
} from "react";
import { classes } from "./classes";
import { type Column, pins, type Sort, turned } from "./columns";
import { Grip } from "./Grip";
import { Icon } from "./Icon";
import { type Key, slotsOf } from "./slots";

export type { Column, Sort } from "./columns";

export interface TableHandle {
  scrollTo: (index: number) => void;
  focus: () => void;
}

export interface TableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  /** All rows, also those not loaded yet. */
  count: number;
  /** undefined: on its way; a quiet row is shown. */
  rowAt: (index: number) => Row | undefined;
  keyOf: (row: Row) => string | number;
  /** Key of the column that takes the room that is left. */
  grow?: string;
  sort?: Sort | null;
  onSort?: (sort: Sort) => void;
  /** Given, columns that have a `least` width can be made wider and narrower; null: as wide as the contents need. */
  onWidth?: (key: string, width: number | null) => void;
  /** Names the handle of a column that changes its width. */
  widthLabel?: (head: ReactNode) => string;
  selected?: (row: Row) => boolean;
  /** The row that keys act on, -1 for none. */
  current?: number;
  onCurrent?: (index: number) => void;
  onOpen?: (row: Row) => void;
  onRowClick?: (row: Row, index: number, event: MouseEvent) => void;
  /** Told which rows are in view, so that they can be loaded. */
  onView?: (first: number, last: number) => void;
  rowClass?: (row: Row) => string | undefined;
  rowHeight?: number;
  /** Below the heads when there are no rows. */
  empty?: ReactNode;
  handle?: Ref<TableHandle>;
  onKeyDown?: (event: KeyboardEvent) => void;
}

/** A real table of which only the rows in view exist. Heads stay on top, pinned columns at their edge. */
export function Table<Row>(props: TableProps<Row>) {
  const {
    columns,
    count,
    rowAt,
    keyOf,
    grow,
    sort = null,
    onSort,
    selected,
    current = -1,
    onCurrent,
    onOpen,
    onView,
    rowHeight = 32,
    handle,
  } = props;
  const scroller = useRef<HTMLDivElement>(null);
  // Rows are drawn again when they change, not whenever the page gives new functions.
  const latest = useRef(props);
  latest.current = props;
  const clicked = useCallback((row: Row | undefined, index: number, event: MouseEvent) => {
    latest.current.onCurrent?.(index);
    if (row !== undefined) latest.current.onRowClick?.(row, index, event);
  }, []);
  const opened = useCallback((row: Row | undefined) => {
    if (row !== undefined) latest.current.onOpen?.(row);
  }, []);
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 4,
    scrollPaddingStart: 32,
    // Rows come with the frame, not before whatever else listens to the wheel.
    useFlushSync: false,
  });
  const rows = virtual.getVirtualItems();
  const slots = useRef<ReadonlyMap<Key, number>>(new Map());
  const rowKey = (row: Row | undefined, index: number) => (row === undefined ? `waiting-${index}` : keyOf(row));
  slots.current = slotsOf(
    slots.current,
    rows.map(({ index }) => rowKey(rowAt(index), index)),
  );
  const first = rows[0]?.index ?? 0;
  const last = rows[rows.length - 1]?.index ?? -1;
  const before = rows[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (rows[rows.length - 1]?.end ?? 0);
  const stuck = useMemo(() => pins(columns), [columns]);
  const width = columns.reduce((sum, column) => sum + column.width, 0);

  const seenFirst = virtual.range?.startIndex ?? first;
  const seenLast = virtual.range?.endIndex ?? last;
  useEffect(() => onView?.(seenFirst, seenLast), [onView, seenFirst, seenLast]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the table follows when the current row changes, not when it scrolls
  useEffect(() => {
    if (current >= 0) virtual.scrollToIndex(current);
  }, [current]);
  useImperativeHandle(handle, () => ({
    scrollTo: (index) => virtual.scrollToIndex(index, { align: "center" }),
    focus: () => scroller.current?.focus(),
  }));
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    let left = -1;
    const mark = () => {
      left = element.scrollLeft;
      element.toggleAttribute("data-scrolled-left", left > 0);
      element.toggleAttribute("data-scrolled-right", left + element.clientWidth < element.scrollWidth - 1);
      element.toggleAttribute("data-wide", element.clientWidth < element.scrollWidth);
    };
    const scrolled = () => {
      if (element.scrollLeft !== left) mark();
    };
    mark();
    element.addEventListener("scroll", scrolled, { passive: true });
    const watch = new ResizeObserver(mark);
    watch.observe(element);
    // It grows when its first rows come.
    if (element.firstElementChild) watch.observe(element.firstElementChild);
    return () => {
      element.removeEventListener("scroll", scrolled);
      watch.disconnect();
    };
  }, []);

  function onKeyDown(event: KeyboardEvent) {
    props.onKeyDown?.(event);
    if (
      event.defaultPrevented ||
      event.target !== event.currentTarget ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey
    )
      return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2);
    const to: Record<string, number> = {
      ArrowDown: current + 1,
      ArrowUp: current - 1,
      PageDown: current + page,
      PageUp: current - page,
      Home: 0,
      End: count - 1,
    };
    const next = to[event.key];
    if (next !== undefined && count > 0) {
      event.preventDefault();
      onCurrent?.(Math.min(count - 1, Math.max(0, next)));
    } else if (event.key === "Enter") {
      const row = current >= 0 ? rowAt(current) : undefined;
      if (row === undefined) return;
      // Else a shortcut of the page would open it once more.
      event.preventDefault();
      onOpen?.(row);
    }
  }

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: rows are reached by keys
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of the table below
    <div className="grid" ref={scroller} tabIndex={0} onKeyDown={onKeyDown}>
      <table aria-label={props.label} aria-rowcount={count + 1} style={{ width }}>
        <colgroup>
          {columns.map((column) => (
            <col key={column.key} style={column.key === grow ? { minWidth: column.width } : { width: column.width }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <Head key={column.key} column={column} stuck={stuck} sort={sort} onSort={onSort}>
                {props.onWidth && column.least !== undefined && (
                  <Grip column={column} label={props.widthLabel?.(column.head)} onWidth={props.onWidth} />
                )}
              </Head>
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <Spacer columns={columns.length} height={before} />}
          {rows.map(({ index }) => {
            const row = rowAt(index);
            return (
              <Line
                key={slots.current.get(rowKey(row, index))}
                row={row}
                id={row === undefined ? undefined : keyOf(row)}
                index={index}
                columns={columns}
                stuck={stuck}
                height={rowHeight}
                current={index === current}
                selected={row === undefined ? undefined : selected?.(row)}
                className={row === undefined ? undefined : props.rowClass?.(row)}
                onClick={clicked}
                onOpen={opened}
              />
            );
          })}
          {after > 0 && <Spacer columns={columns.length} height={after} />}
        </tbody>
      </table>
      {count === 0 && props.empty}
    </div>
  );
}

function Spacer({ columns, height }: { columns: number; height: number }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it can have the focus
    <tr aria-hidden="true" className="spacer-row">
      <td className="spacer" colSpan={columns} style={{ height }} />
    </tr>
  );
}

type Stuck = ReturnType<typeof pins>;

function place(column: { key: string; pin?: "left" | "right" }, stuck: Stuck): CSSProperties | undefined {
  const pin = stuck.get(column.key);
  return pin && column.pin ? { [column.pin]: pin.at } : undefined;
}

function look<Row>(column: Column<Row>, stuck: Stuck): string {
  return classes(
    column.align,
    column.pin && `pin-${column.pin}`,
    stuck.get(column.key)?.edge && "edge",
    column.className,
  );
}

function Head<Row>({
  column,
  stuck,
  sort,
  onSort,
  children,
}: {
  column: Column<Row>;
  stuck: Stuck;
  sort: Sort | null;
  onSort?: (sort: Sort) => void;
  children?: ReactNode;
}) {
  const name = column.sort;
  const active = name !== undefined && sort?.name === name;
  const ordered = active ? (sort.order === "asc" ? "ascending" : "descending") : undefined;
  return (
    <th
      scope="col"
      className={look(column, stuck)}
      style={place(column, stuck)}
      aria-sort={ordered}
      aria-label={children && typeof column.head === "string" ? column.head : undefined}
    >
      {name !== undefined && onSort ? (
        <button type="button" className="sorter" onClick={() => onSort(turned(sort, name))}>
          {column.head}
          <Icon of={active && sort.order === "asc" ? ArrowUp : ArrowDown} size={10} />
        </button>
      ) : (
        column.head
      )}
      {children}
    </th>
  );
}

interface LineProps<Row> {
  row: Row | undefined;
  id: Key | undefined;
  index: number;
  columns: readonly Column<Row>[];
  stuck: Stuck;
  height: number;
  current: boolean;
  selected: boolean | undefined;
  className: string | undefined;
  onClick: (row: Row | undefined, index: number, event: MouseEvent) => void;
  onOpen: (row: Row | undefined) => void;
}

const Line = memo(function Line<Row>({
  row,
  id,
  index,
  columns,
  stuck,
  height,
  current,
  selected,
  className,
  onClick,
  onOpen,
}: LineProps<Row>) {
  const element = useRef<HTMLTableRowElement>(null);
  // What has the focus must not become that of another row.
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever it is another row
  useLayoutEffect(() => {
    const its = element.current;
    if (its?.contains(document.activeElement)) its.closest<HTMLElement>(".grid")?.focus();
  }, [id]);
  return (
    <tr
      ref={element}
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={classes(current && "current", className)}
      onClick={(event) => onClick(row, index, event)}
      onDoubleClick={() => onOpen(row)}
    >
      {columns.map((column) => (
        <td key={column.key} className={look(column, stuck)} style={{ height, ...place(column, stuck) }}>
          {row === undefined ? <i className="waiting" /> : column.cell(row, index)}
        </td>
      ))}
    </tr>
  );
}) as <Row>(props: LineProps<Row>) => ReactNode;
