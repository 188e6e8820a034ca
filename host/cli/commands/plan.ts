// `ftte plan`: what each board class trains and every byte that it needs; with --budget, what fits. --search is search.ts.

import { FtteError } from "../../errors.ts";
import { bytesPerRound } from "../../plan/blobs.ts";
import { arenaSvg, selectionLines, summaryLines, tensorRows } from "../../plan/report.ts";
import { planForBudget } from "../../plan/select.ts";
import type { Plan } from "../../plan/types.ts";
import type { UpdateEncoding } from "../../plan/update_rows.ts";
import { parseBytes, type ResolvedConfig } from "../config_schema.ts";
import { loadProject } from "../load_config.ts";
import { say, sayJson, writePicture } from "../output.ts";
import { encodingOf, modelOf, planFleet, trainingOf } from "../setup.ts";
import { table } from "../view/text.ts";
import type { SearchArguments } from "./search.ts";

interface PlanArguments extends SearchArguments {
  search?: boolean;
}

interface Titled {
  title: string;
  plan: Plan;
}

function plansOf(config: ResolvedConfig, budget: string | undefined): Titled[] {
  if (budget !== undefined) {
    const training = trainingOf(config);
    return [
      {
        title: `budget ${budget}`,
        plan: planForBudget(modelOf(config), { training, budgetBytes: parseBytes(budget) }),
      },
    ];
  }
  const titled = new Map(planFleet(config).map((part) => [part.label, part.plan]));
  return [...titled].map(([title, plan]) => ({ title, plan }));
}

const text = ({ title, plan }: Titled, encoding: UpdateEncoding): string =>
  [
    `${title}: model ${plan.model.name}`,
    ...[...selectionLines(plan), ...summaryLines(plan, encoding)].map((line) => `  ${line}`),
    "",
    table(["tensor", "role", "offset", "bytes", "lifetime"], tensorRows(plan)),
    "",
  ].join("\n");

const json = ({ title, plan }: Titled, encoding: UpdateEncoding) => ({
  class: title,
  model: plan.model.name,
  arena: plan.memoryBytes,
  lowerBound: plan.lowerBoundBytes,
  packing: plan.packing,
  trained: plan.sliceCount,
  parameters: plan.parameterCount,
  selection: plan.selection,
  frozenBytes: plan.frozenBytes,
  bytesPerRound: bytesPerRound(plan, encoding),
  macs: plan.macs,
  tensors: plan.tensors,
});

export async function plan(options: PlanArguments): Promise<void> {
  if (options.search) return (await import("./search.ts")).search(options);
  if (options.seeds !== undefined) throw new FtteError("usage", "--seeds goes with --search only");
  const { config } = await loadProject(options.config);
  const plans = plansOf(config, options.budget);
  const encoding = encodingOf(config);
  for (const titled of plans) if (!options.json) say(false, text(titled, encoding));
  if (options.svg !== undefined)
    for (const titled of plans)
      say(options.json, `wrote ${writePicture(options.svg, `arena-${titled.title}`, arenaSvg(titled.plan))}`);
  if (options.json) sayJson({ type: "result", plans: plans.map((titled) => json(titled, encoding)) });
}
