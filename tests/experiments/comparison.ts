// What the experiments beside the headline share: MNIST on 100 clients of which 90 % are stragglers, every row in every column on each seed, and a
// table of final accuracies. Which rows and columns there are, and what is written of them, is each experiment's own.

import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildFold } from "../../host/build/fold.ts";
import { buildGuest } from "../../host/build/guest.ts";
import type { FtteConfig } from "../../host/cli/config.ts";
import { archives, unpacked } from "../bench/unpacked.ts";
import { finalAccuracy, type Spread, spread } from "./figures.ts";
import { runAll } from "./pool.ts";
import type { CellOrder, CellResult } from "./run_cell.ts";
import { type Setting, settingsOf } from "./settings.ts";
import { slowdown } from "./strategies.ts";

export const clients = 100;
export const stragglerShare = 0.9;
export const setting = settingsOf({})[0]!;

/** What the configs of all rows of a setting have in common. */
const commonOf = ({ model, data, partitions, firstModel }: Setting, count: number) =>
  ({
    model,
    data: data(count),
    partition: partitions[0]!.config,
    firstModel,
    stop: { versions: 1_000_000 }, // the updates end it
  }) satisfies Partial<FtteConfig>;

export const commonConfig = commonOf(setting, clients);

/**
 * One run's config; the server averages over versions unless `given` says otherwise.
 * @param rare whether the stragglers are those that hold the rare labels; else they are drawn
 * @param of so many clients of another setting than this file's
 */
export const straggling = (
  given: Pick<FtteConfig, "name" | "fleet" | "strategy" | "server" | "seed">,
  rare: boolean,
  of = { setting, clients },
): FtteConfig => ({
  ...commonOf(of.setting, of.clients),
  training: { steps: of.setting.steps, learningRate: of.setting.learningRates[0], checkpointEvery: 0 },
  server: { averaging: 0.9 },
  ...given,
  refreshFrozenEvery: 100,
  simulation: { stragglers: { share: stragglerShare, slowdown, rare } },
});

/** By how the stragglers were chosen. */
export const stragglers: Record<string, boolean> = { "drawn stragglers": false, "rare labels are slow": true };

/** MNIST, and of HAPT and MIT-BIH those that the folder holds; says which are absent. */
export const settingsIn = (folder: string): Setting[] =>
  settingsOf({
    hapt: unpacked(join(folder, "hapt"), archives.hapt),
    mitbih: unpacked(join(folder, "mit-bih"), archives.mitbih),
  });

export interface ComparisonOptions {
  seeds: number[];
  jobs: number;
  data: string; // the folder with hapt/ and mit-bih/, for experiments that are of more than MNIST
  json: boolean;
  write: boolean;
}

/** Of the command line. @param seeds by default */
export function comparisonOptions(seeds: string): ComparisonOptions {
  const { values } = parseArgs({
    allowPositionals: true,
    options: {
      seeds: { type: "string", default: seeds },
      jobs: { type: "string" },
      data: { type: "string", default: "../shared/data" },
      json: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
    },
  });
  return {
    seeds: Array.from({ length: Number(values.seeds) }, (_, i) => i + 1),
    jobs: Number(values.jobs ?? availableParallelism()),
    data: values.data,
    json: values.json,
    write: values.write,
  };
}

export interface Comparison {
  /** A cell's results, by seed. */
  results(row: string, column: string): CellResult[];
  /** Final accuracies of each row over the seeds, by column. */
  accuracies: { row: string; accuracy: Record<string, Spread> }[];
  header: string[];
  cells: string[][];
}

/** Runs all cells. @param what for progress */
export async function compare(
  what: string,
  { seeds, jobs }: ComparisonOptions,
  rows: readonly string[],
  columns: readonly string[],
  orderOf: (row: string, column: string, seed: number) => CellOrder,
): Promise<Comparison> {
  await buildGuest();
  await buildFold();
  const list = seeds.flatMap((seed) =>
    rows.flatMap((row) => columns.map((column) => ({ row, column, order: orderOf(row, column, seed) }))),
  );
  const all = await runAll(
    list.map(({ order }) => order),
    jobs,
    (finished) => process.stderr.write(`${what}: ${finished} of ${list.length} runs\n`),
  );
  const results = (row: string, column: string) =>
    all.filter((_, i) => list[i]!.row === row && list[i]!.column === column);
  const accuracies = rows.map((row) => {
    const ofRow = columns.map((column) => [column, spread(results(row, column).map(finalAccuracy))] as const);
    return { row, accuracy: Object.fromEntries(ofRow) };
  });
  const header = ["accuracy %, median (range)", ...columns];
  const cells = accuracies.map(({ row, accuracy }) => [row, ...Object.values(accuracy).map(spreadText)]);
  return { results, accuracies, header, cells };
}

const points = (value: number) => (value * 100).toFixed(1);
export const spreadText = ({ median, least, most }: Spread) => `${points(median)} (${points(least)}–${points(most)})`;
