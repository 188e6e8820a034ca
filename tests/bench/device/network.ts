// A plan's network in the form of network.h: what the C programs of the benchmark train.
import { type LayerShape, shapeModel } from "../../../host/plan/shapes.ts";
import type { Normalisation, Parameter, Plan } from "../../../host/plan/types.ts";

const kinds: Partial<Record<LayerShape["kind"], number>> = { dense: 0, conv: 1, averagePool: 2 };
const activations = { none: 0, relu: 1, tanh: 2 } as Record<string, number>;
const forms = { u8: 0, i16: 1, f32: 2 };
const headBytes = 8 * 4;
const layerBytes = 18 * 4;

/** Appends parts, 8-aligned, and says where they lie. */
class Parts {
  readonly list: Uint8Array[] = [];
  constructor(private end: number) {}

  add(part: Uint8Array): number {
    const at = this.end;
    const padded = new Uint8Array((part.length + 7) & ~7);
    padded.set(part);
    this.list.push(padded);
    this.end += padded.length;
    return at;
  }
}

const bytesOf = (a: ArrayLike<number>) => new Uint8Array(Float32Array.from(a).buffer);

/**
 * @param frozen the frozen image, whose int8 weights the network shares
 * @param parameters the whole model's
 */
export function encodeNetwork(
  plan: Plan,
  frozen: Uint8Array,
  parameters: Float32Array,
  normalisation: Normalisation,
): Uint8Array {
  const shape = shapeModel(plan.model);
  const layers = shape.layers.filter((l) => l.kind !== "flatten");
  const parts = new Parts(headBytes + layers.length * layerBytes);
  const scaleAt = parts.add(bytesOf(normalisation.scale));
  const offsetAt = parts.add(bytesOf(normalisation.offset));
  const words = layers.map((l) => layerWords(plan, l, frozen, parameters, parts));
  const { h, w, c } = shape.input;
  const isClassifier = plan.model.kind === "classifier" ? 1 : 0;
  const head = [layers.length, isClassifier, forms[plan.model.input.type], h * w * c, c, scaleAt, offsetAt, 0];
  return Buffer.concat([new Uint8Array(Uint32Array.from([...head, ...words.flat()]).buffer), ...parts.list]);
}

function layerWords(plan: Plan, l: LayerShape, frozen: Uint8Array, parameters: Float32Array, parts: Parts): number[] {
  const kind = kinds[l.kind];
  if (kind === undefined) throw new Error(`${l.kind} is no layer of the benchmark's C programs`);
  const selected = plan.selection.find((s) => s.layer === l.index);
  if (Array.isArray(selected?.weights)) throw new Error("the benchmark's C programs train layers whole");
  const { kh, kw, sh, sw } = l.geometry ?? { kh: 1, kw: 1, sh: 1, sw: 1 };
  const find = (role: Parameter["role"]) => l.parameters.find((p) => p.role === role);
  const weights = find("weights");
  const bias = find("bias");
  const floats = (p: Parameter) => parts.add(bytesOf(parameters.subarray(p.offset, p.offset + p.count)));
  const entry = (content: string) => {
    const e = plan.frozen.find((f) => f.parameter?.name === weights?.name && f.content === content);
    return e && parts.add(frozen.subarray(e.offset, e.offset + e.bytes));
  };
  const int8At = weights && entry("int8");
  const weightsAt = int8At ?? (weights ? floats(weights) : 0);
  return [
    ...[kind, activations[l.activation ?? "none"]!],
    ...[l.input.h, l.input.w, l.input.c, l.output.h, l.output.w, l.output.c, kh, kw, sh, sw],
    ...[int8At === undefined ? 0 : 1, weightsAt, (weights && entry("scales")) ?? 0, bias ? floats(bias) : 0],
    ...[selected?.weights === "all" ? 1 : 0, selected?.bias ? 1 : 0],
  ];
}
