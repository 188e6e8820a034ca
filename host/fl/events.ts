// What a run tells whoever watches it: one line of NDJSON each with --json. Times are seconds since the run (or its resumption) began.

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
      reason?: string;
    }
  | { type: "version"; seconds: number; version: number }
  | { type: "evaluation"; seconds: number; version: number; accuracy: number; loss: number }
  | { type: "notice"; seconds: number; text: string }
  | { type: "traffic"; seconds: number; up: number; down: number };
