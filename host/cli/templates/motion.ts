// What the wearer does, from an LSM6DS3 on the wrist: 2.5 s of acceleration and rotation.

import { type SyntheticLabel, syntheticCsv } from "../../data/synthetic.ts";
import { onAWrist, type Template } from "./template.ts";

/** How the sensor counts, as board-configs/xiao-nrf52840-sense.json sets it: ±4 g and ±1000 °/s (LSM6DS3TR-C datasheet, table 3). */
export const imuCounts = "[8197, 8197, 8197, 28.57, 28.57, 28.57]";
export const imuColumns = ["ax", "ay", "az", "gx", "gy", "gz"];

/** @param swing g; `turn` degrees a second */
export function movement(name: string, hz: number, swing: number, turn: number): SyntheticLabel {
  const acceleration = [0, 0, 1].map((rest, i) => ({
    size: swing / (i + 1),
    harmonic: i === 1 ? 2 : 1,
    rest,
    noise: 0.08,
  }));
  const rotation = [1, 0.6, 0.3].map((part, i) => ({
    size: turn * part,
    harmonic: i === 2 ? 2 : 1,
    rest: 0,
    noise: 6,
  }));
  return { name, hz, channels: [...acceleration, ...rotation] };
}

export const motion: Template = {
  config: (name) => `import { defineConfig } from "ftte/config";

export default defineConfig({
  name: "${name}",

  // 2.5 s of an LSM6DS3 at 52 Hz: ax, ay, az, gx, gy, gz in its counts.
  model: {
    name: "motion",
    kind: "classifier",
    input: { shape: [128, 6], type: "i16" },
    layers: [
      { kind: "conv1d", filters: 8, kernel: 5, stride: 2, activation: "relu" },
      { kind: "conv1d", filters: 16, kernel: 5, stride: 2, activation: "relu" },
      { kind: "globalAveragePool" },
      { kind: "dense", units: 4 },
    ],
  },

  // g and degrees a second, in the counts of the sensor on the board. Boards cut the same windows from what they measure.
  data: {
    kind: "csv",
    path: "recordings.csv",
    columns: ${JSON.stringify(imuColumns)},
    type: "i16",
    counts: ${imuCounts},
    label: "label",
    user: "person",
    window: 128,
    hop: 64,
    testUsers: [7, 8],
  },
  partition: { kind: "by-user" },
  firstModel: { users: 1, epochs: 5 },

  // Real boards: { board: "xiao-nrf52840-sense", ports: ["/dev/ttyACM0"] }
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
  readme: onAWrist("xiao-nrf52840-sense", "walking"),
  recordings: () =>
    syntheticCsv({
      columns: imuColumns,
      labels: [
        movement("resting", 0.3, 0.02, 2),
        movement("walking", 1.8, 0.35, 60),
        movement("running", 2.7, 1.1, 190),
        movement("stairs", 1.3, 0.5, 120),
      ],
      people: 8,
      seconds: 12,
      rateHz: 52,
      digits: 3,
    }),
};
