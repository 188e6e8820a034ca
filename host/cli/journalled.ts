// A simulation's tasks and measurements, looked up in its journal before they are computed, and written there afterwards. A run that was
// killed is started anew and comes past everything that it had computed, without computing it: the way there is the same, bit for bit.

import type { Simulation } from "../sim/simulate.ts";
import type { Journal } from "../store/journal.ts";

export function journalledTraining(journal: Journal, train: Simulation["train"]): Simulation["train"] {
  const tasks = new WeakMap<Float32Array, number>(); // whose residual it is
  return async (job) => {
    const { board, task, residual } = job;
    const known = journal.update(board, task);
    const update = known ?? (await train(job));
    if (!known) journal.putUpdate(board, task, update, (residual && tasks.get(residual)) ?? 0);
    if (update.residual) tasks.set(update.residual, task);
    return update;
  };
}

export function journalledEvaluation(journal: Journal, evaluate: Simulation["evaluate"]): Simulation["evaluate"] {
  return (parameters, version) => {
    const known = journal.measured(version);
    const measured = known ?? evaluate(parameters, version);
    if (!known) journal.putMeasured(version, measured);
    return measured;
  };
}
