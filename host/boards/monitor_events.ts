// What is told of a board that is watched. One object a line with `ftte monitor --json`; docs/monitor.md lists them.

import type { ErrorName } from "../errors.ts";
import type { stateText } from "./identity.ts";
import type { LogLevelName } from "./log_text.ts";
import type { PanicReport } from "./panic_text.ts";

export type MonitorEvent = { board: string; name: string; time: string } & (
  | { type: "online"; address: string; boardClass: string; firmware: string; build: number; samples: number }
  | { type: "offline"; code: ErrorName; text: string }
  | { type: "restarted"; reason: string; resets: number }
  /** `ms` since the board's start; `time` is that, by this machine's clock. `code` is stable, a to c its arguments. */
  | { type: "log"; ms: number; level: LogLevelName; code: string; text: string; a: number; b: number; c: number }
  | { type: "lost"; count: number }
  | ({ type: "panic" } & PanicReport)
  | {
      type: "progress";
      state: ReturnType<typeof stateText>;
      run: number;
      task: number;
      step: number;
      steps: number;
      loss: number;
      battery: number | null;
    }
  /** An autoencoder's newest sample; no threshold yet: it still learns its baseline. */
  | { type: "score"; score: number; mean: number; threshold: number | null; unusual: number }
  | { type: "notice"; text: string }
);

type WithoutHead<T> = T extends MonitorEvent ? Omit<T, "board" | "name" | "time"> : never;
/** An event without whom and when it is of. */
export type BareMonitorEvent = WithoutHead<MonitorEvent>;
