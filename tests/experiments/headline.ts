// The headline experiment: synchronous federated averaging of the whole model in f32 against its rivals and FTTE, on the same clients, data,
// first model and number of updates.
//
//     npm run experiment -- headline [--reduced|--full|--long] [--data ../shared/data] [--cifar <folder>] [--seeds <n>] [--jobs 2] [--json] [--write]
//
// --only <data set> leaves the others out, --rows "FedAvg, f32|FTTE, tiers" the other rows. --like <data set> does not tune, but takes the variants
// that were the best on that one; --variant <0 to 3> takes that one of every row's four.
//
// Every row is tuned over its four variants, at equal concurrency and on seeds that are not reported; then its best one runs on each seed. With
// --reduced (100 clients), --full (10, 100 and 500 clients, fewer stragglers, IID) and --long (four times as many updates), the variants are those of
// the committed report. Runs that were made before are taken from build/experiments, so a command that was killed goes on where it was.

import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildFold } from "../../host/build/fold.ts";
import { buildGuest } from "../../host/build/guest.ts";
import { archives, unpacked } from "../bench/unpacked.ts";
import { type Block, figuresOf, headlineTable, type Outcome, targetOf } from "./figures.ts";
import { runAll } from "./pool.ts";
import { committedVariants, writeFull, writeLong, writeReduced, writeReport } from "./report.ts";
import type { CellOrder, CellResult } from "./run_cell.ts";
import { type Setting, settingsOf } from "./settings.ts";
import { rows as allRows, type Cell, configOf, type Row, reference } from "./strategies.ts";

const { values } = parseArgs({
  allowPositionals: true,
  options: {
    reduced: { type: "boolean" },
    full: { type: "boolean" },
    long: { type: "boolean" },
    data: { type: "string", default: "../shared/data" },
    cifar: { type: "string" },
    only: { type: "string", default: "" },
    rows: { type: "string", default: "" },
    like: { type: "string" },
    variant: { type: "string" },
    seeds: { type: "string" },
    jobs: { type: "string" },
    json: { type: "boolean" },
    write: { type: "boolean" },
  },
});
const scope = values.reduced ? "reduced" : values.full ? "full" : values.long ? "long" : "main";
const seedsOf = (setting: Setting) => {
  const usual = { reduced: 2, full: 5, long: setting.seeds, main: setting.seeds }[scope];
  return Array.from({ length: Number(values.seeds ?? usual) }, (_, i) => i + 1);
};
const asked = values.rows.split("|");
const isAsked = (dataset: string) => dataset.includes(values.only);
const rows = allRows.filter(({ name }) => values.rows === "" || name === reference || asked.includes(name));
const jobs = Number(values.jobs ?? availableParallelism());
/** Not among the seeds that are reported. */
const tuningSeeds = [100, 101, 102];
const say = (text: string) => process.stderr.write(`${text}\n`);

/** Updates folded in a run: five from each client on average; with --long four times that, measured as often. */
const updatesOf = (clients: number) => Math.max(300, clients * 5);
const orderOf = (setting: Setting, row: Row, cell: Cell): CellOrder => {
  const updates = updatesOf(cell.clients);
  const { metric } = setting;
  return {
    config: configOf(setting, row, cell),
    updates: scope === "long" ? updates * 4 : updates,
    evaluateEvery: Math.max(10, Math.round(updates / setting.measurements)),
    ...(metric !== "accuracy" && { metric }), // the default is left out: runs that were made before stay known
  };
};

type Place = Pick<Cell, "partition" | "clients" | "stragglers">;

/** The mean accuracy over a run's measurements: large when it learns fast and ends high. */
const merit = ({ curve }: CellResult) => curve.reduce((sum, { accuracy }) => sum + accuracy, 0) / curve.length;

interface Run {
  setting: Setting;
  row: Row;
  cell: Cell;
}

let told = Date.now();
async function runCells(what: string, list: readonly Run[]): Promise<CellResult[]> {
  const startMs = Date.now();
  let first: number | undefined;
  return runAll(
    list.map(({ setting, row, cell }) => orderOf(setting, row, cell)),
    jobs,
    (finished) => {
      first ??= finished;
      if (Date.now() - told < 10_000 && finished < list.length) return;
      told = Date.now();
      const perCell = (told - startMs) / Math.max(1, finished - first);
      const left =
        finished > first ? `, about ${Math.ceil(((list.length - finished) * perCell) / 60_000)} min left` : "";
      say(`${what}: ${finished} of ${list.length} runs${left}`);
    },
  );
}

