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
/** Free room around a picture (px on the screen); at the top stands the toolbar, at the bottom the zoom. */
export const ROOM = { top: 76, side: 48, bottom: 68 } as const;

export function within(scale: number): number {
  return Math.min(SCALES.most, Math.max(SCALES.least, scale));
}

/** Nearer or farther, with the point of the screen staying where it is. */
export function zoomed(camera: Camera, scale: number, at: { x: number; y: number }): Camera {
  const next = within(scale);
  const by = next / camera.scale;
  return { scale: next, x: at.x - (at.x - camera.x) * by, y: at.y - (at.y - camera.y) * by };
}

/** The next step of zoom: quarters below one, halves above. */
export function step(scale: number, direction: 1 | -1): number {
  const stops = [0.2, 0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2];
  const found =
    direction > 0 ? stops.find((stop) => stop > scale + 0.005) : stops.findLast((stop) => stop < scale - 0.005);
  return found ?? (direction > 0 ? SCALES.most : SCALES.least);
}

/** The whole picture in the middle, not larger than `most`. What does not fit at the least scale is shown around `focus`. */
export function fitted(content: Size, screen: Size, focus: Box | null, most = 1): Camera {
  const wide = Math.max(1, screen.width - 2 * ROOM.side);
  const high = Math.max(1, screen.height - ROOM.top - ROOM.bottom);
  const wanted = Math.min(most, wide / Math.max(1, content.width), high / Math.max(1, content.height));
  // A little too large is sharper than a little smaller than life.
  const scale = wanted > 0.94 && wanted < 1 ? 1 : Math.max(SCALES.least, wanted);
  return centred(content, screen, focus, scale);
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
