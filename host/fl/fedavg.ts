// Federated averaging (McMahan et al., 2017): synchronous rounds. Every board gets the same version, the server waits for all of them, and
// an update counts by its samples. The rival that ftte is measured against.
//
// It waits for a slow board as long as that takes, but not for one that is lost or set aside: those leave the round, and the coordinator
// says so. What a lost board sends when it is back was acknowledged, so it counts in the round in which it comes.

import type { BoardFacts, Step, Strategy, UpdateFacts } from "./strategy.ts";

export function fedavg({ serverLearningRate = 1 }: { serverLearningRate?: number } = {}): Strategy {
  return {
    name: "fedavg",
    /** A board that has reported on this version waits for the next one. */
    assign: (boards: readonly BoardFacts[], version: number) =>
      boards.filter((b) => !b.busy && !b.lost && b.lastVersion < version).map((b) => b.id),
    ready: (buffer: readonly UpdateFacts[], boards: readonly BoardFacts[]) =>
      buffer.length > 0 && !boards.some((b) => b.busy && !b.lost),
    weigh: (buffer: readonly UpdateFacts[]): Step => ({
      weights: buffer.map((u) => u.samples),
      divisor: "covering",
      serverLearningRate,
    }),
  };
}
