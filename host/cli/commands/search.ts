// `ftte plan --search`: what each part of the model is worth, measured on the host's own data; what each memory budget should train for
// it; and accuracy by bytes of RAM. Changes nothing: what it chose is printed in the words of the config.

import { buildGuest } from "../../build/guest.ts";
import { builtGuest } from "../../build/root.ts";
import { FtteError } from "../../errors.ts";
import { type Contributions, gainOf, type SearchOptions, type Share, sharesOf } from "../../plan/choices.ts";
import { selectionLines } from "../../plan/report.ts";
import { paretoFront, planTiers } from "../../plan/select.ts";
import { shapeModel } from "../../plan/shapes.ts";
import type { Model, Plan } from "../../plan/types.ts";
import { contributionsOf, type Measured, measure, ProxyTask, spreadOf } from "../../sim/contributions.ts";
import { loadKernels } from "../../sim/guest.ts";
import { parseBytes, type ResolvedConfig } from "../config_schema.ts";
import { fitsFlash } from "../flash_room.ts";
import { loadProject } from "../load_config.ts";
import { say, sayJson, writePicture } from "../output.ts";
import { encodingOf, firstModel, loadRunData, modelOf, placeOf, type RunData, trainingOf } from "../setup.ts";
import { contributionTable, type Found, frontSvg, frontTable } from "../view/search.ts";
import { percent } from "../view/text.ts";

export interface SearchArguments {
  config: string;
  budget?: string;
  seeds?: number;
  svg?: string;
  json?: boolean;
}

/** Passes of each fine-tuning over the proxy data: short, and long enough to tell the layers apart. */
const tuningEpochs = 4;
/** Points of the front that are fine-tuned to see what they reach. */
const mostShown = 10;

const progress = (text: string) => process.stderr.write(`${text}\n`);

interface Budget {
  title: string;
  bytes: number;
  fits: (plan: Plan) => boolean;
}

/** Each place of the fleet that differs from those before it; or the one budget that was asked for. */
function budgetsOf(config: ResolvedConfig, asked: string | undefined): Budget[] {
  if (asked !== undefined) return [{ title: `budget ${asked}`, bytes: parseBytes(asked), fits: () => true }];
  const places = config.fleet.map(placeOf);
  const first = ({ board, budgetBytes }: (typeof places)[number]) =>
    places.findIndex((p) => p.board.id === board.id && p.budgetBytes === budgetBytes);
  return places
    .filter((place, i) => first(place) === i)
    .map(({ board, budgetBytes: bytes }) => {
      return { title: board.class, bytes, fits: (plan) => fitsFlash(board, plan, encodingOf(config)) };
    });
}

/** One plan per budget, nested as a fleet's are. @throws FtteError "plan-too-large" when nothing fits one of them */
function plansFor(config: ResolvedConfig, budgets: Budget[], known: SearchOptions = {}): Plan[] {
  const sizes = budgets.map(({ bytes }) => bytes);
  const fits = (plan: Plan, bytes: number) => budgets.every((budget) => budget.bytes !== bytes || budget.fits(plan));
  return planTiers(modelOf(config), sizes, { ...known, training: trainingOf(config), fits });
}

/** One proxy per seed, from the config's on. @throws FtteError "usage" where the host has no data of its own */
function proxiesOf(config: ResolvedConfig, data: RunData, kernels: Uint8Array, seeds: number): ProxyTask[] {
  if (data.host.count === 0)
    throw new FtteError(
      "usage",
      "a search needs data of the host's own; give firstModel.samples, or users, in the config",
    );
  const setting = {
    model: modelOf(config),
    normalisation: data.normalisation,
    firstModel: config.firstModel,
    training: trainingOf(config),
    learningRate: config.training.learningRate,
    epochs: tuningEpochs,
  };
  return Array.from({ length: seeds }, (_, i) => {
    const proxy = new ProxyTask(kernels, setting, data.host, config.seed + i);
    progress(`seed ${config.seed + i}: first model ${percent(proxy.before)}`);
    return proxy;
  });
}

