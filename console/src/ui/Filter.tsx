import { ChevronDown, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Button, IconButton } from "./Button";
import { Checkbox } from "./Choice";
import { classes } from "./classes";
import { SearchField } from "./Field";
import { Popover } from "./Floating";
import { Icon } from "./Icon";

/** A filter of a list: label muted, value in ink; its choices are in a popover. */
export function Filter({
  label,
  value,
  active,
  width = 260,
  children,
}: {
  label: string;
  value: ReactNode;
  active: boolean;
  width?: number;
  children: ReactNode | ((close: () => void) => ReactNode);
}) {
  const trigger = (
    <button type="button" className={classes("field", active && "active")}>
      {label} <b>{value}</b>
      <Icon of={ChevronDown} size={12} />
    </button>
  );
  return (
    <Popover trigger={trigger} label={label} width={width}>
      {children}
    </Popover>
  );
}

export interface FilterOption {
  value: string;
  label: ReactNode;
  /** What the search looks at; the label when it is text. */
  text?: string;
  count?: ReactNode;
}

export interface FilterWords {
  find: string;
  clear: string;
  none: string;
}

/** Several of a list, with a search when it is long. */
export function FilterChoices({
  options,
  chosen,
  onChange,
  words,
}: {
  options: readonly FilterOption[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
  words: FilterWords;
}) {
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const fitting = options.filter((option) =>
    `${option.text ?? (typeof option.label === "string" ? option.label : option.value)}`.toLowerCase().includes(wanted),
  );
  return (
    <div className="filter-choices">
      {options.length > 8 && <SearchField value={search} onChange={setSearch} placeholder={words.find} />}
      <ul>
        {fitting.map((option) => (
          <li key={option.value}>
            <Checkbox
              checked={chosen.includes(option.value)}
              onChange={(checked) =>
                onChange(checked ? [...chosen, option.value] : chosen.filter((value) => value !== option.value))
              }
            >
              {option.label}
            </Checkbox>
            {option.count !== undefined && <span className="muted t-12">{option.count}</span>}
          </li>
        ))}
        {fitting.length === 0 && <li className="muted">{words.none}</li>}
      </ul>
      {chosen.length > 0 && (
        <Button kind="ghost" size="small" onClick={() => onChange([])}>
          {words.clear}
        </Button>
      )}
    </div>
  );
}

/** A filter that was added, with a button that takes it away. */
export function AddedFilter({
  children,
  remove,
  onRemove,
}: {
  children: ReactNode;
  remove: string;
  onRemove: () => void;
}) {
  return (
    <span className="row gap-1">
      {children}
      <IconButton icon={X} size="small" label={remove} onClick={onRemove} />
    </span>
  );
}
