// What even shares give where few boards are there and all are always at work, as in most real fleets: a fast board sends more updates, and each
// of them counts as one, or all boards' count for as much. By FTTE, and by FedAvg, which waits for all; with the tiers of the headline, and with
// boards that all train the whole model, so that what truncation costs stands beside what not waiting does. Nine boards in ten are stragglers, drawn
// or those that hold the rare labels.
//
//     npm run experiment -- shares [--seeds 5] [--jobs 2] [--data ../shared/data] [--json] [--write]

import type { FtteConfig } from "../../host/cli/config.ts";
import { table } from "../../host/cli/view/text.ts";
import { compare, comparisonOptions, settingsIn, spreadText, stragglers, straggling } from "./comparison.ts";
import { clientFigures, spread } from "./figures.ts";
import { writeShares } from "./report.ts";
import { fullFleet, type Setting, tieredFleet } from "./settings.ts";

const options = comparisonOptions("5");
const settings = settingsIn(options.data);

const updates = 300;

interface Place {
  setting: Setting;
  clients: number;
  rare: boolean; // whether stragglers are those that hold the rare labels
}

const places = new Map<string, Place>(
  settings.flatMap((setting) =>
    [10, 20].flatMap((clients) =>
      Object.entries(stragglers).map(([slow, rare]) => {
        return [`${setting.name}, ${clients} boards, ${slow}`, { setting, clients, rare }] as const;
      }),
    ),
  ),
);

type Strategy = NonNullable<FtteConfig["strategy"]>;
interface Variant {
  strategy: Strategy;
  fleet: typeof fullFleet;
  averaging: number;
}
const fedavg = { strategy: { name: "fedavg" }, averaging: 0 } as const;
const ftte = (share: "updates" | "boards") => ({ strategy: { name: "ftte", share }, averaging: 0.9 }) as const;
const variants: Record<string, Variant> = {
  FedAvg: { ...fedavg, fleet: fullFleet },
  "FedAvg, tiers": { ...fedavg, fleet: tieredFleet },
  "FTTE, even shares": { ...ftte("boards"), fleet: fullFleet },
  "FTTE, tiers, even shares": { ...ftte("boards"), fleet: tieredFleet },
  "FTTE, tiers, each update as one": { ...ftte("updates"), fleet: tieredFleet },
};

const names = Object.keys(variants);
const { results, accuracies } = await compare("shares", options, names, [...places.keys()], (name, place, seed) => {
  const { setting, clients, rare } = places.get(place)!;
  const { strategy, fleet, averaging } = variants[name]!;
  const given = { name: "shares", fleet: fleet(setting, clients), strategy, server: { averaging }, seed };
  const config = straggling(given, rare, { setting, clients });
  const { metric } = setting;
  return { config, updates, evaluateEvery: 12, ...(metric !== "accuracy" && { metric }) };
});
const rows = [...places.keys()].flatMap((place) =>
  accuracies.map(({ row, accuracy }) => {
    const runs = results(row, place);
    return {
      place,
      strategy: row,
      seconds: spread(runs.map(({ curve }) => curve.at(-1)!.seconds)),
      accuracy: accuracy[place]!,
      stragglers: spread(runs.map((run) => clientFigures(run).stragglers!)),
      worstTenth: spread(runs.map((run) => clientFigures(run).worstTenth)),
    };
  }),
);
const header = [
  "accuracy %, median (range)",
  "by",
  `${updates} updates take s`,
  "at their end",
  "stragglers",
  "worst tenth",
];
const body = rows.map((r) => [
  ...[r.place, r.strategy, r.seconds.median.toFixed(0)],
  ...[r.accuracy, r.stragglers, r.worstTenth].map(spreadText),
]);
if (options.write) writeShares(options.seeds.length, header, body);
if (options.json) console.log(JSON.stringify({ type: "shares", seeds: options.seeds.length, rows }));
else console.log(table(header, body));
