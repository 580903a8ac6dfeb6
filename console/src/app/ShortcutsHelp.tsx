import { useTexts } from "../texts/texts";
import { Keys } from "../ui/pieces";
import { Dialog } from "../ui/Sheet";
import { useAllShortcuts } from "./shortcuts";
import { appTexts } from "./texts";

/** Every key that does something at the moment, by where it belongs. */
export function ShortcutsHelp({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useTexts(appTexts);
  const groups = useAllShortcuts();
  return (
    <Dialog open={open} onClose={onClose} title={t.shortcuts} close={t.close} width={560}>
      <div className="shortcuts">
        {groups.map((group) => (
          <section key={group.id}>
            <h3 className="section">{group.title}</h3>
            <dl>
              {group.shown.map((shortcut) => (
                <div key={shortcut.keys}>
                  <dt>{shortcut.label}</dt>
                  <dd>
                    <Keys of={shortcut.keys.replaceAll("+", " ")} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
