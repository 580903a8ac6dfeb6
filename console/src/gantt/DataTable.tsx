import type { Schemas } from "../api/client";
import { useZone } from "../app/session";
import { duration, timeOn } from "../texts/format";
import { useTexts } from "../texts/texts";
import { type Stretch, stretchesOf, stretchesOfNode, stretchesOfOther } from "./positions";
import { ganttTexts } from "./texts";

/** What the chart shows, as a table. */
export function DataTable({ gantt, day }: { gantt: Schemas["Gantt"]; day: string }) {
  const t = useTexts(ganttTexts);
  const zone = useZone();
  const rows = gantt.path.flatMap((link, at) => [
    ...lines(link.label, stretchesOf(link, gantt.path[at - 1])),
    ...link.nodes.flatMap((node) => lines(`${link.name}/${node.node.name}`, stretchesOfNode(node))),
  ]);
  rows.push(...gantt.others.flatMap((other) => lines(`${other.name}(${other.instance})`, stretchesOfOther(other))));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section className="grid" aria-label={t.showData} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t.columns.node}</th>
            <th scope="col">{t.data.phase}</th>
            <th scope="col">{t.data.start}</th>
            <th scope="col">{t.data.end}</th>
            <th scope="col" className="right">
              {t.data.duration}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, stretch }) => (
            <tr key={`${name} ${stretch.phase} ${stretch.start}`}>
              <td title={name}>{name}</td>
              <td>{t.phase[stretch.phase]}</td>
              <td>{timeOn(stretch.start, zone, day)}</td>
              <td>{timeOn(stretch.end, zone, day)}</td>
              <td className="right">{duration((stretch.end - stretch.start) / 1000)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function lines(name: string, stretches: readonly Stretch[]): { name: string; stretch: Stretch }[] {
  return stretches.map((stretch) => ({ name, stretch }));
}
