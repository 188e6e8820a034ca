// A recorded run (`ftte train --json`) as a Schedule: each board's orders take as long as they took there, in turn, and its times out of
// reach are those of the recording. What is played back is time alone; what boards train, and what becomes of it, is the simulation's.

import { FtteError } from "../errors.ts";
import type { RunEvent } from "../fl/events.ts";
import type { Schedule } from "../fl/schedule.ts";

/** Seconds count from the recording's first order. */
export interface RecordedBoard {
  class: string;
  /** In the order in which they ended. `isLost`: nothing came of it. */
  orders: { seconds: number; isLost: boolean }[];
  /** Out of reach, in the order of time. */
  away: { from: number; to: number }[];
}

export interface Recording {
  seconds: number;
  /** Those that ended an order. */
  boards: RecordedBoard[];
}

/**
 * @param text NDJSON; of several runs the last one counts
 * @param file for messages
 * @throws FtteError "data-invalid" when no run is recorded in it
 */
export function readRecording(text: string, file: string): Recording {
  const events = text.split("\n").flatMap((line) => parsed(line, file));
  const run = events.slice(Math.max(0, events.map(({ type }) => type).lastIndexOf("started")));
  const [started] = run;
  const orders = run.filter((event) => event.type === "order");
  if (started?.type !== "started" || orders.length === 0)
    throw new FtteError("data-invalid", `${file} holds no recorded run whose boards ended orders; ${advice}`);
  const begin = orders.reduce((least, { began }) => Math.min(least, began), Number.POSITIVE_INFINITY);
  const seconds = run.reduce((most, event) => Math.max(most, event.seconds ?? 0), 0) - begin;
  const boards = started.boards.map(({ id, class: label }): RecordedBoard => {
    const own = orders.filter(({ board }) => board === id);
    return {
      class: label,
      orders: own.map((o) => ({ seconds: o.seconds - o.began, isLost: o.outcome === "nothing" })),
      away: timesAway(run, id, seconds + begin).map(({ from, to }) => ({ from: from - begin, to: to - begin })),
    };
  });
  return { seconds, boards: boards.filter(({ orders: own }) => own.length > 0) };
}

const advice = "record one with: ftte train --json > run.ndjson";

/** A recording's last line may be cut off, and what has no time is no event of a run. */
function parsed(line: string, file: string): RunEvent[] {
  if (line.trim() === "") return [];
  try {
    const event = JSON.parse(line) as RunEvent | null;
    return typeof event?.seconds === "number" && typeof event.type === "string" ? [event] : [];
  } catch (cause) {
    if (line.startsWith('{"type":')) return [];
    throw new FtteError("data-invalid", `${file} is no recorded run: "${line.slice(0, 40)}" is not JSON; ${advice}`, {
      cause,
    });
  }
}

/** When the board was offline, until it was heard of again or the recording ended. */
function timesAway(run: readonly RunEvent[], id: string, end: number): RecordedBoard["away"] {
  const away: RecordedBoard["away"] = [];
  for (const event of run) {
    if (event.type !== "board" || event.board !== id) continue;
    const open = away.at(-1)?.to === end ? away.at(-1) : undefined;
    if (event.activity === "offline") open ?? away.push({ from: event.seconds, to: end });
    else if (open) open.to = event.seconds;
  }
  return away;
}

/**
 * The k-th board of a class plays the k-th recorded one of that class; where there are fewer recorded ones, and where a board gets more
 * orders than were recorded, the first follows the last, and the times out of reach come again with the recording's length.
 * @param classes of the boards, in the order of the fleet
 * @throws FtteError "data-invalid" when a class was not recorded
 */
export function traceSchedule(recording: Recording, classes: readonly string[]): Schedule {
  const boards = casting(recording, classes);
  const order = (index: number, task: number) => boards[index]!.orders[(task - 1) % boards[index]!.orders.length]!;
  const reachable = (index: number, now: number) => backFrom(boards[index]!.away, recording.seconds, now);
  return {
    finish({ index, task }, now) {
      const { seconds, isLost } = order(index, task);
      return isLost ? now + seconds : reachable(index, now + seconds);
    },
    isLost: ({ index, task }) => order(index, task).isLost,
    reachable,
  };
}

function casting({ boards }: Recording, classes: readonly string[]): RecordedBoard[] {
  const taken = new Map<string, number>();
  return classes.map((label) => {
    const own = boards.filter((board) => board.class === label);
    const number = taken.get(label) ?? 0;
    taken.set(label, number + 1);
    if (own.length > 0) return own[number % own.length]!;
    const known = [...new Set(boards.map((board) => board.class))].join(", ");
    throw new FtteError(
      "data-invalid",
      `the recording has no board of class ${label} that ended an order, only of ${known}`,
    );
  });
}

function backFrom(away: RecordedBoard["away"], period: number, now: number): number {
  const base = Math.floor(now / period) * period;
  const time = away.find(({ from, to }) => base + from <= now && now < base + to);
  return time ? base + time.to : now;
}
