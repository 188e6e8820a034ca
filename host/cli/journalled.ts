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

/** Of one run: its measurements are known by their number. */
export function journalledEvaluation(journal: Journal, evaluate: Simulation["evaluate"]): Simulation["evaluate"] {
  let number = 0;
  return (parameters) => {
    const known = journal.measured(number);
    const measured = known ?? evaluate(parameters);
    if (!known) journal.putMeasured(number, measured);
    number++;
    return measured;
  };
}
