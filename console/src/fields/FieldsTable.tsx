import { FileText, GitFork, KeyRound } from "lucide-react";
import { useCallback, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { Lasting } from "../app/Lasting";
import { useZone } from "../app/session";
import { useShortcuts } from "../app/shortcuts";
import { inEnvironment, useEnvironment } from "../app/url";
import { instancePath } from "../instance/InstanceFrame";
import type { Instance } from "../instance/useInstance";
import { Glyph } from "../status/Glyph";
import { statusOf } from "../status/status";
import { NONE, runDay, timeOn } from "../texts/format";
import { useTexts } from "../texts/texts";
import { IconButton } from "../ui/Button";
import { Checkbox } from "../ui/Choice";
import { classes } from "../ui/classes";
import { Icon } from "../ui/Icon";
import { Name } from "../ui/pieces";
import { type Column, Table } from "../ui/Table";
import { Tooltip } from "../ui/Tooltip";
import { FieldName } from "./FieldName";
import { FieldOperations } from "./FieldOperations";
import { FieldStatus } from "./FieldStatus";
import { chosenAfter, type Field, isKey, matrixCell, type Node, withoutCommon } from "./fields";
import { fieldTexts } from "./texts";

/** Fields as rows; with `matrix` a column for each node, in which a glyph says that the node computes the field. */
export function FieldsTable({
  instance,
  matrix,
  fields,
  nodes,
  chosen,
  onChosen,
  empty,
}: {
  instance: Instance;
  matrix: boolean;
  fields: readonly Field[];
  nodes: readonly Node[];
  chosen: ReadonlySet<string>;
  onChosen: (chosen: ReadonlySet<string>) => void;
  empty: React.ReactNode;
}) {
  const t = useTexts(fieldTexts);
  const zone = useZone();
  const environment = useEnvironment();
  const [, navigate] = useLocation();
  const [current, setCurrent] = useState(-1);
  const last = useRef<string | null>(null);
  const day = runDay(instance.line.bizdate);
  const id = instance.line.id;

  const choose = useCallback(
    (name: string, range: boolean) => {
      const names = fields.filter((field) => !isKey(field)).map((field) => field.name);
      onChosen(chosenAfter(chosen, names, name, last.current, range));
      last.current = name;
    },
    [fields, chosen, onChosen],
  );

  const columns = useMemo(() => {
    const to = (field: Field, tab: "lineage" | "log") => {
      const query: Record<string, string> = {};
      if (tab === "lineage") query.field = field.name;
      else if (field.nodes[0]) query.node = String(field.nodes[0].id);
      navigate(inEnvironment(instancePath(id, tab, query), environment));
    };
    const selectable = fields.filter((field) => !isKey(field));
    const some = selectable.some((field) => chosen.has(field.name));
    const every = selectable.length > 0 && selectable.every((field) => chosen.has(field.name));
    const found: Column<Field>[] = [
      {
        key: "select",
        pin: "left",
        width: 40,
        head: (
          <Checkbox
            aria-label={t.selectAll}
            checked={every}
            indeterminate={some && !every}
            onChange={(on) => onChosen(new Set(on ? selectable.map((field) => field.name) : []))}
          />
        ),
        cell: (field) =>
          !isKey(field) && (
            <Checkbox
              aria-label={t.select(field.name)}
              checked={chosen.has(field.name)}
              onChange={() => {}}
              onClick={(event) => {
                event.stopPropagation();
                choose(field.name, event.shiftKey);
              }}
            />
          ),
      },
      {
        key: "name",
        pin: "left",
        width: matrix ? 184 : 190,
        head: t.field,
        cell: (field) => <FieldName field={field} />,
      },
    ];
    if (fields.some((field) => field.label) && !(matrix && nodes.length > 3))
      found.push({
        key: "label",
        width: matrix ? 88 : 96,
        head: t.label,
        cell: (field) => (
          <span title={field.label} className={field.label ? undefined : "muted"}>
            {field.label || NONE}
          </span>
        ),
      });
    found.push({
      key: "type",
      width: 80,
      head: t.type,
      cell: (field) => (
        <span className="muted" title={field.type}>
          {field.type}
        </span>
      ),
    });
    if (!matrix)
      found.push({
        key: "kind",
        width: 136,
        head: t.kind,
        cell: (field) => (t.kinds as Record<string, string>)[field.kind] ?? field.kind,
      });
    found.push({
      key: "status",
      width: matrix ? 132 : 164,
      head: t.status,
      cell: (field) => <FieldStatus field={field} />,
    });
    const heads = withoutCommon(nodes.map((node) => node.name));
    if (matrix) found.push(...nodes.map((node, at) => nodeColumn(node, nodes, at, heads[at] ?? node.name)));
    else
      found.push({
        key: "nodes",
        width: 140,
        head: t.nodes,
        cell: (field) => {
          const names = field.nodes.map((node) => node.name).join(", ");
          if (isKey(field) || !names) return <span className="muted">{NONE}</span>;
          // One name keeps its end, which tells nodes apart; of several the first are to be seen.
          return field.nodes.length > 1 ? <span title={names}>{names}</span> : <Name>{names}</Name>;
        },
      });
    found.push(
      {
        key: "start",
        width: 108,
        align: "right",
        head: t.start,
        cell: (field) => timeOn(field.started_at, zone, day),
      },
      { key: "end", width: 108, align: "right", head: t.end, cell: (field) => timeOn(field.ended_at, zone, day) },
      { key: "duration", width: 72, align: "right", head: t.duration, cell: (field) => <Lasting of={field} /> },
      {
        key: "operations",
        pin: "right",
        width: 128,
        head: t.operations,
        cell: (field) =>
          isKey(field) ? null : (
            <span className="field-operations">
              <IconButton icon={GitFork} size="small" label={t.production} onClick={() => to(field, "lineage")} />
              <IconButton icon={FileText} size="small" label={t.log} onClick={() => to(field, "log")} />
              <FieldOperations instance={id} field={field} />
            </span>
          ),
      },
    );
    return found;
  }, [t, zone, environment, navigate, day, id, fields, nodes, chosen, onChosen, choose, matrix]);

  const here = fields[current];
  useShortcuts(t.fields, [
    { keys: "j", label: t.keys.next, run: () => setCurrent(Math.min(fields.length - 1, current + 1)) },
    { keys: "k", label: t.keys.previous, run: () => setCurrent(Math.max(0, current - 1)) },
    { keys: "x", label: t.keys.select, run: () => here && !isKey(here) && choose(here.name, false) },
    { keys: "Shift+x", label: t.keys.range, run: () => here && !isKey(here) && choose(here.name, true) },
  ]);
  return (
    <div className={classes("column grow", matrix && "matrix")}>
      <Table
        label={t.fields}
        columns={columns}
        count={fields.length}
        rowAt={(index) => fields[index]}
        keyOf={(field) => field.name}
        grow="name"
        selected={(field) => chosen.has(field.name)}
        current={current}
        onCurrent={setCurrent}
        onOpen={(field) =>
          !isKey(field) && navigate(inEnvironment(instancePath(id, "lineage", { field: field.name }), environment))
        }
        empty={empty}
      />
    </div>
  );
}

function nodeColumn(node: Node, nodes: readonly Node[], at: number, head: string): Column<Field> {
  const status = statusOf(node.status, { paused: node.paused });
  return {
    key: `node-${node.id}`,
    width: 104,
    className: "matrix-cell",
    head: (
      <Tooltip content={node.label}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: its whole name is told on focus */}
        <span className="matrix-node" tabIndex={0}>
          <span>
            <Glyph status={status} size={12} />
            <Name>{head}</Name>
          </span>
          <small>
            <Lasting of={node} />
          </small>
        </span>
      </Tooltip>
    ),
    cell: (field) => {
      const cell = matrixCell(field, nodes, at);
      return (
        <span className={classes("matrix-place", cell.left && "left", cell.right && "right")}>
          {cell.node === undefined ? (
            <i />
          ) : isKey(field) ? (
            <Icon of={KeyRound} size={12} />
          ) : (
            <Glyph status={statusOf(cell.node.status, { paused: cell.node.paused })} />
          )}
        </span>
      );
    },
  };
}
