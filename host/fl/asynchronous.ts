// What strategies without rounds have in common: so many boards are at work at once, whatever they start from, and nobody is waited for.

import type { FleetFacts, Strategy } from "./strategy.ts";

export interface AsynchronousOptions {
  /** Boards at work at once; by default all. */
  concurrency?: number;
  /** Versions after which an order is given up; by default never. */
  maxStaleness?: number;
  /** Where more boards are there than may work. orders: they take part equally often; time: for about as long, so that fast ones do more. */
  turns?: "orders" | "time";
}

/**
 * Who gets work, and until when. An order lasts for concurrency / K versions on average: while it does, every board at work has one on
 * average (Little's law).
 * @param k updates that make a server step
 */
export function asynchronous(
  options: AsynchronousOptions,
  k: number,
): Pick<Strategy, "inRounds" | "maxStaleness" | "turn" | "wanted"> {
  const { concurrency = Number.POSITIVE_INFINITY, maxStaleness = Number.POSITIVE_INFINITY } = options;
  return {
    inRounds: false,
    maxStaleness,
    turn: options.turns === "time" && Number.isFinite(concurrency) ? concurrency / k : 0,
    wanted: ({ busy }: FleetFacts) => Math.max(0, concurrency - busy),
  };
}
