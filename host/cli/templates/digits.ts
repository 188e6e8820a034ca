// The first project: digits, which need no sensor and no download.

import type { Template } from "./template.ts";

export const digits: Template = {
  config: (name) => `import { defineConfig } from "ftte/config";

export default defineConfig({
  name: "${name}",

  // The model, layer by layer. "ftte plan" shows what every byte of it is for.
  model: {
    name: "digits",
    kind: "classifier",
    input: { shape: [28, 28, 1], type: "u8" },
    layers: [
      { kind: "conv2d", filters: 8, kernel: [5, 5], stride: [2, 2], activation: "relu" },
      { kind: "conv2d", filters: 16, kernel: [5, 5], stride: [2, 2], activation: "relu" },
      { kind: "dense", units: 10 },
    ],
  },

  // What it learns from. Your own recordings: { kind: "csv", path: "imu.csv", columns: ["ax", "ay", "az"], label: "activity",
  // user: "person", window: 128, hop: 64, testUsers: [3] }
  data: { kind: "mnist" },
  partition: { kind: "dirichlet", alpha: 0.5 },
  firstModel: { samples: 1200, epochs: 10 },

  // Who trains. Real boards: { board: "nrf52840-dk", ports: ["/dev/ttyACM0"], budget: "96k" }
  fleet: [
    { board: "virtual-64k", count: 4, budget: "24k" },
    { board: "virtual-256k", count: 4, train: "all" },
  ],

  training: { steps: 150, learningRate: 0.02 },
  strategy: { name: "ftte" },
  stop: { minutes: 1 },
  seed: 1,
});
`,
  readme: "",
};
