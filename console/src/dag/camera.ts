/** The window on a picture: a point of the picture is at `point * scale + offset` on the screen. */
export interface Camera {
  x: number;
  y: number;
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Box extends Size {
  x: number;
  y: number;
}

export const SCALES = { least: 0.2, most: 2 } as const;
/** Pictures that are larger than the window at the least scale can be made smaller still, until they fit or this is reached. */
const FLOOR = 0.01;
/** Free room around a picture (px on the screen); at the top stands the toolbar, at the bottom the zoom. */
export const ROOM = { top: 76, side: 48, bottom: 68 } as const;
/** So much of a picture stays in the window (px on the screen), wherever it is moved. */
const KEPT = 96;

/** The scale at which the whole picture is seen. */
function fitting(content: Size, screen: Size): number {
  const wide = Math.max(1, screen.width - 2 * ROOM.side);
  const high = Math.max(1, screen.height - ROOM.top - ROOM.bottom);
  return Math.min(wide / Math.max(1, content.width), high / Math.max(1, content.height));
}

/** How small a picture can be made. */
export function leastOf(content: Size, screen: Size): number {
  return Math.max(FLOOR, Math.min(SCALES.least, fitting(content, screen)));
}

/** Nearer or farther, with the point of the screen staying where it is. */
export function zoomed(
  camera: Camera,
  scale: number,
  at: { x: number; y: number },
  least: number = SCALES.least,
): Camera {
  const next = Math.min(SCALES.most, Math.max(least, scale));
  const by = next / camera.scale;
  return { scale: next, x: at.x - (at.x - camera.x) * by, y: at.y - (at.y - camera.y) * by };
}

const STOPS = [0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2];

/** The next step of zoom: quarters below one, halves above. */
export function step(scale: number, direction: 1 | -1, least: number = SCALES.least): number {
  const found =
    direction > 0 ? STOPS.find((stop) => stop > scale * 1.01) : STOPS.findLast((stop) => stop < scale * 0.99);
  return Math.min(SCALES.most, Math.max(least, found ?? (direction > 0 ? SCALES.most : 0)));
}

/** The whole picture in the middle, not larger than `most`. What does not fit at any scale is shown around `focus`. */
export function fitted(content: Size, screen: Size, focus: Box | null, most = 1): Camera {
  const wanted = Math.min(most, fitting(content, screen));
  // A little too large is sharper than a little smaller than life.
  const scale = wanted > 0.94 && wanted < 1 ? 1 : Math.max(FLOOR, wanted);
  return centred(content, screen, focus, scale);
}

/** Moved no further than that some of the picture is still seen. */
export function kept(camera: Camera, content: Size, screen: Size): Camera {
  const held = (at: number, size: number, room: number) => {
    const least = Math.min(KEPT, size * camera.scale);
    return Math.min(room - least, Math.max(least - size * camera.scale, at));
  };
  return {
    ...camera,
    x: held(camera.x, content.width, screen.width),
    y: held(camera.y, content.height, screen.height),
  };
}

/** At a scale: whole where it fits, around `focus` in the direction in which it does not. */
export function centred(content: Size, screen: Size, focus: Box | null, scale: number): Camera {
  const middle = focus
    ? { x: focus.x + focus.width / 2, y: focus.y + focus.height / 2 }
    : { x: content.width / 2, y: content.height / 2 };
  const high = screen.height - ROOM.top - ROOM.bottom;
  return {
    scale,
    x: along(content.width * scale, screen.width - 2 * ROOM.side, ROOM.side, middle.x * scale),
    y: along(content.height * scale, high, ROOM.top, middle.y * scale),
  };
}

/** In one direction: in the middle of the room, or with what is looked at there; beyond the ends of what is larger nothing is shown. */
function along(content: number, room: number, first: number, focus: number): number {
  if (content <= room) return Math.round(first + (room - content) / 2);
  return Math.round(Math.min(first, Math.max(first + room - content, first + room / 2 - focus)));
}

/** Moved just as far as a box needs to be seen. */
export function showing(camera: Camera, box: Box, screen: Size): Camera {
  const left = box.x * camera.scale + camera.x;
  const top = box.y * camera.scale + camera.y;
  const right = left + box.width * camera.scale;
  const bottom = top + box.height * camera.scale;
  let { x, y } = camera;
  if (right > screen.width - ROOM.side) x -= right - (screen.width - ROOM.side);
  if (left < ROOM.side) x += ROOM.side - left;
  if (bottom > screen.height - ROOM.bottom) y -= bottom - (screen.height - ROOM.bottom);
  if (top < ROOM.top) y += ROOM.top - top;
  return { ...camera, x, y };
}
