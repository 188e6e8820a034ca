// What each choice inside the ftte strategy is worth: the default, and the default with one thing changed, in the strategy or the server, and
// its rivals, on the same data, boards, schedule and seeds. MNIST dealt out by Dirichlet 0.5 over boards of two memory classes and several speeds; the product's coordinator
// and strategies, and the boards' own kernels (host/sim/simulate.ts). docs/strategies.md holds the table. `--json` for programs,
// `--seeds N` (5), `--updates N` of each run (240), `--only TEXT`: the defaults and the variants whose name has the text.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { buildFold } from "../../host/build/fold.ts";
import { buildGuest } from "../../host/build/guest.ts";
import { builtGuest } from "../../host/build/root.ts";
import { table } from "../../host/cli/view/text.ts";
import { normalisationOf, packElements, subset } from "../../host/data/dataset.ts";
import { mnist } from "../../host/data/mnist.ts";
import { dirichlet } from "../../host/data/partition.ts";
import { seeded, shuffle } from "../../host/data/random.ts";
import type { Dataset } from "../../host/data/types.ts";
import { ca2fl } from "../../host/fl/ca2fl.ts";
import { fedasync } from "../../host/fl/fedasync.ts";
import { fedavg } from "../../host/fl/fedavg.ts";
import { fedbuff } from "../../host/fl/fedbuff.ts";
import { wasmFolder } from "../../host/fl/fold.ts";
import { type FtteOptions, ftte } from "../../host/fl/ftte.ts";
import type { ServerOptions } from "../../host/fl/server_options.ts";
import type { Strategy } from "../../host/fl/strategy.ts";
import { planModel } from "../../host/plan/plan.ts";
import { referenceModels } from "../../host/plan/reference_models.ts";
import { planForBudget } from "../../host/plan/select.ts";
import { ModelEvaluator } from "../../host/sim/evaluate.ts";
import { loadKernels } from "../../host/sim/guest.ts";
import { pretrain } from "../../host/sim/pretrain.ts";
import type { SimulatedBoard } from "../../host/sim/simulate.ts";
import { lastModels } from "./last_models.ts";

const { values } = parseArgs({
  options: {
    json: { type: "boolean" },
    seeds: { type: "string", default: "5" },
    updates: { type: "string", default: "240" },
    only: { type: "string", default: "" },
  },
});
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const updates = Number(values.updates);

const model = referenceModels["image-cnn"];
const training = { steps: 60, learningRate: 0.01, checkpointEvery: 0, encoding: "int8" as const };
const hostSamples = 600;
/** A third of the boards are stragglers: of nine, one at 0.3 of full speed and two at a tenth. */
const speeds = [1, 1, 0.3, 1, 1, 0.1, 1, 1, 0.1];

interface Fleet {
  name: string;
  boards: number;
  /** Share of the boards whose labels are random. */
  random: number;
}
const fleets: Fleet[] = [
  { name: "20 boards", boards: 20, random: 0 },
  { name: "20, 4 with random labels", boards: 20, random: 0.2 },
  { name: "80 boards", boards: 80, random: 0 },
];

interface Variant {
  name: string;
  buffer: number; // updates that make a version, to give every variant as many updates
  strategy: () => Strategy;
  server?: ServerOptions;
}
const changed = (name: string, options: FtteOptions): Variant => ({
  name,
  buffer: options.buffer ?? 4,
  strategy: () => ftte(options),
});
/** The defaults, with something of the server's. */
const withServer = (name: string, server: ServerOptions, buffer = 4): Variant => ({
  ...changed(`server: ${name}`, { buffer }),
  server,
});
const all: Variant[] = [
  changed("ftte, K = 4, rate 1", {}),
  changed("age constant", { age: "constant" }),
  changed("age constant, server rate 0.3", { age: "constant", serverLearningRate: 0.3 }),
  changed("age hinge", { age: "hinge" }),
  changed("share boards", { share: "boards" }),
  changed("variance inverse", { variance: "inverse" }),
  changed("variance relative", { variance: "relative" }),
  changed("samples to the power 1", { samplesPower: 1 }),
  changed("divisor expected", { divisor: "expected" }),
  changed("divisor covering", { divisor: "covering" }),
  changed("buffer 2", { buffer: 2 }),
  changed("buffer 8", { buffer: 8 }),
  changed("server rate 0.5", { serverLearningRate: 0.5 }),
  changed("server rate 2", { serverLearningRate: 2 }),
  changed("any step", { stability: "none" }),
  changed("any step, age constant", { stability: "none", age: "constant" }),
  changed("any step, age hinge", { stability: "none", age: "hinge" }),
  changed("any step, divisor covering", { stability: "none", divisor: "covering" }),
  changed("any step, buffer 2", { stability: "none", buffer: 2 }),
  changed("any step, server rate 2", { stability: "none", serverLearningRate: 2 }),
  { ...changed("server rate 1.5, averaging 0.9", { serverLearningRate: 1.5 }), server: { averaging: 0.9 } },
  {
    ...changed("buffer 10, server rate 1.5, averaging 0.9", { buffer: 10, serverLearningRate: 1.5 }),
    server: { averaging: 0.9 },
  },
  {
    ...changed("share boards, server rate 1.5, averaging 0.9", { share: "boards", serverLearningRate: 1.5 }),
    server: { averaging: 0.9 },
  },
  { name: "fedavg", buffer: 0, strategy: () => fedavg() },
  { name: "rival: fedbuff", buffer: 10, strategy: () => fedbuff() },
  { name: "rival: ca2fl", buffer: 10, strategy: () => ca2fl() },
  { name: "rival: ca2fl, server rate 1", buffer: 10, strategy: () => ca2fl({ serverLearningRate: 1 }) },
  { name: "rival: fedasync", buffer: 1, strategy: () => fedasync() },
  withServer("averaging 0.9", { averaging: 0.9 }),
  withServer("clipNorm 0.5", { clipNorm: 0.5 }),
  withServer("norm filter, factor 2", { filter: { kind: "norm", factor: 2 } }),
  withServer("staleness groups, buffer 8", { filter: { kind: "staleness-groups" } }, 8),
  withServer("median", { combine: "median" }),
  withServer("median, buffer 8", { combine: "median" }, 8),
];
const variants = all.filter(({ name }, i) => i === 0 || name.includes(values.only));

