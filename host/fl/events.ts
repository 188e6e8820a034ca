// What a run tells whoever watches it: one line of NDJSON each with --json. Times are seconds since the run (or its resumption) began.

import type { Progress } from "../wire/spec.gen.ts";

export type BoardActivity = "offline" | "idle" | "sending" | "training" | "reporting" | "waiting";

export type RunEvent =
  | {
      type: "started";
      run: string;
      resumed: boolean;
      seconds: number;
      boards: { id: string; name: string; class: string }[];
      parameters: number;
    }
  | { type: "board"; seconds: number; board: string; activity: BoardActivity; note?: string }
  | {
      type: "progress";
      seconds: number;
      board: string;
      step: number;
      steps: number;
      loss: number;
      battery: number;
      bytesPerSecond: number;
    }
  | {
      type: "update";
      seconds: number;
      board: string;
      outcome: "folded" | "rejected" | "duplicate";
      staleness: number;
      reason?: string; // of a folded one: why it was left out, with no weight
    }
  /** An order ended: its update is durable, or nothing comes of it. `began`: when what brought it about had ended, or the run began. */
  | { type: "order"; seconds: number; board: string; task: number; began: number; outcome: "update" | "nothing" }
  | { type: "version"; seconds: number; version: number }
  | { type: "evaluation"; seconds: number; version: number; accuracy: number; loss: number }
  | { type: "notice"; seconds: number; text: string }
  | { type: "traffic"; seconds: number; up: number; down: number };

/** Tells the listener, with the time. */
export class Teller {
  constructor(
    private readonly listener: (event: RunEvent) => void,
    private readonly clock: () => number,
  ) {}

  notice(text: string): void {
    this.listener({ type: "notice", seconds: this.clock(), text });
  }

  board(board: string, activity: BoardActivity, note?: string): void {
    const event = { type: "board", seconds: this.clock(), board, activity } as const;
    this.listener(note ? { ...event, note } : event);
  }

  progress(board: string, { step, steps, loss, battery }: Progress, bytesPerSecond: number): void {
    const seconds = this.clock();
    this.listener({ type: "progress", seconds, board, step, steps, loss, battery, bytesPerSecond });
  }

  update(board: string, outcome: "folded" | "rejected" | "duplicate", staleness: number, reason?: string): void {
    const event = { type: "update", seconds: this.clock(), board, outcome, staleness } as const;
    this.listener(reason === undefined ? event : { ...event, reason });
  }

  order(order: Omit<Extract<RunEvent, { type: "order" }>, "type">): void {
    this.listener({ type: "order", ...order });
  }

  version(version: number): void {
    this.listener({ type: "version", seconds: this.clock(), version });
  }
}
