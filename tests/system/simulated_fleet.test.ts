// The simulator against the real firmware: a project's deterministic run on virtual boards and `ftte sim` of the same config and seed come
// to the same model, bit for bit, after as many versions and updates; also where boards come and go, are slow, lose power and updates.

import { describe, expect, it } from "vitest";
import { ftte, gestureProject, resultOf } from "./project.ts";

const hard = `simulation: { stepsPerSecond: 400, latencySeconds: 0.05, jitter: 0.4, stragglers: { share: 0.5, slowdown: 6 },
    churn: { onSeconds: 2, offSeconds: 1 }, lost: 0.15, patienceSeconds: 1, powerCuts: 0.3, rebootSeconds: 0.1 },`;

const averaged = `server: { averaging: 0.5, filter: { kind: "norm", factor: 1.1 } },`;

/** More boards of each class, a frozen part that is refreshed, and what the case asks for. */
const projectOf = (strategy: string, more = "", training = "") =>
  gestureProject((text) =>
    text
      .replace('count: 2, train: "head"', 'count: 3, train: "head"')
      .replace('count: 1, train: "all"', 'count: 3, train: "all", speed: 0.5')
      .replace('{ name: "ftte", buffer: 2 }', strategy)
      .replace("checkpointEvery: 15", `checkpointEvery: 15${training}`)
      .replace("versions: 5", "versions: 8")
      .replace("seed: 7,", `seed: 7, refreshFrozenEvery: 3, ${more}`),
  );

interface Simulated {
  seeds: { modelSha256: string; versions: number; updates: { folded: number; rejected: number } }[];
}

async function simulatedResult(folder: string, args: string[] = []): Promise<Simulated> {
  const { events, stderr } = await ftte(folder, ["sim", ...args]);
  const last = events.at(-1);
  if (last?.type !== "simulation") throw new Error(stderr);
  return last as unknown as Simulated;
}

const cases: [name: string, strategy: string, more?: string, training?: string][] = [
  ["ftte", '{ name: "ftte", buffer: 2 }'],
  ["fedavg with a cohort and over-selection", '{ name: "fedavg", cohort: 3, overSelection: 1.5 }'],
  ["ftte in a hard world", '{ name: "ftte", buffer: 2, concurrency: 4, maxStaleness: 3 }', hard],
  ["fedavg in a hard world", '{ name: "fedavg", cohort: 3, overSelection: 1.5 }', hard],
  ["ca2fl in a hard world", '{ name: "ca2fl", buffer: 3 }', hard],
  ["f32 updates, averaged and filtered", '{ name: "ftte", buffer: 3 }', `${averaged} ${hard}`, ', encoding: "f32"'],
  ["int4 updates in a hard world", '{ name: "ftte", buffer: 3 }', hard, ', encoding: "int4"'],
  ["top-k updates in a hard world", '{ name: "ftte", buffer: 3 }', hard, ', encoding: "top-k", kept: 0.2'],
];

describe.each(cases)("%s", (_name, strategy, more, training) => {
  it("comes to the same model in the simulator as on the real firmware", async () => {
    const folder = projectOf(strategy, more, training);
    const [trained, simulated] = await Promise.all([
      ftte(folder, ["train", "--deterministic"]),
      simulatedResult(folder),
    ]);
    const real = resultOf(trained) as unknown as Simulated["seeds"][number];
    const [seed] = simulated.seeds;
    const { modelSha256, versions } = real;
    expect(seed).toMatchObject({ modelSha256, versions: 8 });
    expect(seed!.versions).toBe(versions);
    expect(seed!.updates.folded).toBe(real.updates.folded);
    expect(seed!.updates.rejected).toBe(real.updates.rejected);
    if (more) expect(real.updates.rejected).toBeGreaterThan(0);
  });
});

it("--clients deals the same boards as train --virtual", async () => {
  const folder = projectOf('{ name: "ftte", buffer: 2 }');
  const trained = ftte(folder, ["train", "--deterministic", "--virtual", "5"]);
  const [{ modelSha256 }] = (await simulatedResult(folder, ["--clients", "5"])).seeds as [Simulated["seeds"][0]];
  expect(modelSha256).toBe(resultOf(await trained).modelSha256);
});

it("another seed comes to another model", async () => {
  const folder = projectOf('{ name: "ftte", buffer: 2 }');
  const { seeds } = await simulatedResult(folder, ["--seeds", "2"]);
  expect(seeds[0]!.modelSha256).not.toBe(seeds[1]!.modelSha256);
});
