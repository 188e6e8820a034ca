// Choosing what to train under a memory budget, as Lin et al. (NeurIPS 2022): biases of the last k layers, plus weights of layers at a
// channel ratio; maximise the summed contributions subject to exact memory. Searched exhaustively, which our model sizes allow.
//
// Where contributions were not measured by short fine-tuning, ours stand in: a layer's weights count by the square root of how many are
// trained, times 1 for the first layer up to 2 for the last, since later layers adapt most; a bias counts a tenth of full weights.

import { FtteError } from "../errors.ts";
import { closestPlan, type PlanOptions } from "./plan.ts";
import { inputChannels } from "./selection.ts";
import { type LayerShape, type ModelShape, shapeModel } from "./shapes.ts";
import type { LayerSelection, Model, Plan, Selection } from "./types.ts";

export interface SelectOptions extends Omit<PlanOptions, "selection" | "budgetBytes"> {
  budgetBytes: number;
  /** Ranks input channels by L2 norm; without them the first ones are taken. */
  parameters?: Float32Array;
  /** Contribution of a layer's weights trained whole, by layer index; measured by the caller. */
  contributions?: ReadonlyMap<number, number>;
  /** Whatever else a plan must satisfy, such as blobs that fit the board's flash. */
  fits?: (plan: Plan) => boolean;
  /** A selection that the result must contain, so that a smaller tier's slice is a part of a larger one's. */
  containing?: Selection;
}

const ratios = [0, 1 / 8, 1 / 4, 1 / 2, 1];
const searchLimit = 20_000;

/** Input channels, strongest first by the L2 norm of the weights that read them. */
function ranking(shape: ModelShape, layer: LayerShape, parameters: Float32Array | undefined): number[] {
  const channels = Array.from({ length: inputChannels(shape, layer) }, (_, i) => i);
  const weights = layer.parameters.find((p) => p.role === "weights");
  if (!parameters || !weights) return channels;
  const norm = new Float64Array(channels.length);
  for (let i = 0; i < weights.count; i++) norm[i % channels.length]! += parameters[weights.offset + i]! ** 2;
  return channels.sort((a, b) => norm[b]! - norm[a]! || a - b);
}

interface Choice {
  entry: LayerSelection | undefined;
  value: number;
}

function choices(shape: ModelShape, layer: LayerShape, o: SelectOptions): Choice[] {
  const last = shape.layers.length - 1;
  const weights = layer.parameters.find((p) => p.role !== "bias")!;
  const whole = o.contributions?.get(layer.index) ?? Math.sqrt(weights.count) * (1 + layer.index / Math.max(1, last));
  const ranked = ranking(shape, layer, o.parameters);
  const sparse = layer.kind === "dense" || layer.kind === "conv";
  const list: Choice[] = [
    { entry: undefined, value: 0 },
    { entry: { layer: layer.index, bias: true, weights: "none" }, value: whole / 10 },
  ];
  for (const ratio of ratios.slice(1)) {
    const count = Math.round(ratio * ranked.length);
    if (ratio < 1 && (!sparse || count === 0 || count === ranked.length)) continue;
    const picked = ranked.slice(0, count).sort((a, b) => a - b);
    list.push({
      entry: { layer: layer.index, bias: true, weights: ratio === 1 ? "all" : picked },
      value: whole * Math.sqrt(ratio),
    });
  }
  const must = o.containing?.find((s) => s.layer === layer.index);
  return must ? list.filter((c) => contains(c.entry, must)) : list;
}

function contains(entry: LayerSelection | undefined, must: LayerSelection): boolean {
  if (!entry || (must.bias && !entry.bias)) return false;
  if (must.weights === "none" || entry.weights === "all") return true;
  return (
    Array.isArray(entry.weights) &&
    Array.isArray(must.weights) &&
    must.weights.every((c) => entry.weights.includes(c as never))
  );
}

/** Fewer choices for the earliest layer that has more than the least: first nothing between the least and all, then only the least. */
function narrowed(perLayer: Choice[][]): Choice[][] {
  const wide = perLayer.findIndex((list) => list.length > 2);
  const at = wide >= 0 ? wide : perLayer.findIndex((list) => list.length > 1);
  return perLayer.map((list, i) => (i !== at ? list : wide >= 0 ? [list[0]!, list.at(-1)!] : list.slice(0, 1)));
}

interface Combination {
  selection: Selection;
  value: number;
}

/** Every combination of the layers' choices that trains something, as far as the limit goes; the most valuable first. */
function combinations(perLayer: Choice[][]): Combination[] {
  const product = perLayer.reduce((p, list) => p * list.length, 1);
  if (product > searchLimit) return combinations(narrowed(perLayer));
  const all = Array.from({ length: product }, (_, k): Combination => {
    let rest = k;
    const chosen = perLayer.map((list) => {
      const choice = list[rest % list.length]!;
      rest = Math.floor(rest / list.length);
      return choice;
    });
    const value = chosen.reduce((sum, c) => sum + c.value, 0);
    return { selection: chosen.flatMap((c) => (c.entry ? [c.entry] : [])), value };
  });
  return all.filter(({ selection }) => selection.length > 0).sort((a, b) => b.value - a.value);
}

/**
 * The best plan whose arena fits, and that satisfies `fits`.
 * @throws FtteError "plan-too-large" when nothing that may be chosen fits, saying what the smallest plan needs
 */
export function planForBudget(model: Model, o: SelectOptions): Plan {
  const shape = shapeModel(model);
  const { parameters: _p, contributions: _c, containing: _k, fits = () => true, ...options } = o;
  const { budgetBytes } = options;
  const perLayer = shape.layers.filter((l) => l.parameters.length > 0).map((l) => choices(shape, l, o));
  let smallest = Number.POSITIVE_INFINITY;
  for (const { selection } of combinations(perLayer)) {
    const plan = closestPlan(model, { ...options, selection });
    if (!fits(plan)) continue;
    if (plan.memoryBytes <= budgetBytes) return plan;
    smallest = Math.min(smallest, plan.memoryBytes);
  }
  throw new FtteError(
    "plan-too-large",
    smallest === Number.POSITIVE_INFINITY
      ? `no plan of model ${model.name} has blobs that fit the flash`
      : `nothing of model ${model.name} can be trained in an arena of ${budgetBytes} bytes; the smallest plan needs ${smallest}, ${smallest - budgetBytes} more`,
  );
}

/** Plans for several budgets, each slice a part of the next larger one's; in the order of `budgets`. `fits` is asked with the budget. */
export function planTiers(
  model: Model,
  budgets: number[],
  {
    fits,
    ...options
  }: Omit<SelectOptions, "budgetBytes" | "containing" | "fits"> & {
    fits?: (plan: Plan, budgetBytes: number) => boolean;
  },
): Plan[] {
  const plans = new Map<number, Plan>();
  let containing: Selection | undefined;
  for (const budgetBytes of [...new Set(budgets)].sort((a, b) => a - b)) {
    const plan = planForBudget(model, {
      ...{ ...options, budgetBytes, ...(containing ? { containing } : {}) },
      ...(fits && { fits: (tried) => fits(tried, budgetBytes) }),
    });
    containing = plan.selection;
    plans.set(budgetBytes, plan);
  }
  return budgets.map((b) => plans.get(b)!);
}
