import { type ComponentPropsWithRef, type ReactNode, useId } from "react";
import { Tooltip } from "./Tooltip";

interface ChoiceProps
  extends Omit<ComponentPropsWithRef<"input">, "type" | "onChange" | "checked" | "disabled" | "children"> {
  checked: boolean;
  onChange: (checked: boolean) => void;
  /** Why it cannot be changed. It stays focusable and says this. */
  reason?: string;
  /** What stands beside it; without it `aria-label` must name it. */
  children?: ReactNode;
  /** A line of explanation below the label. */
  note?: ReactNode;
}

/** `indeterminate`: some of what it stands for is chosen. */
export function Checkbox({ indeterminate = false, ...props }: ChoiceProps & { indeterminate?: boolean }) {
  return <Input type="checkbox" look="box" mixed={indeterminate} {...props} />;
}

export function Radio(props: ChoiceProps & { name: string }) {
  return <Input type="radio" look="dot" {...props} />;
}

export function Switch(props: ChoiceProps) {
  return <Input type="checkbox" look="switch" role="switch" {...props} />;
}

function Input({
  type,
  look,
  mixed,
  checked,
  onChange,
  reason,
  children,
  note,
  ...rest
}: ChoiceProps & { type: "checkbox" | "radio"; look: string; mixed?: boolean }) {
  const described = useId();
  const input = (
    <input
      {...rest}
      type={type}
      className={look}
      checked={checked}
      aria-disabled={reason ? true : undefined}
      aria-describedby={reason || note ? described : undefined}
      ref={(element) => {
        if (element) element.indeterminate = mixed === true && !checked;
      }}
      onChange={(event) => {
        if (!reason) onChange(event.target.checked);
      }}
    />
  );
  const shown = reason ? <Tooltip content={reason}>{input}</Tooltip> : input;
  if (children === undefined)
    return (
      <>
        {shown}
        {reason && (
          <span id={described} hidden>
            {reason}
          </span>
        )}
      </>
    );
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the element above
    <label className="choice">
      {shown}
      <span>
        <span>{children}</span>
        {(note || reason) && <small id={described}>{note ?? reason}</small>}
      </span>
    </label>
  );
}
