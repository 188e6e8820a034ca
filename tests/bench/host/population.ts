// Clients of the scheduler's rows: they come and go, lose updates, and train at one speed.

import type { Schedule } from "../../../host/fl/schedule.ts";
import { clientSchedule } from "../../../host/sim/clients.ts";

export const className = "few";

export function population(seed: number): Schedule {
  const model = {
    stepsPerSecond: new Map([[className, 10]]),
    bytesPerSecond: 2000,
    latencySeconds: 0.1,
    jitter: 0.3,
    churn: { onSeconds: 600, offSeconds: 300 },
    lost: 0.02,
    patienceSeconds: 5,
  };
  return clientSchedule(model, seed);
}
