import { useQuery } from "@tanstack/react-query";
import { Ellipsis } from "lucide-react";
import { type ComponentProps, useState } from "react";
import { api } from "../api/client";
import { keys } from "../api/keys";
import { useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { IconButton } from "../ui/Button";
import { Menu } from "../ui/Menu";
import { OnUse, type Use } from "../ui/OnUse";
import { instanceMenu, type MenuOf } from "./menu";
import { instanceTexts } from "./texts";

/** The 'more' menu of an instance. What the server does not offer is greyed, with the reason, as soon as it is open. */
export function MoreButton(of: Omit<MenuOf, "offers">) {
  const t = useTexts(instanceTexts);
  const button = (use?: Use) => (
    <IconButton icon={Ellipsis} size="small" label={t.more} aria-haspopup="menu" autoFocus={use === "focus"} />
  );
  return (
    <OnUse of={of.instance} quiet={button()}>
      {(use) => <More key={of.instance} {...of} trigger={button(use)} opened={use === "click"} />}
    </OnUse>
  );
}

type Trigger = ComponentProps<typeof Menu>["trigger"];

function More({ trigger, opened, ...of }: Omit<MenuOf, "offers"> & { trigger: Trigger; opened: boolean }) {
  const language = useLanguage();
  const [open, setOpen] = useState(opened);
  const { data } = useQuery({
    queryKey: keys.instance(of.instance, "offers"),
    queryFn: ({ signal }) => api.get("/instances/{id}/offers", { path: { id: of.instance }, signal }),
    enabled: open,
    staleTime: 0,
  });
  return (
    <Menu
      open={open}
      onOpenChange={setOpen}
      trigger={trigger}
      side="left"
      align="start"
      entries={() => instanceMenu({ ...of, offers: data?.operations }, language)}
    />
  );
}
