import { useEffect, useId, useRef, useState } from "react";
import { useZone } from "../app/session";
import { shortTimeOn } from "../texts/format";
import { number, useTexts } from "../texts/texts";
import { area, type Frame, lastHour, line, step, xOf, yOf } from "./curve";
import type { Overview } from "./OverviewPage";
import { overviewTexts } from "./texts";

const HEIGHT = 276;

/** What share has finished by the time of day, with the range and the median of the days before behind it. */
export function FinishCurve({ of }: { of: Overview }) {
  const t = useTexts(overviewTexts);
  const title = useId();
  const zone = useZone();
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  const hours = of.projects.flatMap((project) => project.hours.map((each) => each.hour));
  const medians = of.usual.map((each) => each.median);
  const to = lastHour(medians, of.finished, hours, of.slot_minutes, of.expected);
  const frame: Frame = { width, height: HEIGHT, left: 44, right: 16, top: 28, bottom: 28, from: 0, to };
  const reached = of.finished.length - 1;
  const share = of.finished_now;
  const onDay = of.finished[reached] ?? share;
  const hour = (new Date(of.now).getTime() - new Date(of.day_start).getTime()) / 3_600_000;
  const isToday = reached >= 0 && hour < 24;
  const time = shortTimeOn(of.now, zone, of.run_date);
  const marks = Array.from({ length: Math.floor(to / step(to)) + 1 }, (_, at) => at * step(to));
  const behind = of.behind ?? 0;
  const compared = behind > 0 ? t.behind(behind) : behind < 0 ? t.ahead(-behind) : t.even;
  const room = of.behind === null ? 80 : 200;
  const atRight = xOf(frame, hour) > width - room;
  // What is expected rises at the right of a low point.
  const isLeft = atRight || (share <= 30 && of.expected.length > 0 && xOf(frame, hour) - frame.left > room);
  return (
    <section aria-labelledby={title}>
      <div className="overview-head">
        <h2 id={title}>{t.finished}</h2>
        <span className="muted t-12">{t.finishedNote(number(of.total), of.compared_with.length)}</span>
      </div>
      <div ref={place} className="curve">
        {width > 0 && (
          <svg width={width} height={HEIGHT} role="img" aria-label={t.curve(share, time)}>
            {[0, 25, 50, 75, 100].map((percent) => (
              <g key={percent}>
                <path d={`M${frame.left} ${yOf(frame, percent)}H${width - frame.right}`} className="curve-grid" />
                <text x={frame.left - 8} y={yOf(frame, percent) + 4} textAnchor="end">
                  {percent} %
                </text>
              </g>
            ))}
            {marks.map((each) => (
              <text key={each} x={xOf(frame, each)} y={HEIGHT - 8} textAnchor="middle">
                {`${String(each).padStart(2, "0")}:00`}
              </text>
            ))}
            {of.usual.length > 0 && (
              <>
                <path d={area(frame, of.usual, of.slot_minutes)} className="curve-range" />
                <path d={line(frame, medians, of.slot_minutes)} className="curve-median" />
              </>
            )}
            {isToday && hour <= to && (
              <>
                <path d={`M${xOf(frame, hour)} ${frame.top}V${HEIGHT - frame.bottom}`} className="curve-now" />
                <text
                  x={xOf(frame, hour) + (atRight ? -6 : 6)}
                  y={frame.top - 14}
                  textAnchor={atRight ? "end" : "start"}
                >
                  {t.now(time)}
                </text>
              </>
            )}
            {isToday && of.expected.length > 0 && <Expected frame={frame} of={of} hour={hour} />}
            <path
              d={`${line(frame, of.finished, of.slot_minutes)}${isToday ? `L${xOf(frame, hour)} ${yOf(frame, share)}` : ""}`}
              className="curve-own"
            />
            {isToday && hour <= to && (
              <>
                <circle cx={xOf(frame, hour)} cy={yOf(frame, share)} r="4" className="curve-point" />
                <text
                  className="curve-share"
                  x={xOf(frame, hour) + (isLeft ? -10 : 10)}
                  y={yOf(frame, share) + (share > 85 ? 32 : share > 30 ? 18 : -20)}
                  textAnchor={isLeft ? "end" : "start"}
                >
                  <tspan className="strong">{share} %</tspan>
                  {of.behind !== null && (
                    <tspan x={xOf(frame, hour) + (isLeft ? -10 : 10)} dy="15">
                      {compared}
                    </tspan>
                  )}
                </text>
              </>
            )}
          </svg>
        )}
      </div>
      <div className="curve-foot t-12 muted">
        {of.usual.length > 0 ? (
          <span className="row gap-2">
            <i className="curve-key" />
            {t.usual(of.compared_with.length)}
          </span>
        ) : (
          <span>{t.noUsual}</span>
        )}
        {isToday && of.expected.length > 0 && (
          <span className="row gap-2">
            <i className="curve-key ahead" />
            {t.expectedNote}
          </span>
        )}
        {!isToday && share > onDay && <span>{t.afterDay(number(Math.round((share - onDay) * 10) / 10))}</span>}
        <Data of={of} />
      </div>
    </section>
  );
}

/** From now on, dotted: what will have finished, as long as nobody must act. */
function Expected({ frame, of, hour }: { frame: Frame; of: Overview; hour: number }) {
  const t = useTexts(overviewTexts);
  const first = 1440 / of.slot_minutes + 1 - of.expected.length;
  const ahead = of.expected
    .map((share, at) => ({ hour: ((first + at) * of.slot_minutes) / 60, share }))
    .filter((each) => each.hour <= frame.to);
  const points = ahead.map((each) => `L${xOf(frame, each.hour)} ${yOf(frame, each.share)}`).join("");
  const middle = ahead[Math.floor(ahead.length / 2)];
  return (
    <>
      <path d={`M${xOf(frame, hour)} ${yOf(frame, of.finished_now)}${points}`} className="curve-expected" />
      {middle && ahead.length > 3 && (
        <text className="curve-share" x={xOf(frame, middle.hour) + 6} y={yOf(frame, middle.share) + 16}>
          {t.expected}
        </text>
      )}
    </>
  );
}

/** The curve as a table, by hours. */
function Data({ of }: { of: Overview }) {
  const t = useTexts(overviewTexts);
  const each = 60 / of.slot_minutes;
  const first = 24 * each + 1 - of.expected.length;
  const expected = (hour: number) => of.expected[hour * each - first];
  const rows = Array.from({ length: 25 }, (_, hour) => hour).filter(
    (hour) =>
      of.finished[hour * each] !== undefined || of.usual[hour * each] !== undefined || expected(hour) !== undefined,
  );
  const percent = (value: number | undefined) => (value === undefined ? "–" : `${value} %`);
  return (
    <details className="curve-data">
      <summary>{t.data}</summary>
      <table>
        <thead>
          <tr>
            {[t.time, t.share, t.expected, t.low, t.median, t.high].map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((hour) => {
            const usual = of.usual[hour * each];
            return (
              <tr key={hour}>
                <th scope="row">{`${String(hour).padStart(2, "0")}:00`}</th>
                {[of.finished[hour * each], expected(hour), usual?.low, usual?.median, usual?.high].map((value, at) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: columns stay in their places
                  <td key={at}>{percent(value)}</td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </details>
  );
}

function useWidth(place: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    return () => watch.disconnect();
  }, [place]);
  return width;
}
