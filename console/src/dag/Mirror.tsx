import { statusTexts } from "../status/status";
import { useTexts } from "../texts/texts";
import type { Choice, GraphNode, Picture } from "./graph";
import { dagTexts } from "./texts";

/** More nodes are not listed one by one; those around the chosen one are. */
const MOST = 200;

/** The picture in words, for those who do not see it: what is chosen, what is beside it, and, if it is not too much, everything. */
export function Mirror({
  picture,
  chosen,
  onChoose,
}: {
  picture: Picture;
  chosen: Choice | null;
  onChoose: (choice: Choice) => void;
}) {
  const t = useTexts(dagTexts);
  const s = useTexts(statusTexts);
  const at = chosen ? picture.at.get(chosen.node) : undefined;
  const node = at === undefined ? undefined : picture.nodes[at];
  const words = (each: GraphNode) =>
    [each.name, each.status && s.name[each.status], each.meta].filter(Boolean).join(", ");
  const beside = (edges: readonly number[] | undefined, side: "from" | "to") => [
    ...new Set((edges ?? []).map((edge) => picture.input[side][edge] as number)),
  ];
  const list = (title: string, places: readonly number[]) => (
    <section aria-label={title}>
      <ul>
        {places.map((place) => {
          const each = picture.nodes[place];
          if (!each) return null;
          return (
            <li key={each.id}>
              <button type="button" tabIndex={-1} onClick={() => onChoose({ node: each.id })}>
                {words(each)}
              </button>
            </li>
          );
        })}
        {places.length === 0 && <li>{t.nothingElse}</li>}
      </ul>
    </section>
  );
  return (
    <div className="hidden">
      <p role="status">{node ? t.chosen(words(node)) : ""}</p>
      {node && at !== undefined && (
        <>
          {list(t.upstreamOf, beside(picture.ups[at], "from"))}
          {list(t.downstreamOf, beside(picture.downs[at], "to"))}
        </>
      )}
      {picture.nodes.length <= MOST &&
        list(
          t.all,
          picture.nodes.map((_, place) => place),
        )}
    </div>
  );
}
