// A heart's rhythm from a MAX30102 on the wrist: 2.56 s of reflected light. It measures the pulse wave; an electrode's ECG needs a driver of
// its own (docs/sensors.md), and the same model takes it.

import { type SyntheticLabel, syntheticCsv } from "../../data/synthetic.ts";
import { onAWrist, type Template } from "./template.ts";

const columns = ["red", "infrared"];

const pulse = (name: string, hz: number, jitter: number): SyntheticLabel => ({
  name,
  hz,
  jitter,
  channels: [
    { size: 500, harmonic: 1, rest: -2000, noise: 60 },
    { size: 900, harmonic: 1, rest: 4000, noise: 60 },
  ],
});

export const ecg: Template = {
  config: (name) => `import { defineConfig } from "ftte/config";

export default defineConfig({
  name: "${name}",

  // 2.56 s of a MAX30102 at 50 Hz: red and infrared, in its counts.
  model: {
    name: "rhythm",
    kind: "classifier",
    input: { shape: [128, 2], type: "i16" },
    layers: [
      { kind: "conv1d", filters: 8, kernel: 7, stride: 2, activation: "relu" },
      { kind: "conv1d", filters: 12, kernel: 5, stride: 2, activation: "relu" },
      { kind: "globalAveragePool" },
      { kind: "dense", units: 3 },
    ],
  },

  data: {
    kind: "csv",
    path: "recordings.csv",
    columns: ${JSON.stringify(columns)},
    type: "i16",
    label: "label",
    user: "person",
    window: 128,
    hop: 64,
    testUsers: [7, 8],
  },
  partition: { kind: "by-user" },
  firstModel: { users: 1, epochs: 5 },

  // Real boards: { board: "esp32-c3-pulse", ports: ["/dev/ttyUSB0"] }
  fleet: [
    { board: "virtual-64k", count: 2, budget: "16k" },
    { board: "virtual-256k", count: 3, train: "all" },
  ],

  training: { steps: 100, learningRate: 0.02 },
  strategy: { name: "ftte", buffer: 2 },
  stop: { minutes: 1 },
  seed: 1,
});
`,
  readme: onAWrist("esp32-c3-pulse", "regular"),
  recordings: () =>
    syntheticCsv({
      columns,
      labels: [pulse("regular", 1.1, 0.03), pulse("fast", 2.3, 0.03), pulse("irregular", 1.2, 0.5)],
      people: 8,
      seconds: 16,
      rateHz: 50,
      digits: 0,
    }),
};
