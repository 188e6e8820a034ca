// A hundred virtual boards on this machine: does the run finish, where does the time go, what does the host need. Board time is what the
// fleet reports of each board's phases; host time is measured around the store and the fold, and around
// everything by the process itself.
//
//     npm run bench:fleet -- [--boards 100] [--minutes 1] [--json]

import { parseArgs } from "node:util";
import { buildFold } from "../../host/build/fold.ts";
import type { FtteConfig } from "../../host/cli/config.ts";
import { builtFolder } from "../../host/cli/training_run.ts";
import { percent, table } from "../../host/cli/view/text.ts";
import type { RunEvent } from "../../host/fl/events.ts";
import type { Store } from "../../host/store/store.ts";
import { federated } from "./federated.ts";

const { values } = parseArgs({
  options: {
    boards: { type: "string", default: "100" },
    minutes: { type: "string", default: "1" },
    json: { type: "boolean" },
  },
});
const boards = Number(values.boards);
const config: FtteConfig = {
  name: "fleet",
  model: "image-cnn",
  data: { kind: "mnist", train: 60_000, test: 1000 },
  partition: { kind: "dirichlet", alpha: 0.5 },
  firstModel: { samples: 600, epochs: 8 },
  fleet: [
    { board: "virtual-64k", count: Math.ceil(boards / 2), budget: "20k" },
    { board: "virtual-256k", count: Math.floor(boards / 2), train: "all" },
  ],
  training: { steps: 60, learningRate: 0.01, checkpointEvery: 0 },
  strategy: { name: "ftte", buffer: 20 },
  refreshFrozenEvery: 10,
  stop: { minutes: Number(values.minutes) },
  seed: 1,
};

/** Seconds that boards spent in each activity, from one event of a board to the next. */
const phases = new Map<string, number>();
const last = new Map<string, { activity: string; seconds: number }>();
function watch(event: RunEvent): void {
  if (event.type !== "board") return;
  const before = last.get(event.board);
  if (before) phases.set(before.activity, (phases.get(before.activity) ?? 0) + event.seconds - before.seconds);
  last.set(event.board, { activity: event.activity, seconds: event.seconds });
}

/** An object whose methods' time is added up. */
function timed<T extends object>(target: T, add: (ms: number) => void): T {
  return new Proxy(target, {
    get(_, name) {
      const member = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const start = performance.now();
        const result = Reflect.apply(member, target, args);
        add(performance.now() - start);
        return result;
      };
    },
  });
}

let storeMs = 0;
let foldMs = 0;
function timeStore(store: Store): void {
  const open = store.open.bind(store);
  store.open = (run) =>
    timed(open(run), (ms) => {
      storeMs += ms;
    });
}
await buildFold();
const folder = timed(builtFolder("int8"), (ms) => {
  foldMs += ms;
});

const cpu = process.cpuUsage();
let peak = 0;
const sampler = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 200);
const run = await federated(config, { on: watch, onStore: timeStore, folder });
clearInterval(sampler);
const { user, system } = process.cpuUsage(cpu);
const total = [...phases.values()].reduce((a, b) => a + b, 0);
const report = {
  type: "fleet",
  boards,
  seconds: run.seconds,
  accuracy: run.accuracy,
  versions: run.versions,
  updates: run.updates,
  updatesPerSecond: run.updates.folded / run.seconds,
  boardTime: Object.fromEntries([...phases].map(([name, seconds]) => [name, seconds / total])),
  host: {
    cpuSeconds: (user + system) / 1e6,
    storeSeconds: storeMs / 1000,
    foldSeconds: foldMs / 1000,
    memoryBytes: peak,
  },
};
if (values.json) console.log(JSON.stringify(report));
else {
  const rows = [
    ["boards", String(boards)],
    ["updates folded, lost", `${run.updates.folded}, ${run.updates.lost}`],
    ["updates per second", report.updatesPerSecond.toFixed(1)],
    ["accuracy", percent(run.accuracy)],
    ...Object.entries(report.boardTime).map(([name, share]) => [`boards ${name}`, percent(share)]),
    ["host CPU", `${report.host.cpuSeconds.toFixed(1)} s of ${run.seconds.toFixed(0)} s`],
    ["host store", `${report.host.storeSeconds.toFixed(2)} s`],
    ["host fold", `${report.host.foldSeconds.toFixed(2)} s`],
    ["host memory", `${(peak / 1e6).toFixed(0)} MB`],
  ];
  console.log(table(["fleet", ""], rows));
}
