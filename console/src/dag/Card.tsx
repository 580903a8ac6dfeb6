import { Lock } from "lucide-react";
import { type FocusEvent, memo, type PointerEvent } from "react";
import { Counts } from "../status/Counts";
import { Glyph } from "../status/Glyph";
import { KindIcon, NodeIcon } from "../status/kinds";
import { HUE, statusTexts } from "../status/status";
import { useTexts } from "../texts/texts";
import { classes } from "../ui/classes";
import { Icon } from "../ui/Icon";
import { Name } from "../ui/pieces";
import { Tooltip } from "../ui/Tooltip";
import type { Choice, GraphNode, GraphRow } from "./graph";
import { rowHeight } from "./graph";
import { dagTexts } from "./texts";

interface Props {
  node: GraphNode;
  x: number;
  y: number;
  width: number;
  height: number;
  /** The node, or the row of it, that is chosen. */
  chosen: Choice | null;
  isCentre: boolean;
  /** Whether edges begin or end there: what is missing is offered below then, not in their way. */
  hasUps: boolean;
  hasDowns: boolean;
  /** The one that Tab reaches. */
  isStop: boolean;
  onChoose: (choice: Choice) => void;
  onMore: (id: string, direction: "up" | "down") => void;
  onHover: (id: string | null) => void;
}

/** A node as buttons: a card, or a group with a button for each of its rows. */
export const Card = memo(function Card(props: Props) {
  const { node, x, y, width, height } = props;
  return (
    <div className="dag-place" style={{ left: x, top: y, width, height }} data-node={node.id}>
      {node.rows ? <Group {...props} /> : <Single {...props} />}
      <More {...props} direction="up" count={node.moreUp} />
      <More {...props} direction="down" count={node.moreDown} />
    </div>
  );
});

function hovering({ node, onHover }: Props) {
  return {
    // Only when the pointer itself moves: a picture that moves below it is not looked at.
    onPointerMove: (event: PointerEvent) => {
      if (event.pointerType === "mouse" && (event.movementX !== 0 || event.movementY !== 0)) onHover(node.id);
    },
    onPointerLeave: () => onHover(null),
    // Keys that move through the picture open the drawer, which says more.
    onFocus: (event: FocusEvent) => onHover(event.currentTarget.matches(":focus-visible") ? node.id : null),
    onBlur: () => onHover(null),
  };
}

/** A name for those who hear it: what is to be seen, in its order, then the status. */
function spoken(...parts: (string | undefined | null | false)[]): string {
  return parts.filter(Boolean).join(", ");
}

function Single(props: Props) {
  const { node, chosen, isCentre, isStop, onChoose } = props;
  const t = useTexts(statusTexts);
  const isChosen = chosen?.node === node.id;
  return (
    <button
      type="button"
      className={classes(
        "dag-card",
        node.status && HUE[node.status],
        node.status && `is-${node.status}`,
        node.removed && "removed",
        node.locked && "locked",
        isCentre && "centre",
      )}
      aria-pressed={isChosen}
      aria-label={spoken(node.name, node.meta, node.aside, node.status && t.name[node.status])}
      tabIndex={isStop ? 0 : -1}
      data-choice={node.id}
      onClick={() => onChoose({ node: node.id })}
      {...hovering(props)}
    >
      <span className="row gap-2">
        {node.locked ? <Icon of={Lock} size={14} className="muted" /> : <KindIcon kind={node.kind} />}
        <Name className="medium grow">{node.name}</Name>
        {node.status && <Glyph status={node.status} size={14} label="" />}
      </span>{" "}
      <span className="row gap-2 dag-meta">
        <span className="ellipsis grow">{node.meta}</span> {node.aside && <span>{node.aside}</span>}
      </span>
    </button>
  );
}

