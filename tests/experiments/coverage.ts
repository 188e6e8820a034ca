// What a coordinate's sum is divided by is worth to fleets whose boards do not all train everything (strategy.divisor): the buffer's size, as many
// updates as are to be expected to cover it, or the weights that do. The headline's tiers, 500 clients of which 90 % are stragglers, a hundred
// at work at once.
//
//     npm run experiment -- coverage [--seeds 3] [--jobs 2] [--data ../shared/data] [--json] [--write]

import { table } from "../../host/cli/view/text.ts";
import { compare, comparisonOptions, settingsIn, spreadText, straggling } from "./comparison.ts";
import { clientFigures, spread } from "./figures.ts";
import { writeCoverage } from "./report.ts";
import { headsFleet, type Setting, tieredFleet } from "./settings.ts";

const options = comparisonOptions("3");
const settings = settingsIn(options.data);

const clients = 500;
const concurrency = 100;
const updates = 2500;
const soon = 500; // updates, a fifth of the run

interface Place {
  setting: Setting;
  fleet: typeof tieredFleet;
}
const places = new Map<string, Place>(
  settings.flatMap((setting) =>
    Object.entries({ tiers: tieredFleet, "tiers with heads": headsFleet }).map(([name, fleet]) => {
      return [`${setting.name}, ${name}`, { setting, fleet }] as const;
    }),
  ),
);
const divisors = ["buffer", "expected", "covering"] as const;

const { results, accuracies } = await compare(
  "coverage",
  options,
  divisors,
  [...places.keys()],
  (name, place, seed) => {
    const { setting, fleet } = places.get(place)!;
    const divisor = divisors.find((d) => d === name)!;
    const strategy = { name: "ftte", concurrency, divisor } as const;
    const given = { name: "coverage", fleet: fleet(setting, clients), strategy, seed };
    const { metric } = setting;
    const config = straggling(given, false, { setting, clients });
    return { config, updates, evaluateEvery: 100, ...(metric !== "accuracy" && { metric }) };
  },
);
const rows = [...places.keys()].flatMap((place) =>
  accuracies.map(({ row, accuracy }) => {
    const runs = results(row, place);
    return {
      place,
      divisor: row,
      soon: spread(runs.map(({ curve }) => curve.find(({ folded }) => folded >= soon)!.accuracy)),
      accuracy: accuracy[place]!,
      stragglers: spread(runs.map((run) => clientFigures(run).stragglers!)),
      worstTenth: spread(runs.map((run) => clientFigures(run).worstTenth)),
    };
  }),
);
const header = [
  ...["accuracy %, median (range)", "divisor", `after ${soon} updates`, `after ${updates}`, "stragglers"],
  "worst tenth",
];
const body = rows.map((r) => [
  ...[r.place, r.divisor],
  ...[r.soon, r.accuracy, r.stragglers, r.worstTenth].map(spreadText),
]);
if (options.write) writeCoverage(options.seeds.length, header, body);
if (options.json) console.log(JSON.stringify({ type: "coverage", seeds: options.seeds.length, rows }));
else console.log(table(header, body));
