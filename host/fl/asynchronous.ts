// What strategies without rounds have in common: so many boards are at work at once, whatever they start from, and nobody is waited for.

import type { FleetFacts, Strategy } from "./strategy.ts";

export interface AsynchronousOptions {
  /** Boards at work at once; by default all. */
  concurrency?: number;
  /** Versions after which an order is given up; by default never. */
  maxStaleness?: number;
}

/** Who gets work, and until when. */
export function asynchronous(options: AsynchronousOptions): Pick<Strategy, "inRounds" | "maxStaleness" | "wanted"> {
  const { concurrency = Number.POSITIVE_INFINITY, maxStaleness = Number.POSITIVE_INFINITY } = options;
  return {
    inRounds: false,
    maxStaleness,
    wanted: ({ busy }: FleetFacts) => Math.max(0, concurrency - busy),
  };
}
