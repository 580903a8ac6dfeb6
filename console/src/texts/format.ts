/** How times, durations and sizes are written. Times come from the server as instants in UTC and are shown in the tenant's time zone. */

export const NONE = "–";

const formats = new Map<string, Intl.DateTimeFormat>();

interface Parts {
  date: string;
  time: string;
}

function partsOf(instant: string | number | Date, zone: string): Parts {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
    formats.set(zone, format);
  }
  const [date = "", time = ""] = format.format(new Date(instant)).split(" ");
  return { date, time };
}

/** `2013-06-15 04:12:09`. */
export function dateTime(instant: string | number | Date | null | undefined, zone: string): string {
  if (instant === null || instant === undefined || instant === "") return NONE;
  const { date, time } = partsOf(instant, zone);
  return `${date} ${time}`;
}

/** `04:12:09` on the day `day` (`2013-06-15`), with the date in front on other days. */
export function timeOn(instant: string | number | Date | null | undefined, zone: string, day: string | null): string {
  if (instant === null || instant === undefined || instant === "") return NONE;
  const { date, time } = partsOf(instant, zone);
  if (date === day) return time;
  return day?.slice(0, 4) === date.slice(0, 4) ? `${date.slice(5)} ${time}` : `${date} ${time}`;
}

/** `04:12` on the day, with the date in front on other days. */
export function shortTimeOn(
  instant: string | number | Date | null | undefined,
  zone: string,
  day: string | null,
): string {
  const text = timeOn(instant, zone, day);
  return text === NONE ? text : text.slice(0, -3);
}

/** `2013-06-15` of an instant. */
export function dayOf(instant: string | number | Date, zone: string): string {
  return partsOf(instant, zone).date;
}

/** A data timestamp `20130614` as `2013-06-14`. */
export function bizdate(text: string): string {
  return /^\d{8}$/.test(text) ? `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}` : text;
}

/** The day on which instances of a data timestamp run: the day after it. */
export function runDay(text: string): string {
  const day = bizdate(text);
  const next = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(next.getTime())) return day;
  next.setUTCDate(next.getUTCDate() + 1);
  return next.toISOString().slice(0, 10);
}

/** `21s`, `51m 19s`, `2h 04m`, `3d 02h`; below a second `340ms`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return NONE;
  if (seconds > 0 && seconds < 0.9995) return `${Math.round(seconds * 1000)}ms`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
  return `${Math.floor(whole / 86400)}d ${two(Math.floor((whole % 86400) / 3600))}h`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** `812 B`, `3.4 MB`. */
export function bytes(size: number | null | undefined): string {
  if (size === null || size === undefined) return NONE;
  let value = size;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}
