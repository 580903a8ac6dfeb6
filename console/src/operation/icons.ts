import { ArrowRight, Check, Flag, type LucideIcon, Pause, Play, RotateCw, Square, Unlink, Zap } from "lucide-react";
import type { OperationName } from "./open";

/** The sign of an operation, the same wherever it is offered. */
export const OPERATION_ICONS: Readonly<Record<OperationName, LucideIcon>> = {
  RERUN: RotateCw,
  RERUN_DOWNSTREAM: ArrowRight,
  SET_SUCCESS: Check,
  STOP: Square,
  FORCE_RERUN_CURRENT: Zap,
  FORCE_RERUN_DOWNSTREAM: Zap,
  REMOVE_UPSTREAM: Unlink,
  PAUSE: Pause,
  RESUME: Play,
  MODIFY_PRIORITY: Flag,
  RERUN_ALL_FAILED: RotateCw,
  RERUN_ALL_FINAL: RotateCw,
  FORCE_RERUN_ALL: Zap,
};
