// The same small experiment here and in TensorFlow.js, in Node on one core: federated averaging of the image CNN from the same first model, ten
// clients with the same digits in the same order, one pass a round, batch 1, plain SGD, f32 updates, and the accuracy of the last model.
// TensorFlow.js is installed into build/peer when it is not there; nothing of the product needs it.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildFold } from "../../../host/build/fold.ts";
import { buildGuest } from "../../../host/build/guest.ts";
import { builtGuest, root } from "../../../host/build/root.ts";
import { normalisationOf, packElements, subset } from "../../../host/data/dataset.ts";
import { mnist } from "../../../host/data/mnist.ts";
import { seeded } from "../../../host/data/random.ts";
import type { Dataset } from "../../../host/data/types.ts";
import { fedavg } from "../../../host/fl/fedavg.ts";
import { wasmFolder } from "../../../host/fl/fold.ts";
import { evenSchedule } from "../../../host/fl/schedule.ts";
import { initialise } from "../../../host/plan/initialise.ts";
import { planModel } from "../../../host/plan/plan.ts";
import { referenceModels } from "../../../host/plan/reference_models.ts";
import { shapeModel } from "../../../host/plan/shapes.ts";
import type { Normalisation } from "../../../host/plan/types.ts";
import { ModelEvaluator } from "../../../host/sim/evaluate.ts";
import { loadKernels } from "../../../host/sim/guest.ts";
import { sampleIndex } from "../../../host/sim/sample_order.ts";
import { type SimulatedBoard, simulate } from "../../../host/sim/simulate.ts";
import { type Job, Trainer } from "../../../host/sim/trainer.ts";
import type { Figure } from "./measure.ts";

const packages = ["@tensorflow/tfjs@4.22.0", "@tensorflow/tfjs-backend-wasm@4.22.0"];
const folder = join(root, "build", "peer");
const model = referenceModels["image-cnn"];
const [clients, digits, rounds, learningRate] = [10, 60, 5, 0.01];

interface Outcome {
  seconds: number;
  accuracy: number;
}

interface World {
  shards: Dataset[];
  test: Dataset;
  normalisation: Normalisation;
  firstModel: Float32Array;
}

function world(): World {
  const { train, test } = mnist({ train: clients * digits, test: 1000 });
  const indices = (client: number) => Array.from({ length: digits }, (_, i) => i * clients + client);
  const shards = Array.from({ length: clients }, (_, client) => subset(train, indices(client)));
  const firstModel = initialise(shapeModel(model), seeded(1));
  return { shards, test, normalisation: normalisationOf(train), firstModel };
}

/** The run, and the seeds of the orders in which its boards went through their samples: by board, then by round. */
async function ours({ shards, test, normalisation, firstModel }: World): Promise<Outcome & { seeds: number[][] }> {
  const kernels = loadKernels(builtGuest("kernels.twin.wasm"));
  const plan = planModel(model, { selection: "all" });
  const boards = shards.map((shard, i): SimulatedBoard => {
    return { id: `c-${i}`, class: "all", plan, speed: 1, samples: packElements(shard), labels: shard.labels };
  });
  const trainer = new Trainer(kernels, boards);
  const evaluator = new ModelEvaluator(kernels, { model, data: test, normalisation });
  const seeds = boards.map((): number[] => []);
  const folder = wasmFolder(readFileSync(builtGuest("fold.wasm")), "f32");
  const start = performance.now();
  const run = await simulate({
    ...{ boards, firstModel, folder, normalisation },
    strategy: fedavg(),
    training: { steps: digits, learningRate, checkpointEvery: 0, encoding: "f32" },
    seed: 1,
    refreshFrozenEvery: 0,
    normLimit: 1e3,
    schedule: evenSchedule(1),
    train(job: Job) {
      seeds[job.board]![job.baseVersion] = job.seed;
      return trainer.train(job);
    },
    stop: { versions: rounds },
    evaluateEvery: Number.POSITIVE_INFINITY,
    evaluate: () => ({ accuracy: 0, loss: 0 }),
  });
  const { accuracy } = evaluator.evaluate(run.parameters);
  return { seconds: (performance.now() - start) / 1000, accuracy, seeds };
}

function install(): void {
  if (existsSync(join(folder, "node_modules", "@tensorflow", "tfjs-backend-wasm"))) return;
  mkdirSync(folder, { recursive: true });
  const options = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"];
  const { status } = spawnSync("npm", ["install", "--prefix", folder, ...options, ...packages], { stdio: "inherit" });
  if (status !== 0) throw new Error(`${packages.join(" and ")} could not be installed into ${folder}`);
}

/** The flat parameters as TensorFlow.js takes them: filters (kh, kw, in, out), dense weights (in, out). */
function tensors(parameters: Float32Array) {
  const out = new Map(
    shapeModel(model).parameters.map((p) => [
      `${p.layer}/${p.role}`,
      parameters.subarray(p.offset, p.offset + p.count),
    ]),
  );
  const last = shapeModel(model).layers.length - 1;
  const parts: [key: string, shape: number[]][] = [
    ...([
      ["0/weights", [5, 5, 1, 8]],
      ["0/bias", [8]],
      ["1/weights", [5, 5, 8, 16]],
      ["1/bias", [16]],
    ] as [string, number[]][]),
    ...([
      [`${last}/weights`, [256, 10]],
      [`${last}/bias`, [10]],
    ] as [string, number[]][]),
  ];
  return parts.map(([key, shape]) => {
    const values = out.get(key)!;
    const outputs = shape.at(-1)!;
    const inputs = values.length / outputs;
    const turned =
      shape.length === 1 ? values : values.map((_, i) => values[(i % outputs) * inputs + Math.floor(i / outputs)]!);
    return { values: [...turned], shape };
  });
}

function peer(backend: string, { shards, test, normalisation, firstModel }: World, seeds: number[][]): Outcome {
  const images = (data: Dataset) => ({
    images: Buffer.from(packElements(data)).toString("base64"),
    labels: [...data.labels],
  });
  const order = (seed: number) => Array.from({ length: digits }, (_, step) => sampleIndex(seed, step, digits));
  const experiment = {
    ...{ rounds, learningRate, scale: normalisation.scale[0], offset: normalisation.offset[0] },
    clients: shards.map((shard, i) => ({ ...images(shard), orders: seeds[i]!.map(order) })),
    test: images(test),
    weights: tensors(firstModel),
  };
  const path = join(folder, "experiment.json");
  writeFileSync(path, JSON.stringify(experiment));
  const program = fileURLToPath(new URL("peer_tensorflow.mjs", import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, folder, backend, path], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`TensorFlow.js (${backend}) failed: ${stderr.slice(-2000)}`);
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

export async function peerFigures(): Promise<Figure[]> {
  await buildGuest();
  await buildFold();
  install();
  const shared = world();
  const here = await ours(shared);
  const row = (what: string, { seconds, accuracy }: Outcome): Figure[] => [
    { row: "peer", what, value: seconds, unit: "s", ratios: { ours: seconds / here.seconds } },
    { row: "peer", what, value: accuracy * 100, unit: "% accuracy" },
  ];
  const there = (backend: string) => row(`TensorFlow.js, ${backend}`, peer(backend, shared, here.seeds));
  return [...row("ours", here), ...there("wasm"), ...there("cpu")];
}
