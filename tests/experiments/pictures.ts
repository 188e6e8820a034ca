// The pictures of the experiments as Vega-Lite charts: accuracy (or what a setting measures instead) against virtual time and against bytes, memory against accuracy; and accuracy
// with one weight or another.

import { accuracyAxis } from "../../host/cli/view/chart.ts";
import { type Block, type Outcome, spread, titleOf } from "./figures.ts";
import type { Cell } from "./strategies.ts";

interface Drawn {
  strategy: string;
  concurrency: Cell["concurrency"];
  x: number;
  accuracy: number;
  least: number;
  most: number;
}

/** Each row's curve: at each measurement the medians over the seeds, which were measured after the same updates. */
function curves({ outcomes }: Block, what: "seconds" | "bytes"): Drawn[] {
  const key = ({ cell }: Outcome) => `${cell.row}/${cell.concurrency}`;
  const groups = [...new Set(outcomes.map(key))].map((of) => outcomes.filter((outcome) => key(outcome) === of));
  return groups.flatMap((group) => {
    const { row: strategy, concurrency } = group[0]!.cell;
    const length = Math.min(...group.map(({ result }) => result.curve.length));
    return Array.from({ length }, (_, i): Drawn => {
      const points = group.map(({ result }) => result.curve[i]!);
      const x = spread(points.map((p) => (what === "seconds" ? p.seconds : (p.bytes.up + p.bytes.down) / 1e6))).median;
      const { median: accuracy, least, most } = spread(points.map((p) => p.accuracy));
      return { strategy, concurrency, x, accuracy, least, most };
    });
  });
}

/** Families of one hue: rounds grey and blue, buffers green, FTTE yellow to red and violet. */
const palette: Record<string, string> = {
  "FedAvg, f32": "#000000",
  "FedAvg over-selected, f32": "#7a7a7a",
  "FedAvg averaged, f32": "#b5b5b5",
  "FedAvg, int8": "#4c78a8",
  "FedAsync, f32": "#9ecae9",
  "FedBuff, f32": "#3f8f3a",
  "FedBuff, int8": "#8bd17c",
  "FedBuff, int8, turns by time": "#17becf",
  "FTTE, one subset": "#eeca3b",
  "FTTE, subsets in turn": "#f58518",
  "FTTE, tiers": "#d62728",
  "FTTE, tiers with heads": "#9467bd",
  "FTTE, tiers with heads, int4": "#e377c2",
  "FTTE, tiers with heads, top-k": "#c5b0d5",
};

/** Colours of the strategies that a block has, in the order of its table. */
function strategyColor({ figures }: Block): object {
  const domain = [...new Set(figures.map(({ strategy }) => strategy))];
  const range = domain.map((name) => palette[name]);
  const legend = { labelLimit: 0, symbolOpacity: 1, symbolStrokeWidth: 3 };
  return { field: "strategy", type: "nominal", title: null, sort: domain, scale: { domain, range }, legend };
}

export function curvesChart(block: Block, what: "seconds" | "bytes"): object {
  const title = what === "seconds" ? "virtual seconds" : "MB, both ways";
  const x = { field: "x", type: "quantitative", title };
  const y = accuracyAxis(block.setting.metric);
  const color = strategyColor(block);
  return {
    title: { text: titleOf(block), anchor: "start" },
    data: { values: curves(block, what) },
    facet: { row: { field: "concurrency", type: "nominal", title: "boards at work", sort: ["equal", "double"] } },
    spec: {
      width: 640,
      height: 280,
      layer: [
        {
          mark: { type: "area", opacity: 0.1 },
          encoding: { x, color, y: { ...y, field: "least" }, y2: { field: "most" } },
        },
        {
          mark: { type: "line" },
          encoding: {
            x,
            color,
            y,
            strokeWidth: { condition: { test: "indexof(datum.strategy, 'FTTE, tiers') === 0", value: 3 }, value: 1.5 },
          },
        },
        {
          data: { values: [{ accuracy: block.target }] },
          mark: { type: "rule", strokeDash: [4, 4] },
          encoding: { y },
        },
      ],
    },
  };
}

export function memoryChart(block: Block): object {
  const values = block.figures.map((f) => ({ ...f, least: f.range.accuracy[0], most: f.range.accuracy[1] }));
  const x = { field: "memory", type: "quantitative", title: "arena of the smallest board, bytes" };
  const y = accuracyAxis(`final ${block.setting.metric}`);
  const shape = { field: "concurrency", type: "nominal", title: "boards at work", sort: ["equal", "double"] };
  const color = strategyColor(block);
  return {
    title: { text: titleOf(block), anchor: "start" },
    width: 640,
    height: 360,
    data: { values },
    layer: [
      {
        mark: { type: "rule" },
        encoding: { x, color, y: { ...y, field: "least" }, y2: { field: "most" } },
      },
      { mark: { type: "point", filled: true, size: 80, opacity: 1 }, encoding: { x, color, shape, y } },
    ],
  };
}

/** One measurement of the ablation of weights: the median over the seeds. */
export interface WeightsCurve {
  weights: string;
  slow: string; // who is
  folded: number; // updates
  accuracy: number;
}

export function weightsChart(curves: readonly WeightsCurve[]): object {
  const names = [...new Set(curves.map(({ weights }) => weights))];
  const legend = { labelLimit: 0, symbolStrokeWidth: 3 };
  return {
    title: { text: "FTTE, tiers: accuracy with other weights", anchor: "start" },
    data: { values: curves },
    facet: { row: { field: "slow", type: "nominal", title: null } },
    spec: {
      width: 640,
      height: 280,
      mark: { type: "line" },
      encoding: {
        x: { field: "folded", type: "quantitative", title: "updates" },
        y: accuracyAxis("accuracy"),
        color: { field: "weights", type: "nominal", title: null, sort: names, legend },
      },
    },
  };
}
