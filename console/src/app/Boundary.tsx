import { TriangleAlert } from "lucide-react";
import { Component, type ReactNode } from "react";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Empty } from "../ui/pieces";
import { appTexts } from "./texts";

/** Catches a page that fails while it draws, so that the frame around it stays. `at`: another place clears it. */
export class Boundary extends Component<{ at: string; children: ReactNode }, { failed: boolean; at: string }> {
  override state = { failed: false, at: this.props.at };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  static getDerivedStateFromProps(props: { at: string }, state: { failed: boolean; at: string }) {
    return props.at === state.at ? null : { failed: false, at: props.at };
  }

  override render() {
    return this.state.failed ? <Broken /> : this.props.children;
  }
}

function Broken() {
  const t = useTexts(appTexts);
  return (
    <Empty
      icon={TriangleAlert}
      title={t.broken}
      action={<Button onClick={() => window.location.reload()}>{t.reload}</Button>}
    >
      {t.brokenNote}
    </Empty>
  );
}
