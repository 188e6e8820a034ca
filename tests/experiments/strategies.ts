// The rows of the headline experiment: what each rival is, and the four settings that it is tuned over. Every row has the same budget: two
// client learning rates times two settings of the server.

import type { FleetEntry, FtteConfig } from "../../host/cli/config.ts";
import { fullFleet, headsFleet, inTurnFleet, type Setting, subsetFleet, tieredFleet } from "./settings.ts";

type Strategy = NonNullable<FtteConfig["strategy"]>;
type Encoding = Pick<NonNullable<FtteConfig["training"]>, "encoding" | "kept">;
type Server = NonNullable<FtteConfig["server"]>;

export interface Row {
  name: string;
  fleet: (setting: Setting, clients: number) => FleetEntry[];
  encoding: Encoding;
  /** The two settings of the server, for so many boards at work at once. */
  server: (concurrency: number) => { strategy: Strategy; server?: Server }[];
}

const f32: Encoding = { encoding: "f32" };
const int8: Encoding = { encoding: "int8" };
const int4: Encoding = { encoding: "int4" };
const topK: Encoding = { encoding: "top-k", kept: 1 / 8 };

const plain = { server: { averaging: 0 } };
const averaged = { server: { averaging: 0.9 } };
const rates = [1, 1.5];

/** FedBuff's K: a fifth of the boards at work, 2 at least and its paper's 10 at most. That is FTTE's own default, but for few boards that are all at work. */
const bufferOf = (concurrency: number) => Math.min(10, Math.max(2, Math.round(concurrency / 5)));

const rounds =
  (averaging: typeof plain | typeof averaged) =>
  (cohort: number): ReturnType<Row["server"]> =>
    rates.map((serverLearningRate) => ({ strategy: { name: "fedavg", cohort, serverLearningRate }, ...averaging }));

/** As many boards at work as the others have, three in ten of which are not waited for. */
const overSelected = (concurrency: number): ReturnType<Row["server"]> =>
  rates.map((serverLearningRate) => {
    const cohort = Math.max(1, Math.round(concurrency / 1.3));
    return { strategy: { name: "fedavg", cohort, overSelection: concurrency / cohort, serverLearningRate } };
  });

const buffered =
  (options: { name: "fedbuff"; turns?: "time" } | { name: "ftte" }) =>
  (concurrency: number): ReturnType<Row["server"]> => {
    const buffer = options.name === "fedbuff" ? { buffer: bufferOf(concurrency) } : {};
    const strategy = { ...options, ...buffer, concurrency };
    return [
      { strategy: { ...strategy, serverLearningRate: 1 }, ...plain },
      { strategy: { ...strategy, serverLearningRate: 1.5 }, ...averaged },
    ];
  };

const everyArrival = (concurrency: number): ReturnType<Row["server"]> => [
  { strategy: { name: "fedasync", concurrency, mixing: 0.6 }, ...plain },
  { strategy: { name: "fedasync", concurrency, mixing: 0.3 }, ...averaged },
];

export const reference = "FedAvg, f32";

export const rows: Row[] = [
  { name: reference, fleet: fullFleet, encoding: f32, server: rounds(plain) },
  { name: "FedAvg over-selected, f32", fleet: fullFleet, encoding: f32, server: overSelected },
  { name: "FedAvg averaged, f32", fleet: fullFleet, encoding: f32, server: rounds(averaged) },
  { name: "FedAvg, int8", fleet: fullFleet, encoding: int8, server: rounds(plain) },
  { name: "FedAsync, f32", fleet: fullFleet, encoding: f32, server: everyArrival },
  { name: "FedBuff, f32", fleet: fullFleet, encoding: f32, server: buffered({ name: "fedbuff" }) },
  { name: "FedBuff, int8", fleet: fullFleet, encoding: int8, server: buffered({ name: "fedbuff" }) },
  {
    name: "FedBuff, int8, turns by time",
    fleet: fullFleet,
    encoding: int8,
    server: buffered({ name: "fedbuff", turns: "time" }),
  },
  { name: "FTTE, one subset", fleet: subsetFleet, encoding: int8, server: buffered({ name: "ftte" }) },
  { name: "FTTE, subsets in turn", fleet: inTurnFleet, encoding: int8, server: buffered({ name: "ftte" }) },
  { name: "FTTE, tiers", fleet: tieredFleet, encoding: int8, server: buffered({ name: "ftte" }) },
  { name: "FTTE, tiers with heads", fleet: headsFleet, encoding: int8, server: buffered({ name: "ftte" }) },
  { name: "FTTE, tiers with heads, int4", fleet: headsFleet, encoding: int4, server: buffered({ name: "ftte" }) },
  { name: "FTTE, tiers with heads, top-k", fleet: headsFleet, encoding: topK, server: buffered({ name: "ftte" }) },
];

/** One cell of the experiment. */
export interface Cell {
  setting: string;
  partition: string;
  clients: number;
  stragglers: number; // share
  concurrency: "equal" | "double";
  row: string;
  variant: number; // of the row's four
  seed: number;
}

/** So many boards are at work at once: a tenth of them, at least five; or twice as many. */
export const concurrencyOf = ({ clients, concurrency }: Pick<Cell, "clients" | "concurrency">): number =>
  Math.min(clients, Math.max(5, Math.round(clients / 10)) * (concurrency === "double" ? 2 : 1));

/** A straggler takes up to so many times as long; evenly distributed. */
export const slowdown = 10;

/** What a variant of a row sets, for the report. */
export function variantText(setting: Setting, row: Row, variant: number): string {
  const { strategy, server } = row.server(10)[variant % 2]!;
  const mixing = strategy.name === "fedasync" ? `mixing ${strategy.mixing}` : undefined;
  const rate = strategy.name === "fedasync" ? undefined : `server rate ${strategy.serverLearningRate ?? 1}`;
  const mean = server?.averaging ? `averaging ${server.averaging}` : undefined;
  return [`rate ${setting.learningRates[variant >> 1]}`, mixing ?? rate, mean].filter(Boolean).join(", ");
}

export function configOf(setting: Setting, row: Row, cell: Cell): FtteConfig {
  const partition = setting.partitions.find(({ name }) => name === cell.partition)!.config;
  return {
    name: "headline",
    model: setting.model,
    data: setting.data(cell.clients),
    partition,
    firstModel: setting.firstModel,
    fleet: row.fleet(setting, cell.clients),
    training: {
      steps: setting.steps,
      learningRate: setting.learningRates[cell.variant >> 1]!,
      checkpointEvery: 0,
      ...row.encoding,
    },
    ...row.server(concurrencyOf(cell))[cell.variant & 1]!,
    refreshFrozenEvery: 100,
    simulation: { stragglers: { share: cell.stragglers, slowdown } },
    stop: { versions: 1_000_000 }, // the updates end it
    seed: cell.seed,
  };
}
