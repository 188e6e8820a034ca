// What truncated training saves of a board's arena, and what it costs in accuracy: the motion CNN on people whom no board has seen (HAPT),
// the image CNN on MNIST. Every variant starts from the same first model and gets the same data, steps and rounds as full training; all
// boards train the same, or each a share in turn, so that the fleet trains more of the model than any board holds. Boards are function
// calls (host/sim/simulate.ts) with the product's kernels, coordinator and int8 updates.
//
//     npm run bench:truncated -- --data <folder with RawData/ or RawData.tar.xz> [--seeds 3] [--rounds 15] [--only image] [--json]

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { buildFold } from "../../host/build/fold.ts";
import { buildGuest } from "../../host/build/guest.ts";
import { builtGuest } from "../../host/build/root.ts";
import { table } from "../../host/cli/view/text.ts";
import { normalisationOf, packElements, subset } from "../../host/data/dataset.ts";
import { hapt } from "../../host/data/hapt.ts";
import { mnist } from "../../host/data/mnist.ts";
import { byUser, dirichlet } from "../../host/data/partition.ts";
import { seeded, shuffle } from "../../host/data/random.ts";
import type { Dataset, Partition } from "../../host/data/types.ts";
import { wasmFolder } from "../../host/fl/fold.ts";
import { ftte } from "../../host/fl/ftte.ts";
import { planModel } from "../../host/plan/plan.ts";
import { referenceModels } from "../../host/plan/reference_models.ts";
import type { LayerSelection, Model, Normalisation, Plan, Selection } from "../../host/plan/types.ts";
import { ModelEvaluator } from "../../host/sim/evaluate.ts";
import { loadKernels } from "../../host/sim/guest.ts";
import { pretrain } from "../../host/sim/pretrain.ts";
import { lastModels } from "./last_models.ts";
import { archives, unpacked } from "./unpacked.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string", default: "." },
    seeds: { type: "string", default: "3" },
    rounds: { type: "string", default: "15" },
    only: { type: "string", default: "" },
    json: { type: "boolean" },
  },
});
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const rounds = Number(values.rounds);
const boards = 16;

/** What the boards train: one selection, or several that they take in turn. */
interface Variant {
  name: string;
  selections: Selection[];
}

const whole = (layer: number): LayerSelection => ({ layer, bias: true, weights: "all" });
const biasOf = (layer: number): LayerSelection => ({ layer, bias: true, weights: "none" });
/** The k-th `count` of a layer's `of` input channels, round and round. */
const share = (layer: number, k: number, count: number, of: number): LayerSelection => ({
  layer,
  bias: true,
  weights: Array.from({ length: count }, (_, i) => (k * count + i) % of),
});
const inTurn = (shares: number, of: (k: number) => Selection): Selection[] =>
  Array.from({ length: shares }, (_, k) => of(k));

interface Setting {
  name: string;
  model: Model;
  train: Dataset;
  test: Dataset;
  /** The host's own samples, for the first model, and the boards'. */
  deal(seed: number): { host: Dataset; shards: Dataset[] };
  first: { epochs: number; learningRate: number };
  learningRate: number;
  /** Shares of the last layer each mend the whole error, so that together they overshoot unless they are divided by all boards. */
  divisor: "buffer" | "covering";
  variants: Variant[];
}

const dealt = (data: Dataset, partition: Partition): Dataset[] =>
  partition.map((indices, i) => subset(data, indices.length > 0 ? indices : [i])); // a board that was dealt nothing has one sample

const digits: Variant[] = [
  { name: "full", selections: [[whole(0), whole(1), whole(2)]] },
  { name: "head", selections: [[whole(2)]] },
  { name: "half of the head, in turn", selections: inTurn(2, (k) => [share(2, k, 8, 16)]) },
  { name: "a quarter of the head, in turn", selections: inTurn(4, (k) => [share(2, k, 4, 16)]) },
];
const motions: Variant[] = [
  { name: "full", selections: [[whole(0), whole(1), whole(3)]] },
  { name: "conv1 and head", selections: [[whole(0), biasOf(1), whole(3)]] },
  {
    name: "half of conv1, in turn, and head",
    selections: inTurn(2, (k) => [share(0, k, 3, 6), biasOf(1), whole(3)]),
  },
  {
    name: "a third of conv1, in turn, and head",
    selections: inTurn(3, (k) => [share(0, k, 2, 6), biasOf(1), whole(3)]),
  },
  { name: "3 channels of conv2, in turn, and head", selections: inTurn(6, (k) => [share(1, k, 3, 16), whole(3)]) },
  { name: "head and the bias before", selections: [[biasOf(1), whole(3)]] },
  { name: "head", selections: [[whole(3)]] },
];

function imageSetting(hostSamples: number): Setting {
  const data = mnist({ train: 24_000, test: 4_000 });
  return {
    ...data,
    name: `image-cnn, first model of ${hostSamples} digits`,
    model: referenceModels["image-cnn"] as Model,
    deal(seed) {
      const random = seeded(seed);
      const order = shuffle(
        Uint32Array.from({ length: data.train.count }, (_, i) => i),
        random,
      );
      const shared = subset(data.train, order.subarray(hostSamples));
      return {
        host: subset(data.train, order.subarray(0, hostSamples)),
        shards: dealt(shared, dirichlet(shared, boards, 0.5, random)),
      };
    },
    first: { epochs: 8, learningRate: 0.02 },
    learningRate: 0.01,
    divisor: "buffer",
    variants: digits,
  };
}

