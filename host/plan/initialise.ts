// Random first parameters: He (2015) for layers that end in a relu, Glorot (2010) otherwise, biases 0, scales 1. Seeded by the caller.

import type { LayerShape, ModelShape } from "./shapes.ts";

/** A random number in [0, 1). */
export type Random = () => number;

/** Bound of the uniform distribution whose variance the method asks for. */
function bound(layer: LayerShape, shape: number[]): number {
  const area = layer.geometry.kh * layer.geometry.kw;
  const fanIn = layer.kind === "depthwise" ? area : shape.slice(1).reduce((a, b) => a * b, 1);
  const fanOut = layer.kind === "depthwise" ? area : shape[0]! * area;
  const rectified = layer.activation === "relu" || layer.activation === "relu6";
  return rectified ? Math.sqrt(6 / fanIn) : Math.sqrt(6 / (fanIn + fanOut));
}

/** The model's flat parameter vector. */
export function initialise(shape: ModelShape, random: Random): Float32Array {
  const out = new Float32Array(shape.parameterCount);
  for (const p of shape.parameters) {
    if (p.role === "bias") continue;
    const limit = p.role === "weights" ? bound(shape.layers[p.layer]!, p.shape) : 0;
    for (let i = 0; i < p.count; i++) out[p.offset + i] = p.role === "scale" ? 1 : (random() * 2 - 1) * limit;
  }
  return out;
}
