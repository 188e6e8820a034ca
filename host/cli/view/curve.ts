// Accuracy over time: drawn with braille dots for a terminal, as SVG for a file.

import { accuracyAxis, chartSvg } from "./chart.ts";

export interface CurvePoint {
  seconds: number;
  accuracy: number;
}
export interface Curve {
  name: string;
  points: CurvePoint[];
}

const dots = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];

/** The smallest range of whole twentieths that holds every accuracy. */
function accuracyRange(points: CurvePoint[]): [low: number, high: number] {
  const values = points.map((p) => p.accuracy);
  const low = Math.floor(Math.min(...values) * 20) / 20;
  const high = Math.ceil(Math.max(...values) * 20) / 20;
  return low === high ? [Math.max(0, low - 0.05), Math.min(1, high + 0.05)] : [low, high];
}

/** The curve as lines of text, `width` × `height` cells of braille (2 × 4 dots each), with a scale. Empty without points. */
export function drawCurve(points: CurvePoint[], width = 60, height = 8): string[] {
  if (points.length === 0) return [];
  const [low, high] = accuracyRange(points);
  const end = Math.max(1, points.at(-1)!.seconds);
  const cells = Array.from({ length: height }, () => new Uint8Array(width));
  for (let x = 0; x < width * 2; x++) {
    const seconds = (x / (width * 2 - 1)) * end;
    const point = points.findLast((p) => p.seconds <= seconds);
    if (!point) continue;
    const y = Math.round(((high - point.accuracy) / (high - low)) * (height * 4 - 1));
    cells[y >> 2]![x >> 1]! |= dots[y & 3]![x & 1]!;
  }
  const lines = cells.map((row, i) => {
    const value = high - ((high - low) * i) / (height - 1);
    const labelled = i % ((height - 1) / 2) === 0; // top, bottom, and the middle where there is one
    const scale = labelled ? `${(value * 100).toFixed(1).padStart(5)} % ┤` : "        │";
    return `${scale}${String.fromCodePoint(...[...row].map((c) => 0x2800 + c))}`;
  });
  const label = `${Math.round(end)} s`;
  return [...lines, `        └${"─".repeat(width)}`, `         0${label.padStart(width - 1)}`];
}

/** The curves as one SVG picture. @param time what the horizontal axis is called */
export async function curveSvg(curves: Curve[], title: string, time = "seconds"): Promise<string> {
  const values = curves.flatMap((curve) => curve.points.map((p) => ({ ...p, run: curve.name })));
  return chartSvg({
    title,
    data: { values },
    mark: { type: "line", interpolate: "step-after", point: true },
    encoding: {
      x: { field: "seconds", type: "quantitative", title: time },
      y: accuracyAxis("accuracy on held-out data"),
      color: { field: "run", type: "nominal", title: null },
    },
  });
}
