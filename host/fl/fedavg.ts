// Federated averaging (McMahan et al., 2017): synchronous rounds. Every board gets the same version, the server waits for all of them, and
// an update counts by its samples. The rival that ftte is measured against.

import type { BoardFacts, Step, Strategy, UpdateFacts } from "./strategy.ts";

export function fedavg({ serverLearningRate = 1 }: { serverLearningRate?: number } = {}): Strategy {
  return {
    name: "fedavg",
    /** A board that has reported on this version waits for the next one. */
    assign: (boards: readonly BoardFacts[], version: number) =>
      boards.filter((b) => !b.busy && b.lastVersion < version).map((b) => b.id),
    ready: (buffer: readonly UpdateFacts[], boards: readonly BoardFacts[]) =>
      buffer.length > 0 && !boards.some((b) => b.busy),
    weigh: (buffer: readonly UpdateFacts[]): Step => ({
      weights: buffer.map((u) => u.samples),
      divisor: "covering",
      serverLearningRate,
    }),
  };
}
