// What is unusual in how the wearer moves: an autoencoder that boards train on whatever they measure, without labels.

import { syntheticCsv } from "../../data/synthetic.ts";
import { imuColumns, imuCounts, movement } from "./motion.ts";
import type { Template } from "./template.ts";

export const anomaly: Template = {
  config: (name) => `import { defineConfig } from "ftte/config";

export default defineConfig({
  name: "${name}",

  // 0.6 s of an LSM6DS3 at 52 Hz, rebuilt from 12 numbers: what the model rebuilds badly is unusual.
  model: {
    name: "usual-motion",
    kind: "autoencoder",
    input: { shape: [32, 6], type: "i16" },
    layers: [
      { kind: "flatten" },
      { kind: "dense", units: 12, activation: "tanh" },
      { kind: "dense", units: 192 },
    ],
  },

  data: {
    kind: "csv",
    path: "recordings.csv",
    columns: ${JSON.stringify(imuColumns)},
    type: "i16",
    counts: ${imuCounts},
    label: "label",
    user: "person",
    window: 32,
    hop: 16,
    testUsers: [7, 8],
  },
  partition: { kind: "by-user" },
  firstModel: { users: 1, epochs: 5 },

  // Real boards: { board: "xiao-nrf52840-sense", ports: ["/dev/ttyACM0"] }
  fleet: [
    { board: "virtual-64k", count: 2, budget: "24k" },
    { board: "virtual-256k", count: 3, train: "all" },
  ],

  training: { steps: 100, learningRate: 0.01 },
  strategy: { name: "ftte", buffer: 2 },
  stop: { minutes: 1 },
  seed: 1,
});
`,
  readme: `## On a wrist

    npx ftte flash --board xiao-nrf52840-sense
    npx ftte train        # with { board: "xiao-nrf52840-sense", ports: ["/dev/ttyACM0"] } in the fleet
    npx ftte monitor wrist-01   # its scores as they come, and what was unusual; "npx ftte boards" shows the last one

A board with this model records by itself while it is idle: it learns its wearer's usual from its own samples, and judges each new one against
it. When its log is full it goes on watching and records no more; \`ftte data clear\` begins anew. Nothing of a sample leaves it but the score.

recordings.csv was made up by a program: it shows that everything runs, and measures nothing.
`,
  recordings: () =>
    syntheticCsv({
      columns: imuColumns,
      labels: [movement("usual", 1.8, 0.35, 60)],
      people: 8,
      seconds: 20,
      rateHz: 52,
      digits: 3,
    }),
};
