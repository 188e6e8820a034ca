// Virtual time: how long orders take in a run whose outcome may not hang on the real time. Pure functions of their arguments, so that the
// same seed gives the same run, also through kills. host/sim/clients.ts models whole populations behind the same contract.

import { keyed } from "./keyed.ts";

/** An order as a schedule sees it. */
export interface OrderFacts {
  board: string; // its name
  index: number; // of the board in the fleet
  speed: number; // share of full speed
  class: string;
  task: number;
  steps: number;
  bytesDown: number; // to the board, with framing
  bytesUp: number;
}

export interface Schedule {
  /** When the order ends, if it is given at `now`; both in seconds of virtual time. */
  finish(order: OrderFacts, now: number): number;
  /** True when nothing comes of the order: the board died, or its update was lost for good. It still ends at `finish`, when the host gives it up. */
  isLost(order: Pick<OrderFacts, "board" | "index" | "task">): boolean;
  /** First moment from `now` on at which the board takes an order. */
  reachable(index: number, now: number): number;
}

/** A board at full speed takes between 0.75 and 1.25 for an order; all can be reached at all times and nothing is lost. */
export function evenSchedule(seed: number): Schedule {
  return {
    finish: ({ board, task, speed }, now) => now + (0.75 + 0.5 * keyed("duration", seed, board, task)) / speed,
    isLost: () => false,
    reachable: (_index, now) => now,
  };
}