await buildGuest();
await buildFold();
const kernels = loadKernels(builtGuest("kernels.twin.wasm"));
const folder = wasmFolder(readFileSync(builtGuest("fold.wasm")), "int8");
const { train, test } = mnist({ train: 12_000, test: 2_000 });
const normalisation = normalisationOf(train);
const evaluator = new ModelEvaluator(kernels, { model, data: test, normalisation });
const plans = {
  small: planForBudget(model, { budgetBytes: 20 * 1024 }),
  large: planModel(model, { selection: "all" }),
};

/** A seed's data and first model; the fleets and variants share them. */
function world(seed: number): { shared: Dataset; firstModel: Float32Array } {
  const order = shuffle(
    Uint32Array.from({ length: train.count }, (_, i) => i),
    seeded(seed),
  );
  const own = subset(train, order.subarray(0, hostSamples));
  const firstModel = pretrain(kernels, model, own, normalisation, { epochs: 8, learningRate: 0.02, seed });
  return { shared: subset(train, order.subarray(hostSamples)), firstModel };
}

function boardsOf(fleet: Fleet, shared: Dataset, seed: number): SimulatedBoard[] {
  const random = seeded(seed ^ 0xdea1);
  return dirichlet(shared, fleet.boards, 0.5, random).map((indices, i) => {
    const data = subset(shared, indices.length > 0 ? indices : [i]); // a board that was dealt nothing has one sample
    const wrong = i % 5 === 4 && fleet.random > 0;
    const labels = wrong ? data.labels.map(() => Math.floor(random() * data.classes.length)) : data.labels;
    const kind = i % 2 === 0 ? "small" : "large";
    const speed = speeds[i % speeds.length]!;
    const id = `board-${String(i).padStart(2, "0")}`;
    return { id, class: kind, speed, plan: plans[kind], samples: packElements(data), labels };
  });
}

interface Outcome {
  accuracy: number; // mean of the last five versions
  staleness: number; // mean
  virtualTime: number;
}

async function measure(variant: Variant, fleet: Fleet, seed: number, w: ReturnType<typeof world>): Promise<Outcome> {
  const run = await lastModels(kernels, {
    strategy: variant.strategy(),
    ...(variant.server && { server: variant.server }),
    folder,
    normalisation,
    training,
    seed,
    refreshFrozenEvery: 8,
    boards: boardsOf(fleet, w.shared, seed),
    firstModel: w.firstModel,
    versions: Math.max(1, Math.round(updates / (variant.buffer || fleet.boards))),
    keep: 5,
  });
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  const accuracy = mean(run.models.map((parameters) => evaluator.evaluate(parameters).accuracy));
  return { accuracy, staleness: run.meanStaleness, virtualTime: run.seconds };
}

const median = (list: number[]) => list.toSorted((a, b) => a - b)[list.length >> 1]!;
const points = (share: number) => (share * 100).toFixed(1);

interface Row {
  fleet: string;
  variant: string;
  accuracy: { median: number; least: number; most: number };
  /** Median over the seeds of the difference to the defaults on the same seed. */
  gain: number;
  staleness: number;
  virtualTime: number;
}

const rows: Row[] = [];
const start: number[] = [];
const worlds = new Map(seeds.map((seed) => [seed, world(seed)]));
for (const w of worlds.values()) start.push(evaluator.evaluate(w.firstModel).accuracy);
for (const fleet of fleets) {
  let defaults: Outcome[] = [];
  for (const variant of variants) {
    const outcomes: Outcome[] = [];
    for (const seed of seeds) outcomes.push(await measure(variant, fleet, seed, worlds.get(seed)!));
    if (variant === variants[0]) defaults = outcomes;
    const accuracies = outcomes.map((o) => o.accuracy);
    rows.push({
      fleet: fleet.name,
      variant: variant.name,
      accuracy: { median: median(accuracies), least: Math.min(...accuracies), most: Math.max(...accuracies) },
      gain: median(outcomes.map((o, i) => o.accuracy - defaults[i]!.accuracy)),
      staleness: median(outcomes.map((o) => o.staleness)),
      virtualTime: median(outcomes.map((o) => o.virtualTime)),
    });
    process.stderr.write(`${fleet.name}: ${variant.name} ${points(median(accuracies))} %\n`);
  }
}

if (values.json)
  console.log(JSON.stringify({ type: "ablation", seeds: seeds.length, updates, accuracyBefore: median(start), rows }));
else {
  console.log(`${updates} updates a run, ${seeds.length} seeds; the first model: ${points(median(start))} %`);
  for (const fleet of fleets) {
    const cells = rows
      .filter((row) => row.fleet === fleet.name)
      .map(({ variant, accuracy, gain, staleness, virtualTime }) => [
        variant,
        points(accuracy.median),
        `${points(accuracy.least)}–${points(accuracy.most)}`,
        `${gain >= 0 ? "+" : ""}${points(gain)}`,
        staleness.toFixed(1),
        virtualTime.toFixed(0),
      ]);
    console.log(`\n${table([fleet.name, "accuracy %", "range", "gain", "mean τ", "time"], cells)}`);
  }
}