function Group(props: Props) {
  const { node, chosen, isCentre, isStop, onChoose } = props;
  const t = useTexts(dagTexts);
  const s = useTexts(statusTexts);
  const isChosen = chosen?.node === node.id && chosen.row === undefined;
  return (
    <div className={classes("dag-group", node.removed && "removed", isCentre && "centre")}>
      <button
        type="button"
        className="dag-group-head"
        aria-pressed={isChosen}
        aria-label={spoken(node.name, node.meta, node.aside, node.status && s.name[node.status])}
        tabIndex={isStop ? 0 : -1}
        data-choice={node.id}
        onClick={() => onChoose({ node: node.id })}
        {...hovering(props)}
      >
        <span className="row gap-2">
          <KindIcon kind={node.kind} />
          <Name className="semi grow">{node.name}</Name>
          {node.counts && <Counts of="nodes" numbers={node.counts} waiting={node.waiting} />}
        </span>{" "}
        <span className="row gap-2 dag-meta">
          <span className="ellipsis grow">{node.meta}</span> {node.aside && <span>{node.aside}</span>}
        </span>
      </button>
      <div className="dag-rows">
        {(node.rows ?? []).map((row) => (
          <Row
            key={row.id}
            row={row}
            node={node.id}
            isChosen={chosen?.row === row.id && chosen.node === node.id}
            onChoose={onChoose}
          />
        ))}
        {(node.moreRows ?? 0) > 0 && (
          <button
            type="button"
            className="dag-more-rows"
            tabIndex={-1}
            onClick={() => onChoose({ node: node.id, row: "more" })}
          >
            {t.moreRows(node.moreRows ?? 0)}
          </button>
        )}
      </div>
    </div>
  );
}

/** Characters of a note that is never cut, such as a duration: names give way to it. Longer ones give way to names. */
const WHOLE = 12;

function Row({
  row,
  node,
  isChosen,
  onChoose,
}: {
  row: GraphRow;
  node: string;
  isChosen: boolean;
  onChoose: (choice: Choice) => void;
}) {
  const s = useTexts(statusTexts);
  return (
    <button
      type="button"
      className={classes("dag-row", HUE[row.status], `is-${row.status}`)}
      style={{ height: rowHeight(row) }}
      aria-pressed={isChosen}
      aria-label={spoken(
        row.name,
        row.meta,
        row.note,
        ...(row.fields ?? []).flatMap((field) => [field.name, field.note]),
        s.name[row.status],
      )}
      tabIndex={isChosen ? 0 : -1}
      data-choice={`${node}/${row.id}`}
      onClick={() => onChoose({ node, row: row.id })}
    >
      <span className="row gap-2 dag-row-line">
        <NodeIcon />
        <Name className="medium">{row.name}</Name> <span className="muted t-11 dag-row-meta">{row.meta}</span>{" "}
        <span className="grow" />
        {row.note && (
          <span className={classes("t-11 dag-note", row.note.length > WHOLE && "ellipsis")}>{row.note}</span>
        )}
        <Glyph status={row.status} size={14} label="" />
      </span>{" "}
      {row.fields && (
        <span className="dag-fields">
          {row.fields.map((field) => (
            <span key={field.name} className="row gap-2">
              {field.status ? <Glyph status={field.status} size={12} /> : <i className="dag-keyless" />}
              <span className="ellipsis grow">{field.name}</span>{" "}
              {field.note && <span className="muted t-11">{field.note}</span>}{" "}
            </span>
          ))}
        </span>
      )}
    </button>
  );
}

function More({
  node,
  direction,
  count,
  hasUps,
  hasDowns,
  onMore,
}: Props & { direction: "up" | "down"; count: number }) {
  const t = useTexts(dagTexts);
  if (count === 0) return null;
  const label = direction === "up" ? t.showParents(count, node.name) : t.showChildren(count, node.name);
  return (
    <Tooltip content={node.locked ? node.meta : label}>
      <button
        type="button"
        className={classes("dag-stub", direction, (direction === "up" ? hasUps : hasDowns) && "below")}
        aria-label={label}
        aria-disabled={node.locked || undefined}
        tabIndex={-1}
        onClick={() => !node.locked && onMore(node.id, direction)}
      >
        +{count}
      </button>
    </Tooltip>
  );
}