/** Which variant of each row is to run: as asked for, of the committed report, or the best on the tuning seeds. */
async function variantsOf(setting: Setting, place: Place): Promise<Pick<Block, "best" | "merits">> {
  const { variant, like = scope === "main" ? undefined : setting.name } = values;
  if (variant === undefined && like === undefined) {
    const merits = await tuned(setting, place);
    return { best: new Map([...merits].map(([row, of]) => [row, of.indexOf(Math.max(...of))])), merits };
  }
  if (variant === undefined) return { best: committedVariants(like!) };
  if (!/^[0-3]$/.test(variant)) throw new Error(`--variant ${variant}: rows have the variants 0 to 3`);
  return { best: new Map(rows.map(({ name }) => [name, Number(variant)])) };
}

/** What each variant of each row comes to: its merit's mean over the tuning seeds. */
async function tuned(setting: Setting, { partition, stragglers }: Place): Promise<Map<string, number[]>> {
  const place = { setting: setting.name, partition, stragglers, clients: setting.tunedWith };
  const variants = [0, 1, 2, 3];
  const list = tuningSeeds.flatMap((seed) =>
    rows.flatMap((row) =>
      variants.map((variant): Run => {
        return { setting, row, cell: { ...place, concurrency: "equal", row: row.name, variant, seed } };
      }),
    ),
  );
  const results = await runCells(`${setting.name}, tuning`, list);
  const mean = (row: Row, variant: number) =>
    list.reduce(
      (sum, run, i) => (run.row === row && run.cell.variant === variant ? sum + merit(results[i]!) : sum),
      0,
    ) / tuningSeeds.length;
  return new Map(rows.map((row) => [row.name, variants.map((variant) => mean(row, variant))]));
}

async function measure(setting: Setting, place: Place, best: ReadonlyMap<string, number>): Promise<Outcome[]> {
  const list = seedsOf(setting).flatMap((seed) =>
    rows.flatMap((row) =>
      (["equal", "double"] as const).map((concurrency) => {
        const variant = best.get(row.name)!;
        return { setting, row, cell: { ...place, setting: setting.name, concurrency, row: row.name, variant, seed } };
      }),
    ),
  );
  const what = `${setting.name}, ${place.partition}, ${place.clients} clients, ${place.stragglers * 100} % stragglers`;
  const results = await runCells(what, list);
  return list.map(({ cell }, i) => ({ cell, result: results[i]! }));
}

function placesOf({ partitions }: Setting): Place[] {
  const [main, ...others] = partitions.map(({ name }) => name);
  const place = (clients: number, stragglers: number, partition = main!) => ({ partition, clients, stragglers });
  if (scope === "reduced") return [place(100, 0.9)];
  if (scope === "main" || scope === "long") return [place(500, 0.9)];
  return [
    ...[10, 100, 500].flatMap((clients) => [0, 0.5, 0.9].map((share) => place(clients, share))),
    ...others.map((partition) => place(500, 0.9, partition)),
  ];
}

await buildGuest();
await buildFold();
const settings = settingsOf({
  ...(isAsked("HAPT") && { hapt: unpacked(join(values.data, "hapt"), archives.hapt) }),
  ...(isAsked("MIT-BIH") && !values.reduced && { mitbih: unpacked(join(values.data, "mit-bih"), archives.mitbih) }),
  ...(!values.reduced && { cifar10: values.cifar }),
});
const blocks: Block[] = [];
for (const setting of settings.filter(({ name }) => isAsked(name))) {
  const places = placesOf(setting);
  const variants = await variantsOf(setting, places[0]!);
  const unknown = rows.filter(({ name }) => !variants.best.has(name)).map(({ name }) => name);
  if (unknown.length > 0)
    throw new Error(`the report has no variant of ${unknown.join("; ")} for ${setting.name}: name others with --rows`);
  for (const place of places) {
    const outcomes = await measure(setting, place, variants.best);
    const target = targetOf(outcomes, reference);
    const figures = figuresOf(outcomes, target, reference);
    blocks.push({ setting, place, ...variants, seeds: seedsOf(setting).length, target, outcomes, figures });
  }
}
if (values.write) await { reduced: writeReduced, full: writeFull, long: writeLong, main: writeReport }[scope](blocks);
if (values.json) {
  const all = blocks.flatMap(({ setting: { metric }, seeds, figures }) =>
    figures.map((row) => ({ ...row, metric, seeds })),
  );
  console.log(JSON.stringify({ type: "headline", rows: all }));
} else for (const block of blocks) console.log(`\n${headlineTable(block)}`);
