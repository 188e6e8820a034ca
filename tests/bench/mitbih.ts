// Arrhythmia on the wrist, by patient (DS1/DS2 of de Chazal et al., 2004): a beat classifier trained by 18 boards with one patient each,
// started from a model of 4 others, judged on the 22 patients of DS2 by macro-F1 and the recall of V and S; and the autoencoder: how well
// the reconstruction error tells abnormal beats of each DS2 patient, before and after learning the patient's own first 300 normal beats.
//
//     npm run bench:mitbih -- --data <folder with .hea .atr and .dat or dat.tar.xz> [--minutes 2] [--json]

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { builtGuest } from "../../host/build/root.ts";
import type { FtteConfig } from "../../host/cli/config.ts";
import { modelOf } from "../../host/cli/setup.ts";
import { table } from "../../host/cli/view/text.ts";
import { normalisationOf, packElements, sampleBytes, subset } from "../../host/data/dataset.ts";
import { mitbih } from "../../host/data/mitbih.ts";
import { seeded, shuffle } from "../../host/data/random.ts";
import type { Dataset } from "../../host/data/types.ts";
import { packFrozen } from "../../host/plan/frozen.ts";
import { planModel } from "../../host/plan/plan.ts";
import { referenceModels } from "../../host/plan/reference_models.ts";
import { gatherSlice } from "../../host/plan/slice.ts";
import type { Model } from "../../host/plan/types.ts";
import { ModelEvaluator, macroF1 } from "../../host/sim/evaluate.ts";
import { Guest } from "../../host/sim/guest.ts";
import { pretrain } from "../../host/sim/pretrain.ts";
import { fedavgOf, federated, figures } from "./federated.ts";
import { archives, unpacked } from "./unpacked.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string", default: "." },
    minutes: { type: "string", default: "2" },
    json: { type: "boolean" },
  },
});
const data = unpacked(values.data, archives.mitbih);
if (!data) process.exit(0);

/** 2.7 s at 72 Hz, mostly before the beat: how early it comes after the last one is what tells S beats. */
const beat = { samples: 192, before: 144, decimation: 5 };
const config: FtteConfig = {
  name: "mitbih",
  model: {
    name: "ecg-cnn",
    kind: "classifier",
    input: { shape: [beat.samples, 1], type: "i16" },
    layers: [
      { kind: "conv1d", filters: 8, kernel: 7, stride: 2, activation: "relu" },
      { kind: "conv1d", filters: 16, kernel: 5, stride: 2, activation: "relu" },
      { kind: "conv1d", filters: 16, kernel: 5, stride: 2, activation: "relu" },
      { kind: "dense", units: 4 },
    ],
  },
  data: { kind: "mitbih", path: data, beat },
  partition: { kind: "by-user" },
  firstModel: { users: 4, epochs: 8, learningRate: 0.01 },
  fleet: [
    { board: "virtual-64k", count: 9, budget: "16k" },
    { board: "virtual-256k", count: 9, train: "all" },
  ],
  training: { steps: 100, learningRate: 0.005, checkpointEvery: 0 },
  strategy: { name: "ftte", buffer: 9 },
  refreshFrozenEvery: 8,
  stop: { minutes: Number(values.minutes) },
  seed: 1,
};

const ftte = await federated(config);
const fedavg = await federated(fedavgOf(config), { shards: ftte.shards });
const kernels = readFileSync(builtGuest("kernels.twin.wasm"));
const beats = mitbih(data, { beat });
const judge = new ModelEvaluator(kernels, {
  model: modelOf(ftte.config),
  data: beats.test,
  normalisation: normalisationOf(beats.train),
});

function judged(run: typeof ftte) {
  const { confusion } = judge.evaluate(run.values);
  const recall = (k: number) => confusion[k]![k]! / confusion[k]!.reduce((a, b) => a + b, 0);
  return { ...figures(run), macroF1: macroF1(confusion), recallS: recall(1), recallV: recall(2) };
}

// ---- the autoencoder ----

const { train, test } = mitbih(data);

