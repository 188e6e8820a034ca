// The strategies that a config can name: what it may say of each and of the server, and how a strategy is made. docs/strategies.md says how to add one.

import { z } from "zod";
import { ca2fl } from "../fl/ca2fl.ts";
import { fedasync } from "../fl/fedasync.ts";
import { fedavg } from "../fl/fedavg.ts";
import { fedbuff } from "../fl/fedbuff.ts";
import { ftte } from "../fl/ftte.ts";
import { remembered, type Strategy } from "../fl/strategy.ts";

const count = z.int().positive();
const positive = z.number().positive();

const age = z.union([
  z.enum(["constant", "polynomial", "hinge"]),
  z.strictObject({ kind: z.literal("polynomial"), exponent: positive }),
  z.strictObject({ kind: z.literal("hinge"), a: positive, b: z.number().nonnegative() }),
]);

const asynchronous = {
  concurrency: count.optional(),
  maxStaleness: z.int().nonnegative().optional(),
  turns: z.enum(["orders", "time"]).optional(),
};
const buffered = { buffer: count.optional(), serverLearningRate: positive.optional(), ...asynchronous };

/** A config's `strategy`. */
export const strategy = z.discriminatedUnion("name", [
  z.strictObject({
    name: z.literal("ftte"),
    ...buffered,
    age: age.optional(),
    variance: z.enum(["constant", "inverse", "relative"]).optional(),
    samplesPower: z.number().min(0).max(2).optional(),
    divisor: z.enum(["buffer", "expected", "covering"]).optional(),
    stability: z.enum(["ages", "none"]).optional(),
    share: z.enum(["updates", "boards"]).optional(),
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

type ServerConfig = z.infer<typeof server>;

/** Of a config, what decides on strategy and server. */
interface Strategic {
  strategy: StrategyConfig;
  server?: ServerConfig | undefined;
  fleet: readonly { count?: number | undefined; ports?: readonly string[] | undefined }[];
  firstModel: { samples: number; users: number; epochs: number };
}

export const boardsOf = ({ fleet }: Pick<Strategic, "fleet">): number =>
  fleet.reduce((sum, { count = 1, ports }) => sum + (ports?.length ?? count), 0);

/** An average over versions begins with the first model: random weights would be in it for dozens of versions. */
const startsTrained = ({ firstModel: { samples, users, epochs } }: Pick<Strategic, "firstModel">): boolean =>
  epochs > 0 && samples + users > 0;

/**
 * ftte's options with what was best where it was measured (docs/results/headline.md, docs/strategies.md): as many updates make a step as are
 * a fifth of the boards at work, between 2 and 10; the step is half as large again where averaging over versions makes up for it. With fifty boards
 * at work or more turns go by time, since a step is seldom of one board's updates then, and what only some boards train is divided by as many updates
 * as are to be expected, since ten are enough to expect some of. Where all boards may work no turns keep a fast one from sending more: shares do,
 * for as many boards as the latest updates can tell of; since updates then count unevenly, four make a step even if that is more than a fifth.
 */
function ftteDefaults(options: Extract<StrategyConfig, { name: "ftte" }>, config: Omit<Strategic, "strategy">) {
  const boards = boardsOf(config);
  const atWork = Math.min(boards, options.concurrency ?? boards);
  const share = options.share ?? (atWork === boards && boards <= remembered / 5 ? "boards" : "updates");
  const least = share === "boards" ? Math.min(4, atWork) : 2;
  const buffer = options.buffer ?? Math.min(10, Math.max(2, least, Math.round(atWork / 5)));
  const byNumber = atWork >= 50 ? { turns: "time", divisor: "expected" } : { turns: "orders", divisor: "buffer" };
  return { serverLearningRate: startsTrained(config) ? 1.5 : 1, ...byNumber, ...options, share, buffer };
}

/** What the server does, defaults filled in. */
export const serverOf = (config: Omit<Strategic, "fleet">): ServerConfig =>
  config.strategy.name === "ftte" && startsTrained(config)
    ? { averaging: 0.9, ...config.server }
    : { ...config.server };

/** Updates that make a server step. */
export function updatesPerStep(config: Strategic): number {
  const { strategy } = config;
  switch (strategy.name) {
    case "fedasync":
      return 1;
    case "fedavg":
      return strategy.cohort ?? boardsOf(config);
    case "ftte":
      return ftteDefaults(strategy, config).buffer;
    default:
      return strategy.buffer ?? 10;
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
export function strategyOf(config: Strategic): Strategy {
  const { strategy } = config;
  const { name, ...options } = strategy.name === "ftte" ? ftteDefaults(strategy, config) : strategy;
  return strategies[name](options);
}
