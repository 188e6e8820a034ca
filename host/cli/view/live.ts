// The live view of a run in a terminal: one screenful, redrawn in place by log-update. `render` is pure.

import { createLogUpdate } from "log-update";
import type { RunEvent } from "../../fl/events.ts";
import { drawCurve } from "./curve.ts";
import { type BoardView, emptyView, lastAccuracy, type RunView, reduce } from "./state.ts";
import { bar, bytes, minutes, percent } from "./text.ts";
import { coloured } from "./tone.ts";

const marks = { offline: "✗", idle: "·", sending: "↓", training: "▶", reporting: "↑", waiting: "…" } as const;

const columns = ["board", "class", "state", "task", "battery", "stale", "updates"] as const;
type Column = (typeof columns)[number];
const leastWidths: Partial<Record<Column, number>> = { state: 9, task: 12 };
const leftAligned: Column[] = ["board", "class", "state", "task"];
const linkWidth = 10;
const shownBoards = 24;

function cells(board: BoardView): Record<Column, string> {
  const trains = board.activity === "training" || board.progress > 0;
  return {
    board: board.name,
    class: board.class,
    state: board.activity,
    task: trains ? bar(board.progress, 12) : "",
    battery: board.battery > 100 ? "–" : `${board.battery} %`,
    stale: String(board.staleness),
    updates: String(board.updates),
  };
}

/** The link's rate; of a board that is offline, what happened, without port, detail and advice, for which the row has no room. */
function linkCell(board: BoardView): string {
  if (board.note) return board.note.replace(/^\/\S+: /, "").replace(/[:;].*/, "");
  return board.bytesPerSecond ? `${bytes(board.bytesPerSecond)}/s`.padStart(linkWidth) : "";
}

/** The boards under their header, with a mark in front. */
function boardLines(boards: BoardView[]): string[] {
  const rows = boards.map(cells);
  const widths = columns.map((c) => Math.max(c.length, leastWidths[c] ?? 0, ...rows.map((row) => row[c].length)));
  const line = (mark: string, row: (c: Column) => string, link: string) => {
    const padded = columns.map((c, i) =>
      leftAligned.includes(c) ? row(c).padEnd(widths[i]!) : row(c).padStart(widths[i]!),
    );
    return ` ${mark} ${padded.join("  ")}  ${link}`.trimEnd();
  };
  const header = line(" ", (c) => c, "link".padStart(linkWidth));
  return [header, ...boards.map((board, i) => line(marks[board.activity], (c) => rows[i]![c], linkCell(board)))];
}

/** The screen as text, at most `width` columns wide. */
export function render(view: RunView, width: number): string {
  const accuracy = lastAccuracy(view);
  const { folded, rejected, duplicates } = view.updates;
  const boards = [...view.boards.values()];
  const lines = [
    ` run ${view.run} · ${minutes(view.seconds)} · version ${view.version} · accuracy ${accuracy === undefined ? "–" : percent(accuracy)}`,
    ` updates: ${folded} folded, ${rejected} rejected, ${duplicates} repeated · ${bytes(view.bytes.up)} up, ${bytes(view.bytes.down)} down`,
    "",
    ...boardLines(boards.slice(0, shownBoards)),
    ...(boards.length > shownBoards ? [`   … and ${boards.length - shownBoards} more boards`] : []),
    "",
    ...drawCurve(view.curve, Math.min(72, width - 12), 7),
    "",
    ...view.notices.slice(-4).map((n) => ` ${minutes(n.seconds).padStart(5)}  ${n.text}`),
  ];
  return lines
    .map((line) =>
      [...line]
        .slice(0, width - 1)
        .join("")
        .trimEnd(),
    )
    .join("\n");
}

/** Draws at most ten times a second; the last state is drawn by close(). */
export function liveView(stream: NodeJS.WriteStream): { on(event: RunEvent): void; close(): void } {
  const view = emptyView();
  const update = createLogUpdate(stream, { showCursor: false });
  const draw = () => {
    const text = render(view, stream.columns ?? 100);
    update(stream.hasColors() ? coloured(text) : text);
  };
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
