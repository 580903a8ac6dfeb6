import { lazy, Suspense } from "react";
import { useOpenOperation } from "./open";

const OperationPanel = lazy(() => import("./OperationPanel"));

/** Shows the panel of the operation that a page opened; the panel is loaded when the first one is. */
export function OperationHost() {
  const request = useOpenOperation();
  return (
    request && (
      <Suspense fallback={null}>
        <OperationPanel key={request.id} request={request} />
      </Suspense>
    )
  );
}
