// The pictures of the headline experiment as Vega-Lite charts: accuracy against virtual time and against bytes, memory against accuracy.

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

export function curvesChart(block: Block, what: "seconds" | "bytes"): object {
  const x = { field: "x", type: "quantitative", title: what === "seconds" ? "virtual seconds" : "MB, both ways" };
  const color = { field: "strategy", type: "nominal", title: null, scale: { scheme: "tableau10" } };
  return {
    title: titleOf(block),
    data: { values: curves(block, what) },
    facet: { row: { field: "concurrency", type: "nominal", title: "boards at work", sort: ["equal", "double"] } },
    spec: {
      width: 640,
      height: 280,
      layer: [
        {
          mark: { type: "area", opacity: 0.12 },
          encoding: { x, color, y: { ...accuracyAxis("accuracy"), field: "least" }, y2: { field: "most" } },
        },
        { mark: { type: "line" }, encoding: { x, color, y: accuracyAxis("accuracy, median and range of the seeds") } },
        {
          data: { values: [{ accuracy: block.target }] },
          mark: { type: "rule", strokeDash: [4, 4] },
          encoding: { y: accuracyAxis("accuracy") },
        },
      ],
    },
  };
}

export function memoryChart(block: Block): object {
  const values = block.figures.map((f) => ({ ...f, least: f.range.accuracy[0], most: f.range.accuracy[1] }));
  const x = { field: "memory", type: "quantitative", title: "arena of the smallest board, bytes" };
  const shape = { field: "concurrency", type: "nominal", title: "boards at work" };
  const color = { field: "strategy", type: "nominal", title: null, scale: { scheme: "tableau10" } };
  return {
    title: titleOf(block),
    data: { values },
    layer: [
      {
        mark: { type: "rule" },
        encoding: { x, color, y: { ...accuracyAxis("final accuracy"), field: "least" }, y2: { field: "most" } },
      },
      {
        mark: { type: "point", filled: true, size: 80 },
        encoding: { x, color, shape, y: accuracyAxis("final accuracy") },
      },
    ],
  };
}
