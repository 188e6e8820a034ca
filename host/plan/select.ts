// Choosing what to train under a memory budget: of all that may be trained (choices.ts) the most valuable whose arena, planned to the byte,
// fits. Searched exhaustively.

import { FtteError } from "../errors.ts";
import { type Combination, combinations, type SearchOptions } from "./choices.ts";
import { closestPlan, type PlanOptions, planModel } from "./plan.ts";
import { shapeModel } from "./shapes.ts";
import type { Model, Plan, Selection } from "./types.ts";

export interface SelectOptions extends SearchOptions, Omit<PlanOptions, "selection" | "budgetBytes"> {
  budgetBytes: number;
  /** Whatever else a plan must satisfy, such as blobs that fit the board's flash. */
  fits?: (plan: Plan) => boolean;
}

/**
 * The best plan whose arena fits, and that satisfies `fits`.
 * @throws FtteError "plan-too-large" when nothing that may be chosen fits, saying what the smallest plan needs
 */
export function planForBudget(model: Model, o: SelectOptions): Plan {
  const { parameters: _p, contributions: _c, containing: _k, fits = () => true, ...options } = o;
  const { budgetBytes } = options;
  let smallest = Number.POSITIVE_INFINITY;
  for (const { selection } of combinations(shapeModel(model), o)) {
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

/** A set of parameters, and the smallest arena in which it can be trained. */
export interface FrontPoint extends Combination {
  bytes: number;
}

/** Sums of the same gains in another order differ by less. */
const rounding = 1e-9;

/** The sets of which no other has as much value in as few bytes; fewest bytes first, values rising. */
export function paretoFront(model: Model, o: SearchOptions & Pick<PlanOptions, "training">): FrontPoint[] {
  const { training = {} } = o;
  const planned = combinations(shapeModel(model), o).map((combination): FrontPoint => {
    const { memoryBytes } = planModel(model, { training, selection: combination.selection, stripes: "smallest" });
    return { ...combination, bytes: memoryBytes };
  });
  planned.sort((a, b) => a.bytes - b.bytes || b.value - a.value);
  let best = Number.NEGATIVE_INFINITY;
  return planned.filter(({ value }) => {
    if (value <= best + rounding) return false;
    best = value;
    return true;
  });
}
