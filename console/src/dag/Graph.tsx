import "./dag.css";
import { Box as BoxIcon, Maximize, Minimize, Minus, Plus } from "lucide-react";
import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useShortcuts } from "../app/shortcuts";
import { useTexts } from "../texts/texts";
import { Button, IconButton } from "../ui/Button";
import { classes } from "../ui/classes";
import { SearchField } from "../ui/Field";
import { useLayout } from "./arrange";
import { Card } from "./Card";
import type { Choice, GraphNode, Picture } from "./graph";
import { Mirror } from "./Mirror";
import { type Arrow, moved } from "./move";
import { dagTexts } from "./texts";
import { useStage } from "./useStage";

interface Props {
  picture: Picture;
  /** The node that the picture is about, and its name. */
  centre: string;
  name: string;
  chosen: Choice | null;
  onChoose: (choice: Choice | null) => void;
  /** Shows neighbours that are not in the picture. */
  onMore: (id: string, direction: "up" | "down") => void;
  /** Opens a table to show its materialization nodes, or closes it. */
  onToggle?: (id: string) => void;
  /** What a card says when the pointer rests on a node. */
  hover?: (node: GraphNode) => ReactNode;
  /** What can be done with a node or a row, asked for with the right button or its key; at a point of the window. */
  menu?: (choice: Choice, at: { x: number; y: number }, close: () => void) => ReactNode;
  /** In the toolbar, after the search. */
  tools?: ReactNode;
  /** Below the toolbar. */
  notice?: ReactNode;
  /** Beside the picture. */
  drawer?: ReactNode;
  /** Marks of the drawing that need words. */
  legend?: boolean;
}

