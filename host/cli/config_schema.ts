// Checks what a project's config says before anything starts, and fills in the defaults. Every message names the place in the file.

import { z } from "zod";
import { FtteError } from "../errors.ts";
import { boardsOf, server, strategy, updatesPerStep } from "./strategies.ts";

const activation = z.enum(["relu", "relu6", "sigmoid", "tanh"]);
const count = z.int().positive();
const pair = z.tuple([count, count]);
const named = { name: z.string().optional() };
const convolution = { padding: z.enum(["valid", "same"]).optional(), activation: activation.optional(), ...named };

const layer = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("dense"), units: count, activation: activation.optional(), ...named }),
  z.strictObject({
    kind: z.literal("conv1d"),
    filters: count,
    kernel: count,
    stride: count.optional(),
    ...convolution,
  }),
  z.strictObject({ kind: z.literal("conv2d"), filters: count, kernel: pair, stride: pair.optional(), ...convolution }),
  z.strictObject({ kind: z.literal("depthwise1d"), kernel: count, stride: count.optional(), ...convolution }),
  z.strictObject({ kind: z.literal("depthwise2d"), kernel: pair, stride: pair.optional(), ...convolution }),
  z.strictObject({ kind: z.enum(["maxPool1d", "averagePool1d"]), size: count, stride: count.optional(), ...named }),
  z.strictObject({ kind: z.enum(["maxPool2d", "averagePool2d"]), size: pair, stride: pair.optional(), ...named }),
  z.strictObject({ kind: z.literal("globalAveragePool"), ...named }),
  z.strictObject({ kind: z.literal("activation"), activation, ...named }),
  z.strictObject({ kind: z.literal("scaleBias"), ...named }),
  z.strictObject({ kind: z.literal("residual"), from: z.string(), activation: activation.optional(), ...named }),
  z.strictObject({ kind: z.literal("flatten"), ...named }),
]);

const model = z.strictObject({
  name: z.string().min(1),
  kind: z.enum(["classifier", "autoencoder"]),
  input: z.strictObject({ shape: z.array(count).min(1).max(3), type: z.enum(["u8", "i16", "f32"]) }),
  layers: z.array(layer).min(1),
});

const data = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("mnist"), train: count.max(60_000).optional(), test: count.max(10_000).optional() }),
  z.strictObject({
    kind: z.literal("cifar10"),
    path: z.string(),
    train: count.max(50_000).optional(),
    test: count.max(10_000).optional(),
  }),
  z.strictObject({ kind: z.literal("hapt"), path: z.string() }),
  z.strictObject({
    kind: z.literal("mitbih"),
    path: z.string(),
    beat: z.strictObject({ samples: count, before: z.int().nonnegative(), decimation: count }).optional(),
    classes: z.enum(["aami", "ventricular"]).optional(),
    test: count.optional(),
  }),
  z.strictObject({
    kind: z.literal("csv"),
    path: z.string(),
    columns: z.array(z.string()).min(1),
    label: z.string(),
    user: z.string().optional(),
    window: count,
    hop: count,
    type: z.enum(["f32", "i16"]).optional(),
    counts: z.union([z.number().positive(), z.array(z.number().positive()).min(1)]).optional(),
    testUsers: z.array(z.int().nonnegative()).optional(),
    testShare: z.number().gt(0).lt(1).optional(),
  }),
]);

const partition = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("dirichlet"), alpha: z.number().positive() }),
  z.strictObject({ kind: z.literal("by-user") }),
  z.strictObject({ kind: z.literal("shards"), perBoard: count }),
]);

const selection = z.array(
  z.strictObject({
    layer: z.int().nonnegative(),
    bias: z.boolean(),
    weights: z.union([z.enum(["none", "all"]), z.array(z.int().nonnegative())]),
  }),
);

const fleetEntry = z.strictObject({
  board: z.string(),
  count: count.max(10_000).optional(),
  ports: z.array(z.string()).min(1).optional(),
  speed: z.number().gt(0).max(1).optional(),
  battery: z.int().min(0).max(100).optional(),
  engine: z.enum(["wasm3", "aot"]).optional(),
  train: z.union([z.enum(["all", "head", "bias"]), selection]).optional(),
  budget: z.union([count, z.string().regex(/^\d+(\.\d+)?k?$/, "a number of bytes, or kibibytes as in 24k")]).optional(),
});

/** What the parts of a config cannot say of each other: who is asked, and what there is to compare. */
function checkTogether(config: z.infer<typeof fields>, issues: z.RefinementCtx): void {
  const { strategy, server, training } = config;
  const boards = boardsOf(config);
  const add = (path: string[], message: string) => issues.addIssue({ code: "custom", path, message });
  if (strategy.name === "fedavg" && strategy.cohort !== undefined) {
    const asked = Math.round(strategy.cohort * (strategy.overSelection ?? 1));
    const which = `asks ${asked} boards in each round, with overSelection, but the fleet has ${boards}`;
    if (asked > boards) add(["strategy", "cohort"], which);
  }
  if (strategy.name === "ca2fl" && server?.combine === "median")
    add(["server", "combine"], "the median cannot take the place of ca2fl's calibrated mean");
  if (training.kept !== undefined && training.encoding !== "top-k")
    add(["training", "kept"], `is the share that "top-k" keeps; the encoding is "${training.encoding}"`);
  const updates = updatesPerStep(config);
  for (const name of ["filter", "combine"] as const)
    if (server?.[name] !== undefined && updates < 3)
      add(
        ["server", name],
        `compares a step's updates, of which it needs 3; ${strategy.name} makes steps of ${updates}`,
      );
}

