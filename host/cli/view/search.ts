// What a subset search found, for people: tables of contributions and of the front, and the front as a picture. Pure but for vega.

import type { Share } from "../../plan/choices.ts";
import type { Model } from "../../plan/types.ts";
import type { Measured, Spread } from "../../sim/contributions.ts";
import { accuracyAxis, chartSvg } from "./chart.ts";
import { percent, table } from "./text.ts";

/** A subset, the smallest arena that trains it, and its accuracy: as the contributions add up, and after fine-tuning it. */
export interface Found {
  shares: Share[];
  bytes: number;
  expected: number;
  measured: Spread;
}

const points = (gain: number) => `${gain < 0 ? "−" : "+"}${Math.abs(gain * 100).toFixed(1)}`;
const fraction = (ratio: number) => (ratio === 1 ? "all" : `1/${1 / ratio}`);

/** "conv 0: bias, dense 4: 1/2" */
export const sharesText = (model: Model, shares: readonly Share[]): string =>
  shares
    .map(({ layer, ratio }) => `${model.layers[layer]!.kind} ${layer}: ${ratio === 0 ? "bias" : fraction(ratio)}`)
    .join(", ");

/** One row per measurement: gains in points, mean and range over the seeds. */
export function contributionTable(model: Model, { bias, weights }: Measured): string {
  const cells = (name: string, { mean, least, most }: Spread) => [
    name,
    points(mean),
    `${points(least)} to ${points(most)}`,
  ];
  const last = (depth: number) => (depth === 1 ? "the last layer" : `the last ${depth} layers`);
  return table(
    ["trained", "gain", "range"],
    [
      ...bias.map(({ depth, gain }) => cells(`biases of ${last(depth)}`, gain)),
      ...weights.map(({ layer, ratio, gain }) => cells(`and weights, ${sharesText(model, [{ layer, ratio }])}`, gain)),
    ],
  );
}

export const frontTable = (model: Model, front: readonly Found[]): string =>
  table(
    ["arena", "expected", "measured", "range", "trained"],
    front.map(({ shares, bytes, expected, measured: { mean, least, most } }) => [
      ...[String(bytes), percent(expected), percent(mean), `${percent(least)} to ${percent(most)}`],
      sharesText(model, shares),
    ]),
  );

/** Accuracy by bytes of RAM: the front as the contributions add up, and what its subsets reached. */
export function frontSvg(model: Model, before: number, front: readonly Found[]): Promise<string> {
  const series = [
    { name: "sum of contributions", of: (f: Found) => f.expected },
    { name: "measured", of: (f: Found) => f.measured.mean },
    { name: "first model", of: () => before },
  ];
  return chartSvg({
    title: `${model.name}: accuracy by memory`,
    data: {
      values: series.flatMap(({ name, of }) => front.map((f) => ({ bytes: f.bytes, accuracy: of(f), series: name }))),
    },
    mark: { type: "line", interpolate: "step-after", point: true },
    encoding: {
      x: { field: "bytes", type: "quantitative", title: "arena, bytes of RAM", scale: { zero: false } },
      y: accuracyAxis("accuracy on held-out proxy data"),
      color: { field: "series", type: "nominal", title: null, sort: null },
    },
  });
}
