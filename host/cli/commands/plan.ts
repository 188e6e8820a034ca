// `ftte plan`: what each board class trains and every byte that it needs; with --budget, what fits.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FtteError } from "../../errors.ts";
import { arenaSvg, selectionLines, summaryLines, tensorRows } from "../../plan/report.ts";
import { planForBudget } from "../../plan/select.ts";
import type { Plan } from "../../plan/types.ts";
import { parseBytes, type ResolvedConfig } from "../config_schema.ts";
import { loadProject } from "../load_config.ts";
import { say, sayJson } from "../output.ts";
import { modelOf, planFleet } from "../setup.ts";
import { table } from "../view/text.ts";

interface Titled {
  title: string;
  plan: Plan;
}

function plansOf(config: ResolvedConfig, budget: string | undefined): Titled[] {
  if (budget !== undefined) {
    const { momentum, weightDecay, clipNorm, microBatch } = config.training;
    const training = { momentum, weightDecay, clipNorm, microBatch };
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

const text = ({ title, plan }: Titled): string =>
  [
    `${title}: model ${plan.model.name}`,
    ...[...selectionLines(plan), ...summaryLines(plan)].map((line) => `  ${line}`),
    "",
    table(["tensor", "role", "offset", "bytes", "lifetime"], tensorRows(plan)),
    "",
  ].join("\n");

const json = ({ title, plan }: Titled) => ({
  class: title,
  model: plan.model.name,
  arena: plan.memoryBytes,
  lowerBound: plan.lowerBoundBytes,
  packing: plan.packing,
  trained: plan.sliceCount,
  parameters: plan.parameterCount,
  selection: plan.selection,
  frozenBytes: plan.frozenBytes,
  bytesPerRound: plan.bytesPerRound,
  macs: plan.macs,
  tensors: plan.tensors,
});

function writePicture(folder: string, { title, plan }: Titled): string {
  const path = join(folder, `arena-${title.replace(/\W+/g, "-")}.svg`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, arenaSvg(plan));
  } catch (cause) {
    throw new FtteError("file-unwritable", `${path} cannot be written: ${(cause as Error).message}`, { cause });
  }
  return path;
}

export async function plan(options: { config: string; budget?: string; svg?: string; json?: boolean }): Promise<void> {
  const { config } = await loadProject(options.config);
  const plans = plansOf(config, options.budget);
  for (const titled of plans) if (!options.json) say(false, text(titled));
  if (options.svg !== undefined)
    for (const titled of plans) say(options.json, `wrote ${writePicture(options.svg, titled)}`);
  if (options.json) sayJson({ type: "result", plans: plans.map(json) });
}
