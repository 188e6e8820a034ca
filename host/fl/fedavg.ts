// Federated averaging (McMahan et al., 2017): synchronous rounds. A cohort of boards gets the same version, the server waits for all of them,
// and an update counts by its samples. The rival that ftte is measured against.
//
// Over-selection (Bonawitz et al., 2019, "Towards federated learning at scale"): more boards than the cohort are asked, the first of them make
// the step, and whoever is late is given up. Without it the server waits for a slow board as long as that takes, but not for one that is
// lost or set aside: those leave the round, and the coordinator says so. What a lost board sends when it is back was acknowledged, so it
// counts in the round in which it comes.

import type { FleetFacts, Step, Strategy, UpdateFacts } from "./strategy.ts";

export interface FedavgOptions {
  /** Updates that make a server step; by default those of all boards. */
  cohort?: number;
  /** Boards asked per board of the cohort: 1.3 asks three in ten more than are waited for. */
  overSelection?: number;
  serverLearningRate?: number;
}

export function fedavg(options: FedavgOptions = {}): Strategy {
  const { cohort = Number.POSITIVE_INFINITY, overSelection = 1, serverLearningRate = 1 } = options;
  const asked = Math.round(cohort * overSelection);
  return {
    name: "fedavg",
    inRounds: true,
    turn: 0,
    maxStaleness: overSelection > 1 ? 0 : Number.POSITIVE_INFINITY,
    wanted: ({ ordered }: FleetFacts) => Math.max(0, asked - ordered),
    ready: (buffer: readonly UpdateFacts[], { busy }: FleetFacts) =>
      buffer.length > 0 && (busy === 0 || (overSelection > 1 && buffer.length >= cohort)),
    weigh: (buffer: readonly UpdateFacts[]): Step => ({
      weights: buffer.map((u) => u.samples),
      divisor: "covering",
      serverLearningRate,
    }),
  };
}
