// The judge of plans: a slow f64 interpreter of the MODEL. It knows nothing of plans, tensors, selections or the planner's shapes, works
// out its own geometry, and reads parameters from the flat vector in the order in which layers name them. Not fast, not for the product.

import type { ActivationName, Layer, Model } from "../../../host/plan/types.ts";

/** Channels last: data[(y * w + x) * c + channel]. */
export interface Volume {
  h: number;
  w: number;
  c: number;
  data: Float64Array;
}

type Pair = [number, number];
const volume = (h: number, w: number, c: number): Volume => ({ h, w, c, data: new Float64Array(h * w * c) });

const functions: Record<ActivationName, (x: number) => number> = {
  relu: (x) => Math.max(0, x),
  relu6: (x) => Math.min(6, Math.max(0, x)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: (x) => Math.tanh(x),
};

/** Takes parameters from the flat vector, one tensor after the other. */
class Reader {
  used = 0;
  constructor(private readonly parameters: ArrayLike<number>) {}

  take(count: number): number[] {
    const out = Array.from({ length: count }, (_, i) => this.parameters[this.used + i]!);
    if (out.some((v) => v === undefined)) throw new RangeError("the model has more parameters than the vector");
    this.used += count;
    return out;
  }
}

interface Sliding {
  kernel: Pair;
  stride: Pair;
  /** zeros before the first row and column */
  before: Pair;
  out: Pair;
}

/** "same" pads so that ceil(input / stride) positions exist, the odd zero at the end (TensorFlow). */
function sliding(x: Volume, kernel: Pair, stride: Pair, padding: "valid" | "same" = "valid"): Sliding {
  const inputs: Pair = [x.h, x.w];
  const axis = (a: 0 | 1): [number, number] => {
    if (padding === "valid") return [Math.floor((inputs[a] - kernel[a]) / stride[a]) + 1, 0];
    const out = Math.ceil(inputs[a] / stride[a]);
    return [out, Math.floor(Math.max(0, (out - 1) * stride[a] + kernel[a] - inputs[a]) / 2)];
  };
  const [[oh, ph], [ow, pw]] = [axis(0), axis(1)];
  return { kernel, stride, before: [ph, pw], out: [oh, ow] };
}

/** Calls `visit` for every output position and every input position under its window that is not padding. */
function eachTap(
  x: Volume,
  s: Sliding,
  visit: (output: number, input: number, tap: number) => void, // positions, not elements
): void {
  for (let oy = 0; oy < s.out[0]; oy++)
    for (let ox = 0; ox < s.out[1]; ox++)
      for (let ky = 0; ky < s.kernel[0]; ky++)
        for (let kx = 0; kx < s.kernel[1]; kx++) {
          const [y, z] = [oy * s.stride[0] + ky - s.before[0], ox * s.stride[1] + kx - s.before[1]];
          if (y >= 0 && y < x.h && z >= 0 && z < x.w) visit(oy * s.out[1] + ox, y * x.w + z, ky * s.kernel[1] + kx);
        }
}

function convolution(x: Volume, s: Sliding, filters: number, read: Reader): Volume {
  const taps = s.kernel[0] * s.kernel[1];
  const weights = read.take(filters * taps * x.c);
  const bias = read.take(filters);
  const y = volume(s.out[0], s.out[1], filters);
  y.data.forEach((_, i) => {
    y.data[i] = bias[i % filters]!;
  });
  eachTap(x, s, (output, input, tap) => {
    for (let o = 0; o < filters; o++)
      for (let c = 0; c < x.c; c++)
        y.data[output * filters + o]! += weights[(o * taps + tap) * x.c + c]! * x.data[input * x.c + c]!;
  });
  return y;
}

function depthwise(x: Volume, s: Sliding, read: Reader): Volume {
  const weights = read.take(s.kernel[0] * s.kernel[1] * x.c);
  const bias = read.take(x.c);
  const y = volume(s.out[0], s.out[1], x.c);
  y.data.forEach((_, i) => {
    y.data[i] = bias[i % x.c]!;
  });
  eachTap(x, s, (output, input, tap) => {
    for (let c = 0; c < x.c; c++) y.data[output * x.c + c]! += weights[tap * x.c + c]! * x.data[input * x.c + c]!;
  });
  return y;
}

function dense(x: Volume, units: number, read: Reader): Volume {
  const n = x.data.length;
  const weights = read.take(units * n);
  const bias = read.take(units);
  const y = volume(1, 1, units);
  for (let o = 0; o < units; o++) y.data[o] = x.data.reduce((sum, v, i) => sum + weights[o * n + i]! * v, bias[o]!);
  return y;
}

function pool(x: Volume, s: Sliding, mode: "max" | "average"): Volume {
  const y = volume(s.out[0], s.out[1], x.c);
  y.data.fill(mode === "max" ? Number.NEGATIVE_INFINITY : 0);
  const area = s.kernel[0] * s.kernel[1];
  eachTap(x, s, (output, input) => {
    for (let c = 0; c < x.c; c++) {
      const v = x.data[input * x.c + c]!;
      const at = output * x.c + c;
      y.data[at] = mode === "max" ? Math.max(y.data[at]!, v) : y.data[at]! + v / area;
    }
  });
  return y;
}

function scaleBias(x: Volume, read: Reader): Volume {
  const scale = read.take(x.c);
  const bias = read.take(x.c);
  return { ...x, data: x.data.map((v, i) => v * scale[i % x.c]! + bias[i % x.c]!) };
}

function plain(layer: Layer, x: Volume, read: Reader, named: Map<string, Volume>): Volume {
  switch (layer.kind) {
    case "dense":
      return dense(x, layer.units, read);
    case "conv1d":
      return convolution(x, sliding(x, [1, layer.kernel], [1, layer.stride ?? 1], layer.padding), layer.filters, read);
    case "conv2d":
      return convolution(x, sliding(x, layer.kernel, layer.stride ?? [1, 1], layer.padding), layer.filters, read);
    case "depthwise1d":
      return depthwise(x, sliding(x, [1, layer.kernel], [1, layer.stride ?? 1], layer.padding), read);
    case "depthwise2d":
      return depthwise(x, sliding(x, layer.kernel, layer.stride ?? [1, 1], layer.padding), read);
    case "maxPool1d":
    case "averagePool1d":
      return pool(
        x,
        sliding(x, [1, layer.size], [1, layer.stride ?? layer.size]),
        layer.kind === "maxPool1d" ? "max" : "average",
      );
    case "maxPool2d":
    case "averagePool2d":
      return pool(
        x,
        sliding(x, layer.size, layer.stride ?? layer.size),
        layer.kind === "maxPool2d" ? "max" : "average",
      );
    case "globalAveragePool":
      return pool(x, sliding(x, [x.h, x.w], [1, 1]), "average");
    case "scaleBias":
      return scaleBias(x, read);
    case "residual":
      return { ...x, data: x.data.map((v, i) => v + named.get(layer.from)!.data[i]!) };
    case "flatten":
      return { h: 1, w: 1, c: x.data.length, data: x.data };
    case "activation":
      return x;
  }
}

function inputVolume(model: Model, x: ArrayLike<number>): Volume {
  const s = model.input.shape;
  const [h, w, c] = s.length === 1 ? [1, 1, s[0]!] : s.length === 2 ? [1, s[0]!, s[1]!] : [s[0]!, s[1]!, s[2]!];
  return { h, w, c, data: Float64Array.from({ length: h * w * c }, (_, i) => x[i]!) };
}

/** The last layer's output for the normalised input `x`: logits, or a reconstruction. */
export function forward(model: Model, parameters: ArrayLike<number>, x: ArrayLike<number>): Volume {
  const read = new Reader(parameters);
  const named = new Map<string, Volume>();
  let v = inputVolume(model, x);
  for (const layer of model.layers) {
    v = plain(layer, v, read, named);
    if ("activation" in layer && layer.activation) v = { ...v, data: v.data.map(functions[layer.activation]) };
    if (layer.name) named.set(layer.name, v);
  }
  if (read.used !== parameters.length) throw new RangeError("the vector has more parameters than the model");
  return v;
}

export function softmax(z: ArrayLike<number>): number[] {
  const list = Array.from(z);
  const highest = Math.max(...list);
  const e = list.map((v) => Math.exp(v - highest));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

/** Cross-entropy of a classifier, mean squared error of an autoencoder. */
export function loss(model: Model, parameters: ArrayLike<number>, x: ArrayLike<number>, label: number): number {
  const y = forward(model, parameters, x).data;
  if (model.kind === "classifier") return -Math.log(softmax(y)[label]!);
  return y.reduce((sum, v, i) => sum + (v - x[i]!) ** 2, 0) / y.length;
}

/**
 * Central differences of the loss for the parameters at `places`. A coordinate whose one-sided differences disagree sits at a kink
 * (relu, a tie in a pool), where no derivative exists: NaN.
 */
export function numericGradient(
  model: Model,
  parameters: ArrayLike<number>,
  places: number[],
  x: ArrayLike<number>,
  label: number,
): number[] {
  const h = 1e-5;
  const moved = Float64Array.from(parameters);
  const here = loss(model, moved, x, label);
  return places.map((place) => {
    const value = moved[place]!;
    const lossAt = (w: number) => {
      moved[place] = w;
      return loss(model, moved, x, label);
    };
    const [up, down] = [(lossAt(value + h) - here) / h, (here - lossAt(value - h)) / h];
    moved[place] = value;
    return Math.abs(up - down) > 1e-3 * (1 + Math.abs(up)) ? Number.NaN : (up + down) / 2;
  });
}
