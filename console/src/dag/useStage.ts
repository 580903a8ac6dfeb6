import {
  type CSSProperties,
  type PointerEvent,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import {
  type Box,
  type Camera,
  centred,
  fitted,
  kept,
  leastOf,
  ROOM,
  SCALES,
  type Size,
  showing,
  step,
  zoomed,
} from "./camera";
import type { Choice, Picture } from "./graph";
import type { Layout } from "./layout";
import { type Detail, detailOf, inWindow, paint } from "./paint";
import { usePalette } from "./palette";

interface Found {
  picture: Picture;
  layout: Layout;
}

interface View {
  detail: Detail;
  /** Nodes that are made as buttons. */
  nodes: readonly number[];
  percent: number;
}

const HOVER_MS = 350;
const DOTS = 20;
/** After this time without movement cards are drawn sharp again (ms). */
const STILL_MS = 180;
const HOVER_CARD = { width: 320, height: 210 } as const;

/** The window on a picture: camera, drawing, buttons that follow, and what mouse and wheel do. */
export function useStage({
  found,
  centre,
  chosen,
  chosenAt,
}: {
  found: Found | null;
  centre: string;
  chosen: Choice | null;
  chosenAt: number;
}) {
  const element = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const near = useRef<HTMLDivElement>(null);
  const dots = useRef<HTMLDivElement>(null);
  const still = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const camera = useRef<Camera>({ x: 0, y: 0, scale: 1 });
  const size = useRef<Size>({ width: 0, height: 0 });
  const before = useRef<Found | null>(null);
  const held = useRef<string>(centre);
  const frame = useRef(0);
  const palette = usePalette();
  const [view, setView] = useState<View>({ detail: "buttons", nodes: [], percent: 100 });
  const [hovered, setHoveredNow] = useState<string | null>(null);
  const latest = useRef({ found, palette, chosenAt, chosenRow: chosen?.row, hovered });
  latest.current = { found, palette, chosenAt, chosenRow: chosen?.row, hovered };

  const draw = useCallback(() => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => {
      const { found: its, palette: colours, chosenAt: at, chosenRow: row, hovered: over } = latest.current;
      const context = canvas.current?.getContext("2d");
      if (!its || !context || size.current.width === 0) return;
      const now = camera.current;
      const visible = inWindow(its.picture, its.layout, now, size.current, 120);
      const detail = detailOf(now.scale, visible.length);
      paint(context, {
        ...its,
        camera: now,
        screen: size.current,
        ratio: devicePixelRatio,
        palette: colours,
        detail,
        nodes: visible,
        chosen: at,
        chosenRow: row,
        hovered: over === null ? -1 : (its.picture.at.get(over) ?? -1),
      });
      if (near.current) near.current.style.transform = `translate(${now.x}px, ${now.y}px) scale(${now.scale})`;
      if (dots.current) dots.current.style.transform = `translate(${now.x % DOTS}px, ${now.y % DOTS}px)`;
      const percent = Math.round(now.scale * 100);
      const nodes = detail === "buttons" ? visible : [];
      setView((last) =>
        last.detail === detail && last.percent === percent && same(last.nodes, nodes)
          ? last
          : { detail, nodes, percent },
      );
    });
  }, []);

  const box = useCallback((id: string): Box | null => {
    const its = latest.current.found;
    const at = its?.picture.at.get(id);
    if (!its || at === undefined) return null;
    return {
      x: its.layout.x[at] as number,
      y: its.layout.y[at] as number,
      width: its.picture.input.widths[at] as number,
      height: its.picture.input.heights[at] as number,
    };
  }, []);

  // The window has its size before anything is shown, and keeps what is chosen in sight when it shrinks.
  useLayoutEffect(() => {
    const its = element.current;
    if (!its) return;
    const measure = () => {
      const width = its.clientWidth;
      const height = its.clientHeight;
      size.current = { width, height };
      if (canvas.current) {
        canvas.current.width = Math.round(width * devicePixelRatio);
        canvas.current.height = Math.round(height * devicePixelRatio);
        canvas.current.style.width = `${width}px`;
        canvas.current.style.height = `${height}px`;
      }
    };
    measure();
    const watcher = new ResizeObserver(() => {
      measure();
      const at = latest.current.chosenAt;
      const id = latest.current.found?.picture.nodes[at]?.id;
      const its = id ? box(id) : null;
      if (its) camera.current = showing(camera.current, its, size.current);
      draw();
    });
    watcher.observe(its);
    return () => watcher.disconnect();
  }, [box, draw]);

  // A new picture stays where it was: what was acted on does not move on the screen.
  useLayoutEffect(() => {
    if (!found) return;
    const last = before.current;
    const focus = box(held.current) ?? box(centre);
    if (!last || !focus || !last.picture.at.has(centre)) {
      camera.current = centred(found.layout, size.current, box(centre), 1);
    } else if (last !== found) {
      const id = box(held.current) && last.picture.at.has(held.current) ? held.current : centre;
      const was = last.picture.at.get(id) as number;
      const is = found.picture.at.get(id);
      if (is !== undefined) {
        const { x, y, scale } = camera.current;
        camera.current = {
          scale,
          x: x + ((last.layout.x[was] as number) - (found.layout.x[is] as number)) * scale,
          y: y + ((last.layout.y[was] as number) - (found.layout.y[is] as number)) * scale,
        };
      }
    }
    before.current = found;
    draw();
  }, [found, centre, box, draw]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each of them changes what is drawn
  useEffect(draw, [draw, palette, chosenAt, chosen?.row, hovered]);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);

  // What is chosen is in sight, also when it was only half.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a choice moves the window
  useEffect(() => {
    const its = chosen ? box(chosen.node) : null;
    if (!its || size.current.width === 0) return;
    held.current = chosen?.node ?? held.current;
    camera.current = showing(camera.current, its, size.current);
    draw();
  }, [chosen?.node, box, draw]);

  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const next = useRef<string | null>(null);
  const setHovered = useCallback((id: string | null) => {
    if (id !== null && id === next.current) return;
    next.current = id;
    clearTimeout(timer.current);
    if (id === null) setHoveredNow(null);
    else timer.current = setTimeout(() => setHoveredNow(id), HOVER_MS);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: after a choice the card would be in the way
  useEffect(() => setHovered(null), [chosen?.node, chosen?.row, found, setHovered]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const move = useCallback(
    (next: Camera) => {
      const content = latest.current.found?.layout;
      camera.current = content ? kept(next, content, size.current) : next;
      setHovered(null);
      // While it moves it is one surface that is pushed about.
      element.current?.setAttribute("data-moving", "");
      clearTimeout(still.current);
      still.current = setTimeout(() => element.current?.removeAttribute("data-moving"), STILL_MS);
      draw();
    },
    [draw, setHovered],
  );
  const least = useCallback(
    () => (latest.current.found ? leastOf(latest.current.found.layout, size.current) : SCALES.least),
    [],
  );

  useEffect(() => {
    const its = element.current;
    if (!its) return;
    const onWheel = (event: WheelEvent) => {
      if ((event.target as Element).closest(".dag-tools, .dag-zoom, .dag-notice")) return;
      event.preventDefault();
      const now = camera.current;
      if (event.ctrlKey || event.metaKey) {
        const place = its.getBoundingClientRect();
        const at = { x: event.clientX - place.left, y: event.clientY - place.top };
        move(zoomed(now, now.scale * Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.004)), at, least()));
      } else {
        const by = event.deltaMode === 1 ? 20 : 1;
        const across = event.shiftKey && event.deltaX === 0;
        move({
          ...now,
          x: now.x - (across ? event.deltaY : event.deltaX) * by,
          y: now.y - (across ? 0 : event.deltaY) * by,
        });
      }
    };
    its.addEventListener("wheel", onWheel, { passive: false });
    return () => its.removeEventListener("wheel", onWheel);
  }, [move, least]);

  const drag = useRef<{ x: number; y: number; moved: boolean } | null>(null);
  const hitAt = useCallback((event: PointerEvent): string | null => {
    const its = latest.current.found;
    const place = element.current?.getBoundingClientRect();
    if (!its || !place) return null;
    const { x, y, scale } = camera.current;
    const wx = (event.clientX - place.left - x) / scale;
    const wy = (event.clientY - place.top - y) / scale;
    const { widths, heights } = its.picture.input;
    for (let at = 0; at < widths.length; at++) {
      const left = its.layout.x[at] as number;
      const top = its.layout.y[at] as number;
      if (wx >= left && wy >= top && wx <= left + (widths[at] as number) && wy <= top + (heights[at] as number))
        return its.picture.nodes[at]?.id ?? null;
    }
    return null;
  }, []);

  const pointer = (onChoose: (choice: Choice | null) => void) => {
    const isGround = (event: PointerEvent) => event.target === element.current || event.target === canvas.current;
    return {
      onPointerDown: (event: PointerEvent) => {
        if (event.button !== 0 || !isGround(event)) return;
        drag.current = { x: event.clientX, y: event.clientY, moved: false };
        element.current?.setPointerCapture(event.pointerId);
      },
      onPointerMove: (event: PointerEvent) => {
        const from = drag.current;
        if (!from) {
          if (view.detail === "buttons" || !isGround(event)) return;
          const id = hitAt(event);
          if (id !== hovered) setHovered(id);
          return;
        }
        const dx = event.clientX - from.x;
        const dy = event.clientY - from.y;
        if (!from.moved && Math.abs(dx) + Math.abs(dy) < 4) return;
        drag.current = { x: event.clientX, y: event.clientY, moved: true };
        element.current?.setAttribute("data-dragging", "");
        move({ ...camera.current, x: camera.current.x + dx, y: camera.current.y + dy });
      },
      onPointerUp: (event: PointerEvent) => {
        const from = drag.current;
        drag.current = null;
        element.current?.removeAttribute("data-dragging");
        if (!from || from.moved) return;
        const id = view.detail === "buttons" ? null : hitAt(event);
        onChoose(id ? { node: id } : null);
      },
      onPointerCancel: () => {
        drag.current = null;
        element.current?.removeAttribute("data-dragging");
      },
    };
  };

  const middle = () => ({ x: size.current.width / 2, y: size.current.height / 2 });
  const actions = useMemo(
    () => ({
      /** What stays where it is when the picture changes. */
      anchor: (id: string) => {
        held.current = id;
      },
    }),
    [],
  );
  return {
    element,
    canvas,
    near,
    dots,
    view,
    hovered,
    setHovered,
    pointer,
    anchor: actions.anchor,
    step: (direction: 1 | -1) =>
      move(zoomed(camera.current, step(camera.current.scale, direction, least()), middle(), least())),
    scaleTo: (scale: number) => move(zoomed(camera.current, scale, middle(), least())),
    fit: () => {
      if (found) move(fitted(found.layout, size.current, box(chosen?.node ?? centre)));
    },
    show: (id: string) => {
      held.current = id;
      const its = box(id);
      if (its) move(showing(camera.current, its, size.current));
    },
    /** After it is drawn: its button, else the picture. */
    focusOn: (choice: Choice) => {
      const name = choice.row === undefined ? choice.node : `${choice.node}/${choice.row}`;
      requestAnimationFrame(() =>
        requestAnimationFrame(() => {
          const button = element.current?.querySelector<HTMLElement>(`[data-choice="${CSS.escape(name)}"]`);
          (button ?? element.current)?.focus({ preventScroll: true });
        }),
      );
    },
    /** Below the node, or above it where there is no room. */
    hoverPlace: (id: string): CSSProperties => {
      const its = box(id);
      if (!its) return { display: "none" };
      const { x, y, scale } = camera.current;
      const left = its.x * scale + x;
      const bottom = (its.y + its.height) * scale + y;
      const top = its.y * scale + y;
      const fits = bottom + HOVER_CARD.height < size.current.height - ROOM.bottom || top < HOVER_CARD.height;
      return {
        left: Math.max(12, Math.min(left, size.current.width - HOVER_CARD.width - 12)),
        ...(fits
          ? { top: Math.min(bottom + 10, size.current.height - HOVER_CARD.height) }
          : { bottom: size.current.height - top + 10 }),
      };
    },
  };
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}
