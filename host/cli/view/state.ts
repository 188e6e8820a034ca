// What a person sees of a run, as plain data: a reducer over the run's events. No terminal and no clock here; live.ts and plain.ts
// draw it.

import type { BoardActivity, RunEvent } from "../../fl/events.ts";

export interface BoardView {
  id: string;
  name: string;
  class: string;
  activity: BoardActivity;
  progress: number;
  loss: number;
  battery: number; // 255: none
  bytesPerSecond: number;
  staleness: number; // of its last folded update
  updates: number;
  note: string;
}

export interface RunView {
  run: string;
  seconds: number;
  version: number;
  parameters: number;
  curve: { seconds: number; version: number; accuracy: number }[];
  updates: { folded: number; rejected: number; duplicates: number };
  bytes: { up: number; down: number };
  boards: Map<string, BoardView>;
  notices: { seconds: number; text: string }[];
}

export function emptyView(): RunView {
  return {
    run: "",
    seconds: 0,
    version: 0,
    parameters: 0,
    curve: [],
    updates: { folded: 0, rejected: 0, duplicates: 0 },
    bytes: { up: 0, down: 0 },
    boards: new Map(),
    notices: [],
  };
}

function boardView(board: { id: string; name: string; class: string }): BoardView {
  return {
    ...board,
    activity: "offline",
    progress: 0,
    loss: 0,
    battery: 255,
    bytesPerSecond: 0,
    staleness: 0,
    updates: 0,
    note: "",
  };
}

type Reducer<T extends RunEvent["type"]> = (view: RunView, event: Extract<RunEvent, { type: T }>) => void;

const reducers: { [T in RunEvent["type"]]: Reducer<T> } = {
  started(view, event) {
    view.run = event.run;
    view.parameters = event.parameters;
    for (const board of event.boards) view.boards.set(board.id, boardView(board));
  },
  board(view, event) {
    const board = view.boards.get(event.board);
    if (!board) return;
    board.activity = event.activity;
    board.note = event.note ?? "";
    if (event.activity !== "training") board.progress = 0;
  },
  progress(view, event) {
    const board = view.boards.get(event.board);
    if (!board) return;
    Object.assign(board, { loss: event.loss, battery: event.battery, bytesPerSecond: event.bytesPerSecond });
    board.progress = event.steps ? event.step / event.steps : 0;
  },
  update(view, event) {
    view.updates[event.outcome === "duplicate" ? "duplicates" : event.outcome]++;
    const board = view.boards.get(event.board);
    if (!board || event.outcome !== "folded") return;
    board.updates++;
    board.staleness = event.staleness;
  },
  order() {},
  version(view, event) {
    view.version = event.version;
  },
  evaluation(view, event) {
    view.curve.push({ seconds: event.seconds, version: event.version, accuracy: event.accuracy });
  },
  notice(view, event) {
    view.notices.push({ seconds: event.seconds, text: event.text });
  },
  traffic(view, event) {
    view.bytes = { up: event.up, down: event.down };
  },
};

/** Folds one event into the view, in place. */
export function reduce(view: RunView, event: RunEvent): void {
  view.seconds = Math.max(view.seconds, event.seconds);
  (reducers[event.type] as Reducer<typeof event.type>)(view, event as never);
}

export function lastAccuracy(view: RunView): number | undefined {
  return view.curve.at(-1)?.accuracy;
}