function motionSetting(folder: string, hostUsers: number): Setting {
  const data = hapt(folder);
  const all = Array.from({ length: data.train.count }, (_, i) => i);
  return {
    ...data,
    name: `motion-cnn, first model of ${hostUsers} people`,
    model: referenceModels["motion-cnn"] as Model,
    deal(seed) {
      const random = seeded(seed);
      const people = shuffle(Uint16Array.from(new Set(data.train.users)).sort(), random);
      const own = new Set(people.subarray(0, hostUsers));
      const of = (mine: boolean) =>
        subset(
          data.train,
          all.filter((i) => own.has(data.train.users[i]!) === mine),
        );
      const shared = of(false);
      return {
        host: of(true),
        shards: dealt(shared, byUser(shared, Math.min(boards, people.length - hostUsers), random)),
      };
    },
    first: { epochs: 20, learningRate: 0.01 },
    learningRate: 0.005,
    divisor: "covering",
    variants: motions,
  };
}

interface World {
  seed: number;
  shards: Dataset[];
  firstModel: Float32Array;
}

/** Mean accuracy of the last three versions. */
async function accuracyOf(
  setting: Setting,
  normalisation: Normalisation,
  plans: Plan[],
  w: World,
  evaluator: ModelEvaluator,
): Promise<number> {
  const { models } = await lastModels(kernels, {
    strategy: ftte({ buffer: w.shards.length, divisor: setting.divisor }),
    folder,
    normalisation,
    training: { steps: 60, learningRate: setting.learningRate, checkpointEvery: 0, encoding: "int8" },
    seed: w.seed,
    refreshFrozenEvery: 1, // what a board holds frozen others may train
    boards: w.shards.map((data, i) => {
      const turn = i % plans.length;
      const id = `board-${String(i).padStart(2, "0")}`;
      return {
        id,
        class: `share ${turn}`,
        speed: 1,
        plan: plans[turn]!,
        samples: packElements(data),
        labels: data.labels,
      };
    }),
    firstModel: w.firstModel,
    versions: rounds,
    keep: 3,
  });
  return models.reduce((sum, m) => sum + evaluator.evaluate(m).accuracy, 0) / models.length;
}

const median = (list: number[]) => list.toSorted((a, b) => a - b)[list.length >> 1]!;

interface Row {
  variant: string;
  arena: number; // bytes, of the largest share
  saved: number; // share of full training's
  trained: number; // parameters of the largest share
  accuracy: { median: number; least: number; most: number };
  /** Median over the seeds of the difference to full training on the same seed. */
  gain: number;
}

async function measure(setting: Setting): Promise<{ setting: string; accuracyBefore: number; rows: Row[] }> {
  const { model, train, test, variants } = setting;
  const normalisation = normalisationOf(train);
  const evaluator = new ModelEvaluator(kernels, { model, data: test, normalisation });
  const worlds = seeds.map((seed): World => {
    const { host, shards } = setting.deal(seed);
    return { seed, shards, firstModel: pretrain(kernels, model, host, normalisation, { ...setting.first, seed }) };
  });
  const rows: Row[] = [];
  let full: { arena: number; accuracies: number[] } | undefined;
  for (const { name, selections } of variants) {
    const plans = selections.map((selection) => planModel(model, { selection, stripes: "smallest" }));
    const arena = Math.max(...plans.map((p) => p.memoryBytes));
    const accuracies: number[] = [];
    for (const world of worlds) accuracies.push(await accuracyOf(setting, normalisation, plans, world, evaluator));
    full ??= { arena, accuracies };
    rows.push({
      variant: name,
      arena,
      saved: 1 - arena / full.arena,
      trained: Math.max(...plans.map((p) => p.sliceCount)),
      accuracy: { median: median(accuracies), least: Math.min(...accuracies), most: Math.max(...accuracies) },
      gain: median(accuracies.map((a, i) => a - full!.accuracies[i]!)),
    });
    process.stderr.write(`${setting.name}: ${name}, ${arena} bytes, ${(100 * median(accuracies)).toFixed(1)} %\n`);
  }
  const before = worlds.map(({ firstModel }) => evaluator.evaluate(firstModel).accuracy);
  return { setting: setting.name, accuracyBefore: median(before), rows };
}

await buildGuest();
await buildFold();
const kernels = loadKernels(builtGuest("kernels.twin.wasm"));
const folder = wasmFolder(readFileSync(builtGuest("fold.wasm")), "int8");
const data = unpacked(values.data, archives.hapt);
const onPeople = data ? [5, 10].map((people) => motionSetting(data, people)) : [];
const settings = [...onPeople, imageSetting(600), imageSetting(3000)];

const points = (n: number) => (n * 100).toFixed(1);
const results = [];
for (const setting of settings.filter(({ name }) => name.includes(values.only))) results.push(await measure(setting));
if (values.json) console.log(JSON.stringify({ type: "truncated", seeds: seeds.length, rounds, results }));
else
  for (const { setting, accuracyBefore, rows } of results) {
    const cells = rows.map((r) => [
      ...[r.variant, String(r.arena), `−${(100 * r.saved).toFixed(0)} %`, String(r.trained), points(r.accuracy.median)],
      ...[`${points(r.accuracy.least)}–${points(r.accuracy.most)}`, `${r.gain > 0 ? "+" : ""}${points(r.gain)}`],
    ]);
    console.log(`\n${setting}: ${points(accuracyBefore)} % before\n`);
    console.log(table(["trained", "arena", "saved", "parameters", "accuracy %", "range", "to full"], cells));
  }
