import { Tooltip as Base } from "@base-ui/react/tooltip";
import {
  cloneElement,
  type FocusEvent,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
  useEffect,
  useRef,
  useSyncExternalStore,
} from "react";
import { classes } from "./classes";

type Side = "top" | "bottom" | "left" | "right";

interface Tip {
  element: Element;
  content: ReactNode;
  side: Side;
  className?: string;
}

/** Rest of the pointer until something is shown (ms); beside what was just shown it is shown at once. */
const REST_MS = 400;
const JUST_MS = 300;

/** The one that is shown. Thousands of things may have something to say; only one says it at a time. */
const shown = {
  now: null as Tip | null,
  closedAt: Number.NEGATIVE_INFINITY,
  timer: undefined as ReturnType<typeof setTimeout> | undefined,
  listener: () => {},
  set(tip: Tip | null) {
    clearTimeout(shown.timer);
    if (shown.now === tip) return;
    if (shown.now) shown.closedAt = performance.now();
    shown.now = tip;
    shown.listener();
  },
  soon(tip: Tip) {
    clearTimeout(shown.timer);
    if (shown.now || performance.now() - shown.closedAt < JUST_MS) shown.set(tip);
    else shown.timer = setTimeout(shown.set, REST_MS, tip);
  },
  subscribe(listener: () => void) {
    shown.listener = listener;
    return () => {
      shown.listener = () => {};
    };
  },
};

type Handlers = Record<string, ((event: unknown) => void) | undefined>;

/** Shows `content` on hover and focus of its one child, which must take props. It costs the child next to nothing until then. */
export function Tooltip({
  content,
  children,
  side = "top",
  className,
}: {
  content: ReactNode;
  children: ReactElement<Record<string, unknown>>;
  side?: Side;
  className?: string;
}) {
  const own = useRef<Element | null>(null);
  const says = content !== null && content !== undefined && content !== "";
  useEffect(() => {
    const { now } = shown;
    if (now && now.element === own.current && (now.content !== content || !says))
      shown.set(says ? { ...now, content } : null);
  }, [content, says]);
  useEffect(
    () => () => {
      if (own.current) hide(own.current);
    },
    [],
  );
  if (!says) return children;
  const tip = (element: Element): Tip => {
    own.current = element;
    return { element, content, side, className };
  };
  const before = children.props as Handlers;
  const after = (name: string, then: (event: never) => void) => (event: unknown) => {
    before[name]?.(event);
    then(event as never);
  };
  return cloneElement(children, {
    onPointerEnter: after("onPointerEnter", (event: PointerEvent) => {
      if (event.pointerType === "mouse") shown.soon(tip(event.currentTarget));
    }),
    onPointerLeave: after("onPointerLeave", (event: PointerEvent) => hide(event.currentTarget)),
    onPointerDown: after("onPointerDown", () => shown.set(null)),
    onFocus: after("onFocus", (event: FocusEvent) => {
      if (event.target === event.currentTarget && event.target.matches(":focus-visible"))
        shown.set(tip(event.currentTarget));
    }),
    onBlur: after("onBlur", (event: FocusEvent) => hide(event.currentTarget)),
  });
}

function hide(element: Element) {
  if (!shown.now || shown.now.element === element) shown.set(null);
}

/** Where tooltips of the page are shown. */
export function TooltipPlace() {
  const tip = useSyncExternalStore(shown.subscribe, () => shown.now);
  if (tip === null) return null;
  return (
    <Base.Root open onOpenChange={() => shown.set(null)}>
      <Base.Portal>
        <Base.Positioner anchor={tip.element} side={tip.side} sideOffset={6} collisionPadding={8} className="floating">
          <Base.Popup className={classes("tip", tip.className)}>{tip.content}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
