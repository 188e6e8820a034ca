// The live view of a run in a terminal: one screenful, redrawn in place by log-update. `render` is pure.

import { createLogUpdate } from "log-update";
import type { RunEvent } from "../../fl/events.ts";
import { drawCurve } from "./curve.ts";
import { type BoardView, emptyView, lastAccuracy, type RunView, reduce } from "./state.ts";
import { bar, bytes, minutes, percent } from "./text.ts";

const marks = { offline: "✗", idle: "·", sending: "↓", training: "▶", reporting: "↑", waiting: "…" } as const;

function boardLine(board: BoardView): string {
  const battery = board.battery > 100 ? "  – " : `${String(board.battery).padStart(3)}%`;
  const rate = board.bytesPerSecond ? `${bytes(board.bytesPerSecond)}/s` : "";
  return [
    `  ${marks[board.activity]} ${board.name.padEnd(10)}`,
    board.class.padEnd(13),
    board.activity.padEnd(9),
    bar(board.progress, 12),
    battery,
    `τ ${String(board.staleness).padStart(2)}`,
    `${String(board.updates).padStart(3)} upd`,
    rate.padStart(10),
    board.note,
  ]
    .join(" ")
    .trimEnd();
}

/** The screen as text, at most `columns` wide. */
export function render(view: RunView, columns: number): string {
  const accuracy = lastAccuracy(view);
  const { folded, rejected, duplicates } = view.updates;
  const lines = [
    `ftte run ${view.run}   ${minutes(view.seconds)}   model version ${view.version}   accuracy ${accuracy === undefined ? "–" : percent(accuracy)}`,
    `updates: ${folded} folded, ${rejected} rejected, ${duplicates} repeated   bytes: ${bytes(view.bytes.up)} up, ${bytes(view.bytes.down)} down`,
    "",
    ...[...view.boards.values()].slice(0, 24).map(boardLine),
    ...(view.boards.size > 24 ? [`  … and ${view.boards.size - 24} more boards`] : []),
    "",
    ...drawCurve(view.curve, Math.min(60, columns - 12), 7),
    ...view.notices.slice(-4).map((n) => `  ${minutes(n.seconds)} ${n.text}`),
  ];
  return lines.map((line) => [...line].slice(0, columns - 1).join("")).join("\n");
}

/** Draws at most ten times a second; the last state is drawn by close(). */
export function liveView(stream: NodeJS.WriteStream): { on(event: RunEvent): void; close(): void } {
  const view = emptyView();
  const update = createLogUpdate(stream, { showCursor: false });
  const draw = () => update(render(view, stream.columns ?? 100));
  const timer = setInterval(draw, 100);
  return {
    on: (event) => reduce(view, event),
    close() {
      clearInterval(timer);
      draw();
      update.done();
    },
  };
}
