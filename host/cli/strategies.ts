// The strategies that a config can name: what it may say of each and of the server, and how a strategy is made. docs/strategies.md says how to add one.

import { z } from "zod";
import { ca2fl } from "../fl/ca2fl.ts";
import { fedasync } from "../fl/fedasync.ts";
import { fedavg } from "../fl/fedavg.ts";
import { fedbuff } from "../fl/fedbuff.ts";
import { ftte } from "../fl/ftte.ts";
import type { Strategy } from "../fl/strategy.ts";

const count = z.int().positive();
const positive = z.number().positive();

const age = z.union([
  z.enum(["constant", "polynomial", "hinge"]),
  z.strictObject({ kind: z.literal("polynomial"), exponent: positive }),
  z.strictObject({ kind: z.literal("hinge"), a: positive, b: z.number().nonnegative() }),
]);

const asynchronous = { concurrency: count.optional(), maxStaleness: z.int().nonnegative().optional() };
const buffered = { buffer: count.optional(), serverLearningRate: positive.optional(), ...asynchronous };

/** A config's `strategy`. */
export const strategy = z.discriminatedUnion("name", [
  z.strictObject({
    name: z.literal("ftte"),
    ...buffered,
    age: age.optional(),
    variance: z.enum(["constant", "inverse", "relative"]).optional(),
    samplesPower: z.number().min(0).max(2).optional(),
    divisor: z.enum(["buffer", "covering"]).optional(),
  }),
  z.strictObject({ name: z.literal("fedbuff"), ...buffered }),
  z.strictObject({ name: z.literal("ca2fl"), ...buffered }),
  z.strictObject({
    name: z.literal("fedasync"),
    ...asynchronous,
    mixing: z.number().gt(0).max(1).optional(),
    age: age.optional(),
  }),
  z
    .strictObject({
      name: z.literal("fedavg"),
      cohort: count.optional(),
      overSelection: z.number().min(1).max(10).optional(),
      serverLearningRate: positive.optional(),
    })
    .refine(
      ({ cohort, overSelection = 1 }) => cohort !== undefined || overSelection === 1,
      "overSelection needs a cohort: without one, all boards are asked and waited for",
    ),
]);

/** A config's `server`. */
export const server = z.strictObject({
  averaging: z.number().min(0).lt(1).exactOptional(),
  clipNorm: positive.exactOptional(),
  filter: z
    .strictObject({ kind: z.enum(["norm", "staleness-groups"]), factor: z.number().gt(1).exactOptional() })
    .exactOptional(),
  combine: z.enum(["mean", "median"]).exactOptional(),
});

type StrategyConfig = z.infer<typeof strategy>;

/** Updates that make a server step, with so many boards. */
export function updatesPerStep(config: StrategyConfig, boards: number): number {
  switch (config.name) {
    case "fedasync":
      return 1;
    case "fedavg":
      return config.cohort ?? boards;
    default:
      return config.buffer ?? (config.name === "ftte" ? 4 : 10);
  }
}

const strategies: Record<StrategyConfig["name"], (options: object) => Strategy> = {
  ftte,
  fedbuff,
  ca2fl,
  fedasync,
  fedavg,
};

/** The strategy that the config asks for. */
export function strategyOf({ name, ...options }: StrategyConfig): Strategy {
  return strategies[name](options);
}
