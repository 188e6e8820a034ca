// The frozen image: what a board holds in flash and never trains. int8 weights with one scale per output channel (depthwise: per
// channel), or f32; biases and scales f32; the samples' normalisation. A channel-sparse layer's frozen weights are zero where trained.

import type { LayerSelection, Normalisation, Parameter, Plan } from "./types.ts";

export interface FrozenEntry {
  offset: number; // in the image
  bytes: number;
  content: "normalisation-scale" | "normalisation-offset" | "int8" | "scales" | "f32";
  parameter?: Parameter;
  /** Input channels that are trained elsewhere and count as zero here; `channelCount` of them in all. */
  trained?: number[];
  channelCount?: number;
}

/** Hands out places in the image, 4-aligned, in order. */
export class FrozenLayout {
  readonly entries: FrozenEntry[] = [];
  bytes = 0;

  add(content: FrozenEntry["content"], bytes: number, more: Partial<FrozenEntry> = {}): number {
    const offset = this.bytes;
    this.entries.push({ offset, bytes, content, ...more });
    this.bytes = (offset + bytes + 3) & ~3;
    return offset;
  }
}

/** How many quantisation scales a parameter has, and which one an element belongs to. */
function channelsOf(p: Parameter): { channels: number; channelOf: (element: number) => number } {
  const channels = p.shape.length === 3 ? p.shape[2]! : p.shape[0]!; // depthwise weights are (KH,KW,C)
  const perChannel = p.count / channels;
  return { channels, channelOf: p.shape.length === 3 ? (i) => i % channels : (i) => Math.floor(i / perChannel) };
}

export const scaleCount = (p: Parameter): number => channelsOf(p).channels;

/** The parameter's values with trained input channels zeroed. */
function values(entry: FrozenEntry, parameters: Float32Array): Float32Array {
  const p = entry.parameter!;
  const out = parameters.slice(p.offset, p.offset + p.count);
  if (!entry.trained) return out;
  const trained = new Set(entry.trained);
  for (let i = 0; i < out.length; i++) if (trained.has(i % entry.channelCount!)) out[i] = 0;
  return out;
}

/** Symmetric int8: scale = max|w| / 127 per channel, rounded to nearest. */
export function quantise(p: Parameter, weights: Float32Array): { q: Int8Array; scales: Float32Array } {
  const { channels, channelOf } = channelsOf(p);
  const scales = new Float32Array(channels);
  weights.forEach((w, i) => {
    const c = channelOf(i);
    scales[c] = Math.max(scales[c]!, Math.abs(w) / 127);
  });
  const q = Int8Array.from(weights, (w, i) => {
    const scale = scales[channelOf(i)]!;
    return scale > 0 ? Math.max(-127, Math.min(127, Math.round(w / scale))) : 0;
  });
  return { q, scales };
}

/**
 * The bytes that go into the board's flash. `parameters`: the flat vector of the whole model.
 * The image changes whenever the frozen weights do; a Task names it by CRC-32.
 */
export function packFrozen(plan: Plan, parameters: Float32Array, normalisation: Normalisation): Uint8Array {
  const out = new Uint8Array(plan.frozenBytes);
  const view = new DataView(out.buffer);
  const floats = (at: number, list: ArrayLike<number>) => {
    for (let i = 0; i < list.length; i++) view.setFloat32(at + i * 4, list[i]!, true);
  };
  for (const entry of plan.frozen) {
    if (entry.content === "normalisation-scale") floats(entry.offset, normalisation.scale);
    else if (entry.content === "normalisation-offset") floats(entry.offset, normalisation.offset);
    else if (entry.content === "f32") floats(entry.offset, values(entry, parameters));
    else {
      const { q, scales } = quantise(entry.parameter!, values(entry, parameters));
      if (entry.content === "scales") floats(entry.offset, scales);
      else out.set(new Uint8Array(q.buffer), entry.offset);
    }
  }
  return out;
}

/** What of a layer's weights is frozen: nothing when all are trained, else the part outside `trained`. */
export function trainedChannels(selection: LayerSelection | undefined): number[] | undefined {
  return Array.isArray(selection?.weights) ? selection.weights : undefined;
}
