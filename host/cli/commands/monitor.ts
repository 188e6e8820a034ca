// `ftte monitor`: what boards say of themselves, live: their log, panics, progress and scores.

import { BoardMonitor } from "../../boards/board_monitor.ts";
import { type FindOptions, type FoundBoard, findBoard } from "../../boards/find.ts";
import type { LogLevelName } from "../../boards/log_text.ts";
import type { MonitorEvent } from "../../boards/monitor_events.ts";
import { KnownBoards } from "../../boards/names.ts";
import { FtteError } from "../../errors.ts";
import { openPipe } from "../../link/open.ts";
import { everyPort } from "../every_port.ts";
import { MonitorOutput } from "../monitor_output.ts";
import { interruptible, say, sayJson } from "../output.ts";
import { table } from "../view/text.ts";

export interface MonitorCommandOptions {
  config: string;
  level: LogLevelName;
  filter?: string;
  save?: string;
  seconds?: number;
  json?: boolean;
}

/** How many of its events each board has told, for the result. */
class Tally {
  private readonly counts: Map<string, { log: number; lost: number; panics: number; restarts: number }>;

  constructor(private readonly boards: readonly FoundBoard[]) {
    this.counts = new Map(boards.map(({ chipId }) => [chipId, { log: 0, lost: 0, panics: 0, restarts: 0 }]));
  }

  take(event: MonitorEvent): void {
    const count = this.counts.get(event.board)!;
    if (event.type === "log") count.log++;
    if (event.type === "lost") count.lost += event.count;
    if (event.type === "panic") count.panics++;
    if (event.type === "restarted") count.restarts++;
  }

  result(): object[] {
    return this.boards.map(({ chipId, name, address }) => ({ chipId, name, address, ...this.counts.get(chipId)! }));
  }

  text(): string {
    const rows = this.boards.map(({ chipId, name }) => [name, ...Object.values(this.counts.get(chipId)!).map(String)]);
    return table(["board", "log entries", "lost", "panics", "restarts"], rows);
  }
}

/** Each board once, however often and by whatever it was named. @throws FtteError as findBoard does */
async function boardsOf(texts: readonly string[], finding: FindOptions): Promise<FoundBoard[]> {
  const found = new Map<string, FoundBoard>();
  for (const text of texts) {
    const board = await findBoard(text, finding).catch((error) => Promise.reject(busyBy(error)));
    found.set(board.chipId, board);
  }
  return [...found.values()];
}

/** A port has one user, and that is often a run of ours. */
function busyBy(error: unknown): unknown {
  if (!(error instanceof FtteError) || error.code !== "port-busy") return error;
  const why = "a training run holds the ports of its boards, and shows them itself; end it to watch them here";
  return new FtteError("port-busy", `${error.message}\n${why}`, { cause: error });
}

/** Ends at Ctrl-C, which is how it is meant to end, or after `seconds`. @throws FtteError of a board that cannot be found at the beginning */
export async function monitor(texts: string[], options: MonitorCommandOptions): Promise<void> {
  const known = KnownBoards.read();
  const finding = { known, ports: () => everyPort(options.config, known) };
  const boards = await boardsOf(texts, finding);
  const output = new MonitorOutput({ ...options, boards: new Map(boards.map(({ chipId, name }) => [chipId, name])) });
  const tally = new Tally(boards);
  const { signal, stop } = interruptible();
  const failed = new AbortController();
  const timed = options.seconds === undefined ? [] : [AbortSignal.timeout(1000 * options.seconds)];
  const ends = AbortSignal.any([signal, failed.signal, ...timed]);
  // Called while bytes are received, where nobody could catch an error.
  const emit = (event: MonitorEvent) => {
    tally.take(event);
    try {
      if (!failed.signal.aborted) output.on(event);
    } catch (error) {
      failed.abort(error);
    }
  };
  const find = (chipId: string) => findBoard(chipId, finding);
  const { level } = options;
  try {
    const monitors = boards.map((board) => new BoardMonitor(board, { level, open: openPipe, find, emit }));
    await Promise.all(monitors.map((watched) => watched.run(ends)));
    if (failed.signal.aborted) throw failed.signal.reason;
  } finally {
    output.close();
    stop();
  }
  if (options.json) sayJson({ type: "result", boards: tally.result() });
  else say(false, `\n${tally.text()}`);
}
