// Boards' tasks on several cores: the same run, bit for bit, as on one; and a worker that fails fails the run.

import { expect, it } from "vitest";
import { fedavg } from "../../host/fl/fedavg.ts";
import { ftte } from "../../host/fl/ftte.ts";
import { clientSchedule } from "../../host/sim/clients.ts";
import { simulate } from "../../host/sim/simulate.ts";
import { TrainerPool } from "../../host/sim/trainer_pool.ts";
import { boardsOf, population, simulation, wasm } from "../host/sim/tiny_simulation.ts";

const churn = { onSeconds: 4, offSeconds: 3 };
const hard = { ...population, churn, lost: 0.1, patienceSeconds: 2, powerCuts: 0.2 };
const strategies = {
  ftte: () => ftte({ buffer: 3, concurrency: 7 }),
  "fedavg with over-selection": () => fedavg({ cohort: 4, overSelection: 1.5 }),
};

it.each(Object.entries(strategies))(
  "of %s, with 1, 2 and 3 workers and with none, makes the same curve and the same model",
  async (_name, strategy) => {
    const make = () => simulation({ strategy: strategy(), schedule: clientSchedule(hard, 9), stop: { updates: 120 } });
    const expected = await simulate(make());
    expect(expected.rejected).toBeGreaterThan(0);
    for (const workers of [1, 2, 3]) {
      const pool = new TrainerPool(wasm, boardsOf(12), {}, workers);
      const run = await simulate({ ...make(), train: (job) => pool.train(job) });
      await pool.close();
      expect(run, `${workers} workers`).toEqual(expected);
    }
  },
);

it("fails the run when a worker's guest refuses a plan, and when the pool is closed", async () => {
  const boards = boardsOf(12).map((board, i) => {
    const binary = board.plan.binary.slice(0, i === 5 ? -4 : undefined);
    return { ...board, plan: { ...board.plan, binary } };
  });
  const pool = new TrainerPool(wasm, boards, {}, 2);
  await expect(simulate(simulation({ train: (job) => pool.train(job) }))).rejects.toThrow(/plan/);
  await pool.close();
  await expect(simulate(simulation({ train: (job) => pool.train(job) }))).rejects.toThrow(/ended/);
});
