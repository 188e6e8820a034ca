// Activity recognition on people whom the model has never seen: 16 boards with one person's recordings each, started from a model of 5
// other people; accuracy on the 9 official test users, beside synchronous full-model FedAvg on the same boards and recordings.
//
//     npm run bench:hapt -- --data <folder with RawData/ or RawData.tar.xz> [--minutes 2] [--json]

import { parseArgs } from "node:util";
import type { FtteConfig } from "../../host/cli/config.ts";
import { percent, table } from "../../host/cli/view/text.ts";
import { fedavgOf, federated, figures } from "./federated.ts";
import { archives, unpacked } from "./unpacked.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string", default: "." },
    minutes: { type: "string", default: "2" },
    json: { type: "boolean" },
  },
});
const data = unpacked(values.data, archives.hapt);
if (!data) process.exit(0);

const config: FtteConfig = {
  name: "hapt",
  model: {
    name: "hapt-cnn",
    kind: "classifier",
    input: { shape: [128, 6], type: "i16" },
    layers: [
      { kind: "conv1d", filters: 16, kernel: 5, stride: 2, activation: "relu" },
      { kind: "conv1d", filters: 16, kernel: 5, stride: 2, activation: "relu" },
      { kind: "globalAveragePool" },
      { kind: "dense", units: 6 },
    ],
  },
  data: { kind: "hapt", path: data },
  partition: { kind: "by-user" },
  firstModel: { users: 5, epochs: 20, learningRate: 0.01 },
  fleet: [
    { board: "virtual-64k", count: 8, budget: "20k" },
    { board: "virtual-256k", count: 8, train: "all" },
  ],
  training: { steps: 60, learningRate: 0.005, checkpointEvery: 0 },
  strategy: { name: "ftte", buffer: 8 },
  refreshFrozenEvery: 8,
  stop: { minutes: Number(values.minutes) },
  seed: 1,
};

const ftte = await federated(config);
const fedavg = await federated(fedavgOf(config), { shards: ftte.shards });
const report = { type: "hapt", parameters: ftte.parameters, ftte: figures(ftte), fedavg: figures(fedavg) };
if (values.json) console.log(JSON.stringify(report));
else {
  const row = (name: string, r: typeof report.ftte) => [
    name,
    percent(r.accuracyBefore),
    percent(r.accuracy),
    String(r.bytes),
    String(Math.min(...r.memory.map((m) => m.planned))),
    String(r.versions),
  ];
  console.log(
    table(
      ["9 unseen users", "before", "after", "bytes", "smallest arena", "versions"],
      [row("ftte", report.ftte), row("fedavg, full model", report.fedavg)],
    ),
  );
}
