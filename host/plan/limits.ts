// What one call of a board's BLAS can take: dimensions, and how often a leaf's loops turn. A board refuses more while it runs; a model is
// told before.

import { leafDimensionMax, leafTurnsMax } from "../wire/spec.gen.ts";
import type { LayerShape, Shape } from "./shapes.ts";

const positions = (s: Shape) => s.h * s.w;

/** What a call costs beside its loops' turns, and a little more. */
const callTurns = 64;

/** No fewer than the turns of any of a layer's leaves, forward or backward, as their extents in firmware/assembly/blas state them. */
function turns({ kind, input, output, geometry }: LayerShape): number {
  const { kh, kw } = geometry;
  const { h, w, c } = output;
  switch (kind) {
    case "conv":
      return h * (1 + w * (1 + c * kh * (1 + kw * input.c)));
    case "depthwise":
      return h * (1 + w * (1 + kh * (1 + kw * (1 + c))));
    case "maxPool":
    case "averagePool":
      return h * (1 + w * (1 + c * (1 + kh * (1 + kw))));
    case "dense":
      return (positions(input) * input.c + 4) * (c + 4);
    default:
      return 3 * (h * w + 1) * (c + 1);
  }
}

/** What is too much for a board in this layer, and what helps; undefined when nothing is. */
export function beyondBoards(layer: LayerShape): string | undefined {
  const { input, output, geometry, kind } = layer;
  const dimensions = {
    positions: Math.max(positions(input), positions(output)),
    channels: kind === "dense" ? Math.max(positions(input) * input.c, output.c) : Math.max(input.c, output.c),
    "rows or columns of a window": Math.max(geometry.kh, geometry.kw, geometry.sh, geometry.sw),
  };
  // A flatten moves nothing: what follows it is judged by itself.
  const long = kind === "flatten" ? undefined : Object.entries(dimensions).find(([, n]) => n > leafDimensionMax);
  if (long) return `${long[1]} ${long[0]} are more than a board takes in one call, ${leafDimensionMax}`;
  const count = turns(layer);
  if (count + callTurns <= leafTurnsMax) return undefined;
  return `${count} turns of its loops are more than a board takes in one call, ${leafTurnsMax}; use fewer channels or a larger stride`;
}
