// What each encoding of updates costs and gives: FedBuff with the whole model and FTTE's tiers, MNIST, 100 clients of which 90 % are stragglers,
// twenty at work at once. Bytes are those of the whole run, framing included.
//
//     npm run experiment -- encodings [--seeds 3] [--jobs 2] [--json] [--write]

import type { FtteConfig } from "../../host/cli/config.ts";
import { table } from "../../host/cli/view/text.ts";
import { clients, commonConfig, compare, comparisonOptions, setting, stragglerShare } from "./comparison.ts";
import { spread } from "./figures.ts";
import { writeEncodings } from "./report.ts";
import { fullFleet, tieredFleet } from "./settings.ts";
import { slowdown } from "./strategies.ts";

const options = comparisonOptions("3");

type Encoding = Pick<NonNullable<FtteConfig["training"]>, "encoding" | "kept">;
const encodings: Record<string, Partial<Encoding>> = {
  f32: { encoding: "f32" },
  int8: { encoding: "int8" },
  int4: { encoding: "int4" },
  "top-k, a quarter": { encoding: "top-k", kept: 1 / 4 },
  "top-k, an eighth": { encoding: "top-k", kept: 1 / 8 },
  "top-k, a sixteenth": { encoding: "top-k", kept: 1 / 16 },
  "top-k, a thirty-second": { encoding: "top-k", kept: 1 / 32 },
};
const strategies = {
  FedBuff: { name: "fedbuff", fleet: fullFleet },
  "FTTE, tiers": { name: "ftte", fleet: tieredFleet },
} as const;

const configOf = (encoding: string, strategy: keyof typeof strategies, seed: number): FtteConfig => ({
  name: "encodings",
  ...commonConfig,
  fleet: strategies[strategy].fleet(setting, clients),
  training: {
    steps: setting.steps,
    learningRate: setting.learningRates[0],
    checkpointEvery: 0,
    ...encodings[encoding],
  },
  strategy: { name: strategies[strategy].name, concurrency: 20, buffer: 4, serverLearningRate: 1.5 },
  server: { averaging: 0.9 },
  refreshFrozenEvery: 100,
  simulation: { stragglers: { share: stragglerShare, slowdown } },
  seed,
});

const names = Object.keys(encodings);
const columns = Object.keys(strategies) as (keyof typeof strategies)[];
const { results, accuracies, header, cells } = await compare(
  "encodings",
  options,
  names,
  columns,
  (name, column, seed) => {
    return { config: configOf(name, column as keyof typeof strategies, seed), updates: 800, evaluateEvery: 40 };
  },
);

/** MB in each direction by the end of the run, median of the seeds. */
function megabytes(encoding: string, strategy: string) {
  const ends = results(encoding, strategy).map(({ curve }) => curve.at(-1)!.bytes);
  const of = (direction: "up" | "down") => spread(ends.map((bytes) => bytes[direction] / 1e6)).median;
  return { up: of("up"), down: of("down") };
}
const rows = accuracies.map(({ row, accuracy }) => {
  return {
    encoding: row,
    accuracy,
    bytes: Object.fromEntries(columns.map((column) => [column, megabytes(row, column)])),
  };
});
const wide = [...header, ...columns.flatMap((column) => [`${column}: MB up`, "MB down"])];
const body = rows.map(({ bytes }, i) => [
  ...cells[i]!,
  ...columns.flatMap((column) => [bytes[column]!.up.toFixed(2), bytes[column]!.down.toFixed(2)]),
]);
if (options.write) writeEncodings(options.seeds.length, wide, body);
if (options.json) console.log(JSON.stringify({ type: "encodings", seeds: options.seeds.length, rows }));
else console.log(table(wide, body));
