// Boards being flashed or updated: a line each, redrawn in place, for a terminal; a line at each stage for a log; NDJSON. `flashLines` is pure.

import { createLogUpdate } from "log-update";
import type { FlashStage } from "../../flash/method.ts";
import { bar, bytes, percent } from "./text.ts";
import { coloured } from "./tone.ts";

export interface FlashEvent {
  type: "flash" | "update";
  board: string;
  stage: FlashStage | UpdateStage | "starting" | "done" | "failed";
  /** Bytes of the stage; a total of 0: not known. */
  done: number;
  total: number;
  /** What a person should know besides. */
  text?: string;
}

/** Of an update over the air: over_the_air.ts. */
export type UpdateStage = "sending" | "restarting" | "confirming";

export interface FlashOutput {
  on(event: FlashEvent): void;
  close(): void;
}

const stageText: Record<FlashEvent["stage"], string> = {
  connecting: "connecting",
  erasing: "erasing",
  writing: "writing",
  verifying: "verifying",
  restarting: "restarting",
  sending: "sending",
  confirming: "confirming",
  starting: "waits for its hello",
  done: "▶ done",
  failed: "✗ failed",
};

function progressText({ done, total }: FlashEvent): string {
  return total > 0 ? `${bar(done / total, 16)} ${percent(done / total, 0).padStart(5)} of ${bytes(total)}` : "";
}

/** The screen as text, at most `width` columns wide: the newest event of each board. */
export function flashLines(events: readonly FlashEvent[], width: number): string {
  const names = Math.max(...events.map(({ board }) => board.length));
  const stages = Math.max(...events.map(({ stage }) => stageText[stage].length));
  return events
    .map((event) => {
      const line = ` ${event.board.padEnd(names)}  ${stageText[event.stage].padEnd(stages)}  ${event.text ?? progressText(event)}`;
      return [...line.trimEnd()].slice(0, width - 1).join("");
    })
    .join("\n");
}

function live(stream: NodeJS.WriteStream): FlashOutput {
  const update = createLogUpdate(stream, { showCursor: false });
  const newest = new Map<string, FlashEvent>();
  const draw = () => {
    if (newest.size === 0) return;
    const text = flashLines([...newest.values()], stream.columns ?? 100);
    update(stream.hasColors() ? coloured(text) : text);
  };
  const timer = setInterval(draw, 100);
  return {
    on: (event) => newest.set(event.board, event),
    close() {
      clearInterval(timer);
      draw();
      update.done();
    },
  };
}

function plain(write: (line: string) => void): FlashOutput {
  return {
    on: ({ board, stage, total, text }) =>
      write(`${board}: ${[stageText[stage], total > 0 ? bytes(total) : "", text ?? ""].filter(Boolean).join(", ")}`),
    close() {},
  };
}

/** Calls `on` when a board's stage changed, and every tenth of a stage. */
function steps(on: (event: FlashEvent, isNewStage: boolean) => void): (event: FlashEvent) => void {
  const seen = new Map<string, { stage: string; tenth: number }>();
  return (event) => {
    const tenth = event.total > 0 ? Math.floor((10 * event.done) / event.total) : 0;
    const before = seen.get(event.board);
    const isNewStage = before?.stage !== event.stage;
    if (!isNewStage && before?.tenth === tenth) return;
    seen.set(event.board, { stage: event.stage, tenth });
    on(event, isNewStage);
  };
}

/** @param json where each step of NDJSON goes, when it is asked for */
export function flashOutput(people: NodeJS.WriteStream, json: ((event: FlashEvent) => void) | undefined): FlashOutput {
  const view = people.isTTY ? live(people) : plain((line) => people.write(`${line}\n`));
  const on = steps((event, isNewStage) => {
    json?.(event);
    if (isNewStage && !people.isTTY) view.on(event);
  });
  return {
    on(event) {
      on(event);
      if (people.isTTY) view.on(event);
    },
    close: () => view.close(),
  };
}
