// Charts as SVG by vega-lite, all in one size and one dress. Loaded only when one is drawn, since vega is large.

import type { TopLevelSpec } from "vega-lite";

/** The vertical axis of every chart of ours. */
export const accuracyAxis = (title: string) =>
  ({ field: "accuracy", type: "quantitative", title, scale: { zero: false }, axis: { format: "%" } }) as const;

export async function chartSvg(chart: object): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  const dress = { $schema: "https://vega.github.io/schema/vega-lite/v6.json", width: 640, height: 320 };
  const { spec } = vegaLite.compile({ ...dress, background: "white", ...chart } as TopLevelSpec);
  return new vega.View(vega.parse(spec), { renderer: "none" }).toSVG();
}
