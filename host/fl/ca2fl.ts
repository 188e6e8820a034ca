// CA2FL (Wang, Cao, Wu, Chen, Chen, "Tackling the data heterogeneity in asynchronous federated learning with cached update calibration", ICLR
// 2024): as FedBuff without weights by age, but the server remembers each board's last update h_i, so that a step is not only of those boards
// that happen to be in the buffer:
//
//     w := w + η (h̄ + (1/K) Σ (Δ_i - h_i)),   h̄ the mean of h over all boards
//
// The paper's is the formula; every Δ_i of a step is compared with what its board's cache held before the step. Ours are the defaults, K from
// FedBuff and an η at which steps that repeat what stale updates said do not overshoot (docs/strategies.md measures it), and the step per
// coordinate for boards that train a part of the model (calibration.ts, where the arithmetic is too).

import { type AsynchronousOptions, asynchronous } from "./asynchronous.ts";
import type { Step, Strategy, UpdateFacts } from "./strategy.ts";

export interface Ca2flOptions extends AsynchronousOptions {
  /** K: buffered updates that make a server step. */
  buffer?: number;
  /** η */
  serverLearningRate?: number;
}

export function ca2fl(options: Ca2flOptions = {}): Strategy {
  const { buffer: k = 10, serverLearningRate = 0.3 } = options;
  return {
    name: "ca2fl",
    ...asynchronous(options, k),
    calibrated: true,
    ready: (buffer: readonly UpdateFacts[]) => buffer.length >= k,
    weigh: (buffer: readonly UpdateFacts[]): Step => ({
      weights: buffer.map(() => 1),
      divisor: "covering",
      serverLearningRate,
    }),
  };
}
