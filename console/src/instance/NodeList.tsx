import type { ReactNode } from "react";
import { useState } from "react";
import { Glyph } from "../status/Glyph";
import { statusOf } from "../status/status";
import { useTexts } from "../texts/texts";
import { SearchField } from "../ui/Field";
import { Name } from "../ui/pieces";
import "./nodes.css";
import { instanceTexts } from "./texts";

interface Listed {
  id: number;
  name: string;
  status?: string;
  paused?: boolean;
  /** Muted, at the right. */
  note?: ReactNode;
}

const FEW = 12;

/** The nodes of an instance beside what is shown of one of them. */
export function NodeList({
  nodes,
  current,
  onChoose,
}: {
  nodes: readonly Listed[];
  current: number | undefined;
  onChoose: (id: number) => void;
}) {
  const t = useTexts(instanceTexts);
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  return (
    <nav className="node-list column" aria-label={t.nodes}>
      <div className="node-list-head">
        <h2 className="medium">{t.nodes}</h2>
        <span className="muted">{nodes.length}</span>
      </div>
      {nodes.length > FEW && (
        <div className="node-list-find">
          <SearchField value={search} onChange={setSearch} placeholder={t.findNode} />
        </div>
      )}
      <ul>
        {nodes
          .filter((node) => node.name.toLowerCase().includes(wanted))
          .map((node) => (
            <li key={node.id}>
              <button
                type="button"
                aria-current={node.id === current ? "true" : undefined}
                onClick={() => onChoose(node.id)}
              >
                {node.status && <Glyph status={statusOf(node.status, { paused: node.paused })} />}
                <Name className="grow">{node.name}</Name>
                {node.note !== undefined && <span className="muted t-12">{node.note}</span>}
              </button>
            </li>
          ))}
      </ul>
    </nav>
  );
}
