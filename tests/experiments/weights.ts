// What the weights by age and by variance are worth inside FTTE: the tiers of the headline, each weight changed alone, and with steps that no
// limit holds back; with stragglers that are drawn and with stragglers that hold the rare labels. MNIST, 100 clients of which 90 % are
// stragglers, twenty at work at once.
//
//     npm run experiment -- weights [--seeds 5] [--jobs 2] [--json] [--write]

import type { FtteConfig } from "../../host/cli/config.ts";
import { table } from "../../host/cli/view/text.ts";
import { clients, compare, comparisonOptions, setting, stragglers, straggling } from "./comparison.ts";
import { spread } from "./figures.ts";
import { type WeightsCurve, weightsChart } from "./pictures.ts";
import { writeWeights } from "./report.ts";
import { tieredFleet } from "./settings.ts";

const options = comparisonOptions("5");

type Ftte = Extract<NonNullable<FtteConfig["strategy"]>, { name: "ftte" }>;
const base: Ftte = { name: "ftte", concurrency: 20, buffer: 4, serverLearningRate: 1.5 };
const variants: Record<string, Ftte> = {
  "age 1/√(1+τ)": base,
  "age 1/(1+τ)": { ...base, age: { kind: "polynomial", exponent: 1 } },
  "age hinge": { ...base, age: "hinge" },
  "age constant": { ...base, age: "constant" },
  "age 1/√(1+τ), a step of any size": { ...base, stability: "none" },
  "age constant, a step of any size": { ...base, age: "constant", stability: "none" },
  "variance inverse": { ...base, variance: "inverse" },
  "variance relative": { ...base, variance: "relative" },
  "variance relative, age constant": { ...base, variance: "relative", age: "constant" },
};

const names = Object.keys(variants);
const slows = Object.keys(stragglers);
const { results, accuracies, header, cells } = await compare("weights", options, names, slows, (name, slow, seed) => {
  const fleet = tieredFleet(setting, clients);
  const config = straggling({ name: "weights", fleet, strategy: variants[name]!, seed }, stragglers[slow]!);
  return { config, updates: 800, evaluateEvery: 40 };
});
const rows = accuracies.map(({ row, accuracy }) => ({ weights: row, accuracy }));
const curves = names.flatMap((weights) =>
  slows.flatMap((slow): WeightsCurve[] => {
    const runs = results(weights, slow);
    return runs[0]!.curve.map(({ folded }, i) => {
      return { weights, slow, folded, accuracy: spread(runs.map(({ curve }) => curve[i]!.accuracy)).median };
    });
  }),
);
if (options.write) await writeWeights(options.seeds.length, header, cells, weightsChart(curves));
if (options.json) console.log(JSON.stringify({ type: "weights", seeds: options.seeds.length, rows }));
else console.log(table(header, cells));
