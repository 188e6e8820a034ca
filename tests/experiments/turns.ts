// What turns by time give and cost against turns by order: with stragglers that are drawn, and with stragglers that hold the rare labels, whom the
// server then hears of less. The tiers of the headline by FTTE and the whole model by FedBuff; MNIST, 100 clients of which 90 % are stragglers,
// twenty at work at once.
//
//     npm run experiment -- turns [--seeds 3] [--jobs 2] [--json] [--write]

import type { FtteConfig } from "../../host/cli/config.ts";
import { table } from "../../host/cli/view/text.ts";
import { clients, compare, comparisonOptions, setting, spreadText, stragglers, straggling } from "./comparison.ts";
import { clientFigures, type Spread, spread } from "./figures.ts";
import { writeTurns } from "./report.ts";
import type { CellResult } from "./run_cell.ts";
import { fullFleet, tieredFleet } from "./settings.ts";

const options = comparisonOptions("3");

type Strategy = NonNullable<FtteConfig["strategy"]>;
const common = { concurrency: 20, buffer: 4, serverLearningRate: 1.5 };
const variants: Record<string, { strategy: Strategy; fleet: typeof fullFleet }> = {
  "FedBuff, turns by order": { strategy: { name: "fedbuff", ...common }, fleet: fullFleet },
  "FedBuff, turns by time": { strategy: { name: "fedbuff", ...common, turns: "time" }, fleet: fullFleet },
  "FTTE, tiers, turns by order": { strategy: { name: "ftte", ...common, turns: "orders" }, fleet: tieredFleet },
  "FTTE, tiers, turns by time": { strategy: { name: "ftte", ...common, turns: "time" }, fleet: tieredFleet },
};

/** Seconds of virtual time, in which turns by order fold about half of a run's updates. */
const soon = 180;
const accuracyAt = ({ curve }: CellResult, seconds: number) => curve.findLast((p) => p.seconds <= seconds)!.accuracy;
const end = ({ curve }: CellResult) => curve.at(-1)!.seconds;

const names = Object.keys(variants);
const slows = Object.keys(stragglers);
const { results, accuracies } = await compare("turns", options, names, slows, (name, slow, seed) => {
  const { strategy, fleet } = variants[name]!;
  const config = straggling({ name: "turns", fleet: fleet(setting, clients), strategy, seed }, stragglers[slow]!);
  return { config, updates: 800, evaluateEvery: 20 };
});
const rows = accuracies.flatMap(({ row, accuracy }) =>
  slows.map((slow) => {
    const runs = results(row, slow);
    const of = (figure: (run: CellResult) => number): Spread => spread(runs.map(figure));
    return {
      strategy: row,
      slow,
      soon: of((run) => accuracyAt(run, soon)),
      seconds: of(end),
      accuracy: accuracy[slow]!,
      stragglers: of((run) => clientFigures(run).stragglers!),
      worstTenth: of((run) => clientFigures(run).worstTenth),
    };
  }),
);
const header = [
  ...["accuracy %, median (range)", "slow are", `after ${soon} s`, "800 updates take s", "after 800 updates"],
  ...["stragglers", "worst tenth"],
];
const body = rows.map((r) => [
  ...[r.strategy, r.slow === slows[0] ? "drawn" : "rare labels", spreadText(r.soon), r.seconds.median.toFixed(0)],
  ...[spreadText(r.accuracy), spreadText(r.stragglers), spreadText(r.worstTenth)],
]);
if (options.write) writeTurns(options.seeds.length, header, body);
if (options.json) console.log(JSON.stringify({ type: "turns", seeds: options.seeds.length, rows }));
else console.log(table(header, body));