/** A picture of dependencies: to be moved, zoomed and searched, with mouse or keys. */
export function Graph({
  picture,
  centre,
  name,
  chosen,
  onChoose,
  onMore,
  onToggle,
  hover,
  menu,
  tools,
  notice,
  drawer,
  legend = true,
}: Props) {
  const t = useTexts(dagTexts);
  const found = useLayout(picture);
  const [full, setFull] = useState(false);
  const [search, setSearch] = useState("");
  const [hit, setHit] = useState(0);
  const find = useRef<HTMLDivElement>(null);
  const chosenAt = chosen ? (found?.picture.at.get(chosen.node) ?? -1) : -1;
  const stage = useStage({ found, centre, chosen, chosenAt });
  const { view, hovered, setHovered } = stage;

  const hits = useMemo(() => matches(picture, search), [picture, search]);
  const goTo = (choice: Choice) => {
    onChoose(choice);
    stage.show(choice.node);
  };
  const nextHit = (step: number) => {
    if (hits.length === 0) return;
    const next = (hit + step + hits.length) % hits.length;
    setHit(next);
    const choice = hits[next];
    if (choice) goTo(choice);
  };

  useEffect(() => {
    const left = () => {
      if (!document.fullscreenElement) setFull(false);
    };
    document.addEventListener("fullscreenchange", left);
    return () => document.removeEventListener("fullscreenchange", left);
  }, []);
  const turnFull = () => {
    if (full) {
      setFull(false);
      if (document.fullscreenElement) void document.exitFullscreen();
    } else {
      setFull(true);
      // Where the browser does not grant it, the picture still fills its window.
      document.documentElement.requestFullscreen?.().catch(() => {});
    }
  };

  const back = useRef<Choice | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: when the picture is another one
  useEffect(() => {
    if (back.current && document.activeElement === stage.element.current) stage.focusOn(back.current);
    back.current = null;
  }, [found]);
  const toggle = (id: string) => {
    stage.anchor(id);
    onToggle?.(id);
  };
  const more = useCallback(
    (id: string, direction: "up" | "down") => {
      stage.anchor(id);
      onMore(id, direction);
    },
    [onMore, stage.anchor],
  );
  const choose = useCallback((choice: Choice) => onChoose(choice), [onChoose]);
  const [menuAt, setMenuAt] = useState<{ choice: Choice; x: number; y: number } | null>(null);
  const onContextMenu = (event: MouseEvent) => {
    const target = (event.target as Element).closest<HTMLElement>("[data-choice]");
    const [node, row] = target?.dataset.choice?.split("/") ?? [];
    if (!menu || node === undefined) return;
    event.preventDefault();
    setHovered(null);
    setMenuAt({ choice: { node, row }, x: event.clientX, y: event.clientY });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    if (target !== stage.element.current && !target.dataset.choice) return;
    const present = chosen ?? { node: centre };
    if (event.key.startsWith("Arrow") && found) {
      event.preventDefault();
      const next = chosen ? moved(found.picture, found.layout, present, event.key as Arrow) : present;
      if (!next) return;
      goTo(next);
      stage.focusOn(next);
    } else if (event.key === " " && onToggle) {
      event.preventDefault();
      // The card goes, and with it the focus: it comes back to what takes its place.
      back.current = present;
      stage.element.current?.focus({ preventScroll: true });
      toggle(present.node);
    } else if (event.key === "Escape" && chosen) {
      event.preventDefault();
      onChoose(null);
    }
  };

  useShortcuts(t.keys.title, [
    { keys: "/", label: t.keys.find, run: () => find.current?.querySelector("input")?.focus() },
    { keys: "+", label: t.keys.in, run: () => stage.step(1) },
    { keys: "-", label: t.keys.out, run: () => stage.step(-1) },
    { keys: "0", label: t.keys.fit, run: () => stage.fit() },
    { keys: "← → ↑ ↓", label: t.keys.move, run: () => {} },
    ...(onToggle ? [{ keys: "Space", label: t.keys.open, run: () => {} }] : []),
  ]);

  const stop = chosen && found?.picture.at.has(chosen.node) ? chosen : { node: centre };
  const shownHover = hovered !== null && hover ? found?.picture.nodes[found.picture.at.get(hovered) ?? -1] : undefined;
  return (
    <div className={classes("dag", full && "full")}>
      <div
        className="dag-stage"
        ref={stage.element}
        role="application"
        aria-label={t.stage(name)}
        aria-describedby="dag-keys"
        tabIndex={view.detail === "buttons" ? -1 : 0}
        onKeyDown={onKeyDown}
        onContextMenu={onContextMenu}
        {...stage.pointer(onChoose)}
      >
        <span id="dag-keys" hidden>
          {t.stageKeys}
        </span>
        <div className="dag-dots" ref={stage.dots} />
        <canvas ref={stage.canvas} />
        <div className="dag-near" ref={stage.near}>
          {found &&
            view.detail === "buttons" &&
            view.nodes.map((at) => {
              const node = found.picture.nodes[at];
              if (!node) return null;
              return (
                <Card
                  key={node.id}
                  node={node}
                  x={found.layout.x[at] as number}
                  y={found.layout.y[at] as number}
                  width={found.picture.input.widths[at] as number}
                  height={found.picture.input.heights[at] as number}
                  chosen={chosen?.node === node.id ? chosen : null}
                  isCentre={node.id === centre}
                  hasUps={(found.picture.ups[at]?.length ?? 0) > 0}
                  hasDowns={(found.picture.downs[at]?.length ?? 0) > 0}
                  isStop={stop.node === node.id && stop.row === undefined}
                  onChoose={choose}
                  onMore={more}
                  onHover={setHovered}
                />
              );
            })}
        </div>
        {menuAt && menu?.(menuAt.choice, menuAt, () => setMenuAt(null))}
        {shownHover && hover && (
          <div className="dag-hover" role="tooltip" style={stage.hoverPlace(shownHover.id)}>
            {hover(shownHover)}
          </div>
        )}
        <div className="dag-tools">
          <div ref={find} className="dag-find">
            <SearchField
              value={search}
              onChange={(text) => {
                setSearch(text);
                setHit(-1);
              }}
              placeholder={t.find}
              shortcut="/"
              onKeyDown={(event) => {
                if (event.key !== "Enter") return;
                event.preventDefault();
                nextHit(event.shiftKey ? -1 : 1);
              }}
            />
            {search.trim() !== "" && (
              <span className="t-11 muted" role="status">
                {t.found(Math.max(0, hit) + (hits.length > 0 ? 1 : 0), hits.length)}
              </span>
            )}
          </div>
          {tools}
          <span className="grow" />
          <IconButton
            kind="plain"
            icon={full ? Minimize : Maximize}
            label={full ? t.leaveFullScreen : t.fullScreen}
            aria-pressed={full}
            onClick={turnFull}
          />
        </div>
        {notice && <div className="dag-notice">{notice}</div>}
        {!found && (
          <div className="dag-notice" role="status">
            {t.laying}
          </div>
        )}
        <div className="dag-zoom">
          <IconButton icon={Minus} label={t.zoomOut} onClick={() => stage.step(-1)} />
          <button
            type="button"
            title={t.actualSize}
            aria-label={`${t.actualSize}, ${view.percent} %`}
            onClick={() => stage.scaleTo(1)}
          >
            {view.percent} %
          </button>
          <IconButton icon={Plus} label={t.zoomIn} onClick={() => stage.step(1)} />
          <Button kind="ghost" onClick={() => stage.fit()}>
            {t.fit}
          </Button>
        </div>
        {legend && (
          <ul className="dag-legend">
            <li>
              <svg width="22" height="8" aria-hidden="true">
                <path d="M0 4h22" className="unmet" />
              </svg>
              {t.unmet}
            </li>
            <li>
              <svg width="22" height="8" aria-hidden="true">
                <path d="M0 4h22" className="gone" />
              </svg>
              {t.removedEdge}
            </li>
          </ul>
        )}
        <Mirror picture={picture} chosen={chosen} onChoose={goTo} />
      </div>
      {drawer}
    </div>
  );
}

/** Nodes and rows whose name has the text in it. */
export function matches(picture: Picture, text: string): Choice[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [];
  const found: Choice[] = [];
  for (const node of picture.nodes) {
    if (node.name.toLowerCase().includes(wanted) || node.id === wanted) found.push({ node: node.id });
    for (const row of node.rows ?? [])
      if (row.name.toLowerCase().includes(wanted)) found.push({ node: node.id, row: row.id });
  }
  return found;
}

/** The button that opens all tables. */
export function NodesButton({ pressed, onPress }: { pressed: boolean; onPress: () => void }) {
  const t = useTexts(dagTexts);
  return (
    <Button icon={BoxIcon} aria-pressed={pressed} hint={t.nodesHint} onClick={onPress}>
      {t.nodes}
    </Button>
  );
}
