// A simulation that is cut off again and again, at any task or measurement, and started anew with its journal: it comes to the same end, and
// nothing that was computed is computed twice. SIGKILL itself is tests/system/simulation.test.ts's.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { journalledEvaluation, journalledTraining } from "../../../host/cli/journalled.ts";
import { seeded } from "../../../host/data/random.ts";
import { fedavg } from "../../../host/fl/fedavg.ts";
import { ftte } from "../../../host/fl/ftte.ts";
import { clientSchedule } from "../../../host/sim/clients.ts";
import { type Simulation, simulate } from "../../../host/sim/simulate.ts";
import { Journal } from "../../../host/store/journal.ts";
import { population, simulation } from "../sim/tiny_simulation.ts";

const path = () => join(mkdtempSync(join(tmpdir(), "ftte-journal-")), "seed.sqlite");
const hard = { ...population, churn: { onSeconds: 4, offSeconds: 3 }, lost: 0.1, patienceSeconds: 2 };
const strategies = {
  ftte: () => ftte({ buffer: 3, concurrency: 5, maxStaleness: 2 }),
  "fedavg with over-selection": () => fedavg({ cohort: 4, overSelection: 1.5 }),
};

class Cut extends Error {}

/** Counts what is computed, and cuts the run off when there is no more to spend. */
function counted(o: Simulation, spend: () => void): Simulation {
  return {
    ...o,
    train: (job) => {
      spend();
      return o.train(job);
    },
    evaluate: (parameters, version) => {
      spend();
      return o.evaluate(parameters, version);
    },
  };
}

describe.each(Object.entries(strategies))("a simulation of %s", (_name, strategy) => {
  const make = () => simulation({ strategy: strategy(), schedule: clientSchedule(hard, 9), stop: { updates: 90 } });

  it("that is cut off at random goes on with its journal, computes nothing twice, and ends the same", async () => {
    let whole = 0;
    const expected = await simulate(counted(make(), () => whole++));
    const random = seeded(5);
    const file = path();
    let computed = 0;
    for (let attempt = 0; ; attempt++) {
      let left = Math.floor(random() * 25);
      const journal = Journal.open(file, "one");
      const o = counted(make(), () => {
        if (--left < 0) throw new Cut();
        computed++;
      });
      const train = journalledTraining(journal, o.train);
      const evaluate = journalledEvaluation(journal, o.evaluate);
      const run = await simulate({ ...o, train, evaluate }).catch((error) => error);
      journal.close();
      if (run instanceof Cut) continue;
      expect(run).toEqual(expected);
      expect(attempt).toBeGreaterThan(4);
      break;
    }
    // Of the undisturbed run's tasks those that were still under way at its end may be missing, or be others.
    expect(Math.abs(computed - whole)).toBeLessThan(8);
  });
});

describe("a journal", () => {
  const update = (n: number) => ({ bytes: Uint8Array.of(n, n + 1), residual: Float32Array.of(n, 0.1) });

  it("keeps updates, and of their residuals those that a board may yet begin from", () => {
    const file = path();
    const journal = Journal.open(file, "one");
    journal.putUpdate(4, 1, update(1), 0);
    journal.putUpdate(4, 2, update(2), 1); // and given up
    journal.putUpdate(4, 3, update(3), 1);
    journal.putUpdate(5, 1, { bytes: Uint8Array.of(9) }, 0);
    journal.close();
    const again = Journal.open(file, "one");
    expect(again.update(4, 1)).toMatchObject({ residual: update(1).residual });
    expect(again.update(4, 2)).toMatchObject({ residual: new Float32Array() });
    expect(again.update(4, 3)).toMatchObject({ residual: update(3).residual });
    expect([...again.update(4, 2)!.bytes]).toEqual([2, 3]);
    expect(again.update(5, 1)).toEqual({ bytes: Buffer.of(9) });
    expect(again.update(5, 2)).toBeUndefined();
    again.close();
  });

  it("keeps measurements, also of a model that is beyond measure", () => {
    const file = path();
    const measured = [
      { accuracy: 1 / 3, loss: 0.1 + 0.2 },
      { accuracy: 0, loss: Number.NaN },
      { accuracy: 0.1, loss: Number.POSITIVE_INFINITY },
    ];
    const journal = Journal.open(file, "one");
    measured.forEach((m, i) => {
      journal.putMeasured(i, m);
    });
    journal.close();
    const again = Journal.open(file, "one");
    expect(measured.map((_, i) => again.measured(i))).toEqual(measured);
    again.close();
  });

  it("of another run, or damaged, begins anew", () => {
    const file = path();
    for (const spoil of [
      () => {},
      () => writeFileSync(file, "not a database, but long enough to be taken for one".repeat(99)),
    ]) {
      const journal = Journal.open(file, "one");
      journal.putMeasured(0, { accuracy: 0.5, loss: 1 });
      expect(journal.measured(0)).toEqual({ accuracy: 0.5, loss: 1 });
      journal.close();
      spoil();
      const other = Journal.open(file, "another");
      expect(other.measured(0)).toBeUndefined();
      other.close();
    }
  });

  it("has one user at a time", () => {
    const file = path();
    const journal = Journal.open(file, "one");
    expect(() => Journal.open(file, "one")).toThrow(expect.objectContaining({ code: "store-locked" }));
    journal.close();
  });
});
