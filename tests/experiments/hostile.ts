// What clients that do harm cost each strategy, with and without what the server can do about it: a fifth of the clients with random labels, or
// a twentieth that lies on purpose. MNIST, 100 clients of which 90 % are stragglers, whole model, int8, ten at work at once.
//
//     npm run experiment -- hostile [--seeds 3] [--jobs 2] [--json] [--write]

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { buildFold } from "../../host/build/fold.ts";
import { buildGuest } from "../../host/build/guest.ts";
import type { FtteConfig } from "../../host/cli/config.ts";
import { table } from "../../host/cli/view/text.ts";
import { finalAccuracy, type Spread, spread } from "./figures.ts";
import type { Harm } from "./harm.ts";
import { runAll } from "./pool.ts";
import { writeHostile } from "./report.ts";
import { fullFleet, settingsOf } from "./settings.ts";
import { slowdown } from "./strategies.ts";

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "3" },
    jobs: { type: "string" },
    json: { type: "boolean" },
    write: { type: "boolean" },
  },
});
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const jobs = Number(values.jobs ?? availableParallelism());
const clients = 100;
const concurrency = 10;

const harms: { name: string; harm?: Harm }[] = [
  { name: "none" },
  { name: "20 % random labels", harm: { kind: "labels", share: 0.2 } },
  { name: "5 % flipped sign", harm: { kind: "flipped", share: 0.05 } },
  { name: "5 % × 100", harm: { kind: "scaled", share: 0.05 } },
  { name: "5 % NaN", harm: { kind: "nan", share: 0.05 } },
];

type Defence = Pick<FtteConfig, "strategy" | "server">;
const ftte = { name: "ftte", concurrency, buffer: 5, serverLearningRate: 1 } as const;
const fedavg = { name: "fedavg", cohort: concurrency } as const;
const defences: Record<string, Defence> = {
  FedAvg: { strategy: fedavg },
  "FedAvg, median": { strategy: fedavg, server: { combine: "median" } },
  FedBuff: { strategy: { name: "fedbuff", concurrency, buffer: 5 } },
  "FTTE, variance constant": { strategy: ftte },
  "FTTE, variance relative": { strategy: { ...ftte, variance: "relative" } },
  "FTTE, clipped at 0.5": { strategy: ftte, server: { clipNorm: 0.5 } },
  "FTTE, norm filter": { strategy: ftte, server: { filter: { kind: "norm", factor: 2 } } },
  "FTTE, staleness groups": { strategy: ftte, server: { filter: { kind: "staleness-groups" } } },
  "FTTE, median": { strategy: ftte, server: { combine: "median" } },
  "FTTE, relative, clipped": { strategy: { ...ftte, variance: "relative" }, server: { clipNorm: 0.5 } },
};

const setting = settingsOf({ hapt: undefined, cifar10: undefined })[0]!;
const configOf = (defence: Defence, seed: number): FtteConfig => ({
  name: "hostile",
  model: setting.model,
  data: setting.data(clients),
  partition: setting.partitions[0]!.config,
  firstModel: setting.firstModel,
  fleet: fullFleet(setting, clients),
  training: { steps: setting.steps, learningRate: setting.learningRates[1], checkpointEvery: 0 },
  ...defence,
  server: { averaging: 0, ...defence.server },
  simulation: { stragglers: { share: 0.9, slowdown } },
  stop: { versions: 1_000_000 },
  seed,
});

await buildGuest();
await buildFold();
const list = seeds.flatMap((seed) =>
  Object.entries(defences).flatMap(([name, defence]) =>
    harms.map(({ name: harmName, harm }) => {
      const order = { config: configOf(defence, seed), updates: 400, evaluateEvery: 40, ...(harm && { harm }) };
      return { defence: name, harm: harmName, order };
    }),
  ),
);
const results = await runAll(
  list.map(({ order }) => order),
  jobs,
  (finished) => process.stderr.write(`hostile clients: ${finished} of ${list.length} runs\n`),
);

/** Final accuracies over the seeds. */
interface HostileRow {
  strategy: string;
  accuracy: Record<string, Spread>; // by harm
}
const finals = (defence: string, harm: string) =>
  results.filter((_, i) => list[i]!.defence === defence && list[i]!.harm === harm).map(finalAccuracy);
const rows = Object.keys(defences).map((strategy): HostileRow => {
  return {
    strategy,
    accuracy: Object.fromEntries(harms.map(({ name }) => [name, spread(finals(strategy, name))])),
  };
});
const header = ["accuracy %, median (range)", ...harms.map(({ name }) => name)];
const points = (value: number) => (value * 100).toFixed(1);
const cells = rows.map(({ strategy, accuracy }) => [
  strategy,
  ...harms.map(({ name }) => {
    const { median, least, most } = accuracy[name]!;
    return `${points(median)} (${points(least)}–${points(most)})`;
  }),
]);
if (values.write) writeHostile(header, cells);
if (values.json) console.log(JSON.stringify({ type: "hostile", seeds: seeds.length, rows }));
else console.log(table(header, cells));