const share = z.number().min(0).max(1);
const seconds = z.number().nonnegative();
const simulation = z.strictObject({
  stepsPerSecond: z.number().positive().optional(),
  bytesPerSecond: z.number().positive().default(85_000),
  latencySeconds: seconds.default(0.2),
  jitter: share.default(0.25),
  stragglers: z
    .strictObject({ share, slowdown: z.number().min(1).max(1e6), rare: z.boolean().default(false) })
    .default({ share: 0, slowdown: 1, rare: false }),
  churn: z.strictObject({ onSeconds: z.number().positive(), offSeconds: z.number().positive() }).optional(),
  lost: z.number().min(0).max(0.99).default(0),
  patienceSeconds: seconds.default(60),
  powerCuts: share.default(0),
  rebootSeconds: seconds.default(2),
  battery: z.strictObject({ orders: z.number().int().positive(), chargeSeconds: seconds }).optional(),
});

const rate = z.number().positive().max(10);
const fields = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][\w.-]*$/, "letters, digits, dots, dashes and underscores"),
  model: z.union([
    model,
    z.enum(["mlp-128-32-6", "mlp-561-64-6", "motion-cnn", "image-cnn", "cifar-cnn", "ecg-autoencoder"]),
  ]),
  data,
  partition: partition.default({ kind: "dirichlet", alpha: 0.5 }),
  firstModel: z
    .strictObject({
      samples: z.int().nonnegative().default(0),
      users: z.int().nonnegative().default(0),
      epochs: z.int().nonnegative(),
      learningRate: rate.default(0.02),
    })
    .refine((first) => first.samples === 0 || first.users === 0, "give samples or users, not both")
    .default({ samples: 0, users: 0, epochs: 0, learningRate: 0.02 }),
  fleet: z.array(fleetEntry).min(1),
  training: z
    .strictObject({
      steps: count.default(200),
      learningRate: rate.default(0.01),
      checkpointEvery: z.int().nonnegative().default(100),
      encoding: z.enum(["int8", "int4", "f32", "top-k"]).default("int8"),
      kept: z.number().gt(0).max(0.75).optional(),
      momentum: z.number().min(0).lt(1).default(0),
      weightDecay: z.number().min(0).max(1).default(0),
      clipNorm: z.number().min(0).default(0),
      microBatch: count.max(256).default(1),
    })
    .prefault({}),
  strategy: strategy.default({ name: "ftte" }),
  server: server.optional(),
  refreshFrozenEvery: z.int().nonnegative().default(0),
  simulation: simulation.prefault({}),
  stop: z
    .strictObject({
      minutes: z.number().positive().optional(),
      versions: count.optional(),
      accuracy: z.number().gt(0).max(1).optional(),
    })
    .default({ minutes: 2 }),
  seed: z.int().nonnegative().max(0xffffffff).default(1),
});
const schema = fields.superRefine(checkTogether);

/** What the schema takes; config.ts gives it its documented types. */
export type ConfigInput = z.input<typeof schema>;

/** A config with every default filled in; this is what a run freezes. */
export type ResolvedConfig = z.infer<typeof schema>;

type Issue = z.core.$ZodIssue;

/** One line per mistake. Of a union's forms, the one that the value comes closest to says what is wrong. */
function describe(issue: Issue, above: PropertyKey[] = []): string[] {
  const path = [...above, ...issue.path];
  const depth = (form: Issue[]) => Math.max(0, ...form.map((i) => i.path.length));
  const forms = issue.code === "invalid_union" ? issue.errors.filter((form) => form.length > 0) : [];
  const closest = forms.toSorted((a, b) => depth(b) - depth(a))[0];
  if (closest) return closest.flatMap((inner) => describe(inner, path));
  return [`  ${path.join(".") || "(top level)"}: ${issue.message}`];
}

/** @throws FtteError "config-invalid" that lists every mistake with its place */
export function resolveConfig(config: unknown, file: string): ResolvedConfig {
  const result = schema.safeParse(config);
  if (result.success) return result.data;
  const mistakes = result.error.issues.flatMap((issue) => describe(issue));
  throw new FtteError(
    "config-invalid",
    `${file} is not a valid config; correct these places:\n${mistakes.join("\n")}`,
    {
      cause: result.error,
    },
  );
}

/** "24k" → 24576. */
export function parseBytes(text: string | number): number {
  if (typeof text === "number") return text;
  const match = /^(\d+(?:\.\d+)?)(k?)$/.exec(text.toLowerCase());
  if (!match) throw new FtteError("usage", `"${text}" is not a size; write bytes, or kibibytes as in 24k`);
  return Math.round(Number(match[1]) * (match[2] ? 1024 : 1));
}