/** Chance that an abnormal beat scores above a normal one (Mann and Whitney); ties count half. */
function auc(normal: number[], abnormal: number[]): number {
  const all = [
    ...normal.map((score) => ({ score, abnormal: false })),
    ...abnormal.map((score) => ({ score, abnormal: true })),
  ];
  all.sort((a, b) => a.score - b.score);
  let ranks = 0;
  for (let i = 0; i < all.length; ) {
    let j = i;
    while (j < all.length && all[j]!.score === all[i]!.score) j++;
    for (let k = i; k < j; k++) if (all[k]!.abnormal) ranks += (i + j + 1) / 2;
    i = j;
  }
  return (ranks - (abnormal.length * (abnormal.length + 1)) / 2) / (abnormal.length * normal.length);
}

const own = 300; // normal beats that a patient's board learns from
const indices = (data: Dataset, keep: (i: number) => boolean) =>
  Array.from({ length: data.count }, (_, i) => i).filter(keep);

function anomalies() {
  const model = referenceModels["ecg-autoencoder"] as Model;
  const normals = indices(train, (i) => train.labels[i] === 0);
  const share = subset(train, shuffle(Uint32Array.from(normals), seeded(1)).subarray(0, 8000));
  const normalisation = normalisationOf(share);
  const common = pretrain(kernels, model, share, normalisation, { epochs: 5, learningRate: 0.05, seed: 1 });
  const plan = planModel(model, { selection: "all" });
  const stride = sampleBytes(test);
  return [...new Set(test.users)].flatMap((patient) => {
    const beats = subset(
      test,
      indices(test, (i) => test.users[i] === patient),
    );
    const learned = indices(beats, (i) => beats.labels[i] === 0).slice(0, own);
    const rest = indices(beats, (i) => i > (learned.at(-1) ?? 0));
    const abnormalCount = rest.filter((i) => beats.labels[i] !== 0).length;
    if (learned.length < own || abnormalCount < 10) return []; // too few to say anything
    const guest = new Guest(kernels, plan.binary, {
      frozen: packFrozen(plan, common, normalisation),
      slice: gatherSlice(plan, common),
      samples: packElements(beats),
    });
    const measure = () => {
      const scores = rest.map((i) => guest.score(i * stride));
      const of = (abnormal: boolean) => scores.filter((_, k) => (beats.labels[rest[k]!] !== 0) === abnormal);
      return auc(of(false), of(true));
    };
    guest.start();
    const before = measure();
    for (let epoch = 0; epoch < 10; epoch++) for (const i of learned) guest.step(i * stride, 0, 0.02);
    return [{ patient, abnormal: abnormalCount, before, after: measure() }];
  });
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
const patients = anomalies();
const autoencoder = {
  medianBefore: median(patients.map((p) => p.before)),
  medianAfter: median(patients.map((p) => p.after)),
  patients,
};
const report = { type: "mitbih", parameters: ftte.parameters, ftte: judged(ftte), fedavg: judged(fedavg), autoencoder };
if (values.json) console.log(JSON.stringify(report));
else {
  const row = (name: string, r: typeof report.ftte) => [
    name,
    r.macroF1.toFixed(3),
    r.recallV.toFixed(3),
    r.recallS.toFixed(3),
    String(r.bytes),
    String(Math.min(...r.memory.map((m) => m.planned))),
  ];
  console.log(
    table(
      ["DS2, 22 patients", "macro-F1", "recall V", "recall S", "bytes", "smallest arena"],
      [row("ftte", report.ftte), row("fedavg, full model", report.fedavg)],
    ),
  );
  console.log(
    `\n${table(
      ["patient", "abnormal beats", "AUC", "AUC, own baseline"],
      patients.map((p) => [String(p.patient), String(p.abnormal), p.before.toFixed(3), p.after.toFixed(3)]),
    )}`,
  );
  console.log(
    `median AUC ${autoencoder.medianBefore.toFixed(3)}, with the patient's own baseline ${autoencoder.medianAfter.toFixed(3)}`,
  );
}
