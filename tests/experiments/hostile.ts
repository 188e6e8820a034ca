// What clients that do harm cost each strategy, with and without what the server can do about it: a fifth of the clients with random labels, or
// a twentieth that lies on purpose. MNIST, 100 clients of which 90 % are stragglers, whole model, int8, ten at work at once.
//
//     npm run experiment -- hostile [--seeds 3] [--jobs 2] [--json] [--write]

import type { FtteConfig } from "../../host/cli/config.ts";
import { table } from "../../host/cli/view/text.ts";
import { clients, commonConfig, compare, comparisonOptions, setting, stragglerShare } from "./comparison.ts";
import type { Harm } from "./harm.ts";
import { writeHostile } from "./report.ts";
import { fullFleet } from "./settings.ts";
import { slowdown } from "./strategies.ts";

const options = comparisonOptions("3");
const concurrency = 10;

const harms: Record<string, Harm | undefined> = {
  none: undefined,
  "20 % random labels": { kind: "labels", share: 0.2 },
  "5 % flipped sign": { kind: "flipped", share: 0.05 },
  "5 % × 100": { kind: "scaled", share: 0.05 },
  "5 % NaN": { kind: "nan", share: 0.05 },
};

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

const configOf = (defence: Defence, seed: number): FtteConfig => ({
  name: "hostile",
  ...commonConfig,
  fleet: fullFleet(setting, clients),
  training: { steps: setting.steps, learningRate: setting.learningRates[1], checkpointEvery: 0 },
  ...defence,
  server: { averaging: 0, ...defence.server },
  simulation: { stragglers: { share: stragglerShare, slowdown } },
  seed,
});

const { accuracies, header, cells } = await compare(
  "hostile clients",
  options,
  Object.keys(defences),
  Object.keys(harms),
  (defence, harmName, seed) => {
    const harm = harms[harmName];
    return { config: configOf(defences[defence]!, seed), updates: 400, evaluateEvery: 40, ...(harm && { harm }) };
  },
);
const rows = accuracies.map(({ row, accuracy }) => ({ strategy: row, accuracy }));
if (options.write) writeHostile(header, cells);
if (options.json) console.log(JSON.stringify({ type: "hostile", seeds: options.seeds.length, rows }));
else console.log(table(header, cells));