/** As few of the points as are worth fine-tuning, the first and the last among them. */
function thinned<T>(all: T[]): T[] {
  if (all.length <= mostShown) return all;
  return Array.from({ length: mostShown }, (_, i) => all[Math.round((i * (all.length - 1)) / (mostShown - 1))]!);
}

interface Chosen extends Found {
  budget: Budget;
  plan: Plan;
}

/** What was measured, and what it says of a subset. */
interface Worth {
  model: Model;
  measured: Measured;
  known: SearchOptions & { contributions: Contributions };
  found: (shares: Share[], bytes: number) => Found;
}

function worthOf(config: ResolvedConfig, data: RunData, kernels: Uint8Array, seeds: number): Worth {
  const model = modelOf(config);
  const proxies = proxiesOf(config, data, kernels, seeds);
  const measured = measure(model, proxies, (done, all) => progress(`${done} of ${all} subsets measured`));
  const contributions = contributionsOf(measured);
  const found = (shares: Share[], bytes: number): Found => {
    const reached = spreadOf(proxies.map((proxy) => proxy.accuracyOf(shares)));
    return { shares, bytes, expected: measured.before.mean + gainOf(contributions, shares), measured: reached };
  };
  // Channels are ranked by the weights that a run of this config starts from.
  return { model, measured, known: { contributions, parameters: firstModel(config, data, kernels) }, found };
}

function chosenOf(config: ResolvedConfig, budgets: Budget[], { model, known, found }: Worth): Chosen[] {
  return plansFor(config, budgets, known).map((plan, i) => {
    const shares = sharesOf(shapeModel(model), plan.selection);
    return { ...found(shares, plan.memoryBytes), budget: budgets[i]!, plan };
  });
}

function frontOf(config: ResolvedConfig, { model, known, found }: Worth): Found[] {
  progress("planning the arena of every subset");
  const points = thinned(paretoFront(model, { ...known, training: trainingOf(config) }));
  return points.map(({ shares, bytes }, i) => {
    progress(`fine-tuning subset ${i + 1} of the front's ${points.length}`);
    return found(shares, bytes);
  });
}

function chosenText({ budget, plan, expected, measured }: Chosen): string {
  const reached = `${percent(expected)} expected, ${percent(measured.mean)} measured`;
  return [
    `${budget.title}, ${budget.bytes} bytes: arena ${plan.memoryBytes}, ${reached}`,
    ...selectionLines(plan).map((line) => `  ${line}`),
    `  in the config: train: ${JSON.stringify(plan.selection)}`,
  ].join("\n");
}

const text = ({ model, measured }: Worth, chosen: Chosen[], front: Found[]): string =>
  [
    `model ${model.name}: accuracy on the host's held-out proxy data, ${percent(measured.before.mean)} before; gains in points`,
    contributionTable(model, measured),
    ...chosen.map(chosenText),
    `No other subset promises as much in as few bytes:\n\n${frontTable(model, front)}`,
  ].join("\n\n");

const json = ({ model, measured }: Worth, chosen: Chosen[], front: Found[]) => ({
  type: "result",
  model: model.name,
  ...measured,
  chosen: chosen.map(({ budget, plan, ...found }) => ({
    ...{ class: budget.title, budget: budget.bytes, selection: plan.selection },
    ...found,
  })),
  front,
});

/** @throws FtteError "plan-too-large" for a budget that nothing fits, before anything is measured; "usage" without data of the host's */
export async function search(options: SearchArguments): Promise<void> {
  const { folder, config } = await loadProject(options.config);
  const budgets = budgetsOf(config, options.budget);
  plansFor(config, budgets);
  await buildGuest();
  const kernels = loadKernels(builtGuest("kernels.twin.wasm"));
  const worth = worthOf(config, loadRunData(config, folder), kernels, options.seeds ?? 3);
  const chosen = chosenOf(config, budgets, worth);
  const front = frontOf(config, worth);
  if (options.svg !== undefined) {
    const picture = await frontSvg(worth.model, worth.measured.before.mean, front);
    say(options.json, `wrote ${writePicture(options.svg, "accuracy-by-bytes", picture)}`);
  }
  if (options.json) sayJson(json(worth, chosen, front));
  else say(false, text(worth, chosen, front));
}
