// What the weights by age and by variance are worth inside FTTE: the tiers of the headline, each weight changed alone, with stragglers that are
// drawn and with stragglers that hold the rare labels. MNIST, 100 clients of which 90 % are stragglers, twenty at work at once.
//
//     npm run experiment -- weights [--seeds 5] [--jobs 2] [--json] [--write]

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { buildFold } from "../../host/build/fold.ts";
import { buildGuest } from "../../host/build/guest.ts";
import type { FtteConfig } from "../../host/cli/config.ts";
import { table } from "../../host/cli/view/text.ts";
import { finalAccuracy, type Spread, spread } from "./figures.ts";
import { type WeightsCurve, weightsChart } from "./pictures.ts";
import { runAll } from "./pool.ts";
import { writeWeights } from "./report.ts";
import { settingsOf, tieredFleet } from "./settings.ts";
import { slowdown } from "./strategies.ts";

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "5" },
    jobs: { type: "string" },
    json: { type: "boolean" },
    write: { type: "boolean" },
  },
});
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const jobs = Number(values.jobs ?? availableParallelism());
const clients = 100;

type Ftte = Extract<NonNullable<FtteConfig["strategy"]>, { name: "ftte" }>;
const base: Ftte = { name: "ftte", concurrency: 20, buffer: 4, serverLearningRate: 1.5 };
const variants: Record<string, Ftte> = {
  "age 1/√(1+τ)": base,
  "age 1/(1+τ)": { ...base, age: { kind: "polynomial", exponent: 1 } },
  "age hinge": { ...base, age: "hinge" },
  "age constant": { ...base, age: "constant" },
  "variance inverse": { ...base, variance: "inverse" },
  "variance relative": { ...base, variance: "relative" },
  "variance relative, age constant": { ...base, variance: "relative", age: "constant" },
};
const stragglers = { "drawn stragglers": false, "rare labels are slow": true };

const setting = settingsOf({ hapt: undefined, cifar10: undefined })[0]!;
const configOf = (strategy: Ftte, rare: boolean, seed: number): FtteConfig => ({
  name: "weights",
  model: setting.model,
  data: setting.data(clients),
  partition: setting.partitions[0]!.config,
  firstModel: setting.firstModel,
  fleet: tieredFleet(setting, clients),
  training: { steps: setting.steps, learningRate: setting.learningRates[0], checkpointEvery: 0 },
  strategy,
  server: { averaging: 0.9 },
  refreshFrozenEvery: 100,
  simulation: { stragglers: { share: 0.9, slowdown, rare } },
  stop: { versions: 1_000_000 },
  seed,
});

await buildGuest();
await buildFold();
const list = seeds.flatMap((seed) =>
  Object.entries(variants).flatMap(([name, strategy]) =>
    Object.entries(stragglers).map(([slow, rare]) => {
      return { name, slow, order: { config: configOf(strategy, rare, seed), updates: 800, evaluateEvery: 40 } };
    }),
  ),
);
const results = await runAll(
  list.map(({ order }) => order),
  jobs,
  (finished) => process.stderr.write(`weights: ${finished} of ${list.length} runs\n`),
);

/** Final accuracies over the seeds, by who is slow. */
interface WeightsRow {
  weights: string;
  accuracy: Record<string, Spread>;
}
const of = (name: string, slow: string) => results.filter((_, i) => list[i]!.name === name && list[i]!.slow === slow);
const rows = Object.keys(variants).map((weights): WeightsRow => {
  const accuracy = Object.keys(stragglers).map((slow) => [slow, spread(of(weights, slow).map(finalAccuracy))]);
  return { weights, accuracy: Object.fromEntries(accuracy) };
});
const curves = list.slice(0, list.length / seeds.length).flatMap(({ name, slow }): WeightsCurve[] => {
  const runs = of(name, slow);
  return runs[0]!.curve.map(({ folded }, i) => {
    return { weights: name, slow, folded, accuracy: spread(runs.map(({ curve }) => curve[i]!.accuracy)).median };
  });
});

const header = ["accuracy %, median (range)", ...Object.keys(stragglers)];
const points = (value: number) => (value * 100).toFixed(1);
const cells = rows.map(({ weights, accuracy }) => [
  weights,
  ...Object.values(accuracy).map(({ median, least, most }) => `${points(median)} (${points(least)}–${points(most)})`),
]);
if (values.write) await writeWeights(seeds.length, header, cells, weightsChart(curves));
if (values.json) console.log(JSON.stringify({ type: "weights", seeds: seeds.length, rows }));
else console.log(table(header, cells));
