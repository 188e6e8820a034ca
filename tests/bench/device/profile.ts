// Where the instructions of a training step go: op by op of the plan for the engines, apart what the BLAS's leaves compute and what the
// engine takes around them; layer by layer for the C programs. A plan that is cut behind some op runs as far as the whole one does
// (Case.cut), and an op costs what the longer cut costs more: no engine has to say where its ops begin.
import { shapeModel } from "../../../host/plan/shapes.ts";
import type { Plan } from "../../../host/plan/types.ts";
import { decodePlanHeader, type OpName, ops } from "../../../host/wire/spec.gen.ts";
import type { Case } from "./case.ts";
import { measure } from "./measure.ts";
import { build, type Engine, type Program } from "./program.ts";
import { functionsOf, instructionsOf } from "./trace.ts";

/** Instructions: in all, and of that in the BLAS's leaves. */
export interface Cost {
  all: number;
  leaves: number;
}

/** A line of the profile: an op, or with no op a pass over a layer, the sum of its ops. */
export interface ProfileLine {
  pass: string; // "sample", "forward dense0", "loss", "backward dense0", "around": the call and the engine's way in and out
  op: string;
  cost: Partial<Record<Engine, Cost>>;
}

interface Op {
  name: OpName;
  args: Record<string, number>;
}

/** The ops of a training step: the forward list, then the training list. */
function trainOps({ binary }: Plan): Op[] {
  const { forwardAt, forwardOps, trainAt, trainOps: count } = decodePlanHeader(binary);
  return [...opsAt(binary, forwardAt, forwardOps), ...opsAt(binary, trainAt, count)];
}

function opsAt(binary: Uint8Array, from: number, count: number): Op[] {
  const view = new DataView(binary.buffer, binary.byteOffset);
  const names = Object.keys(ops) as OpName[];
  let at = from;
  return Array.from({ length: count }, () => {
    const name = names.find((n) => ops[n].code === view.getUint16(at, true))!;
    const args = Object.fromEntries(ops[name].args.map((arg, i) => [arg, view.getUint32(at + 4 + 4 * i, true)]));
    at += 4 + 4 * ops[name].args.length;
    return { name, args };
  });
}

/** The pass that each op of the training list is part of. A gradient is set to zero for the op behind it. */
function passes(plan: Plan, list: Op[]): string[] {
  const { forwardOps, inferOps } = decodePlanHeader(plan.binary);
  const layers = shapeModel(plan.model).layers.filter((l) => l.kind !== "flatten");
  const loss = list.findIndex(({ name }) => name === "softmaxCrossEntropy" || name === "meanSquaredError");
  const layerAt = (offset: number, i: number) => {
    const time = i < forwardOps ? i : inferOps + i; // lists follow each other: forward, infer, train
    const lives = plan.tensors.filter((t) => t.offset === offset && t.from <= time && t.to >= time);
    return layers.find(({ name }) => lives.some((t) => t.name === name || t.name === `${name}.gradient`))?.name;
  };
  const pass = (i: number): string => {
    const { name, args } = list[i]!;
    if (name === "input") return "sample";
    if (i === loss) return "loss";
    if (i < loss) return `forward ${layerAt(args.y!, i)}`;
    if (name === "fill") return pass(i + 1);
    return `backward ${layerAt(args.dy!, i) ?? layers.at(-1)!.name}`; // the loss's gradient is its own tensor behind an activation
  };
  return list.map((_, i) => pass(i));
}

/** What an op works on, from its own arguments: "128 → 32", "64×16" or "2048". */
function sizeOf({ args: a }: Op): string {
  if (a.oc !== undefined) return `${a.ih}×${a.iw}×${a.ic} → ${a.oh}×${a.ow}×${a.oc}`;
  if (a.o !== undefined) return `${a.i} → ${a.o}`;
  if (a.p !== undefined) return `${a.p}×${a.c}`;
  return a.n === undefined ? "" : String(a.n);
}

async function costOf(program: Program, c: Case, count: number): Promise<Cost> {
  const { stages, symbols } = await measure(program, c.cut(count));
  const functions = functionsOf(stages, symbols);
  const leaves = [...functions].filter(([name]) => /^(ftte|w2c)_leaf_/.test(name)).reduce((sum, [, n]) => sum + n, 0);
  return { all: instructionsOf(stages), leaves };
}

async function opsOf(engine: Engine, c: Case, count: number): Promise<Cost[]> {
  const program = build(engine);
  const costs: Cost[] = [];
  for (let i = 0; i <= count; i++) costs.push(await costOf(program, c, i));
  return costs.map(({ all, leaves }, i) => {
    const before = costs[i - 1] ?? { all: 0, leaves: 0 };
    return { all: all - before.all, leaves: leaves - before.leaves };
  });
}

/** A C program's passes, told apart by the functions that it enters. */
async function passesOf(engine: Engine, c: Case): Promise<Map<string, Cost>> {
  const names = shapeModel(c.plan.model)
    .layers.filter((l) => l.kind !== "flatten")
    .map((l) => l.name);
  const { stages } = await measure(build(engine, true), c.cut(decodePlanHeader(c.plan.binary).trainOps), [
    ...["bench_sample", "forward_layer", "loss_of", "backward_layer"],
  ]);
  let forward = 0;
  let backward = names.length;
  const passOf: Record<string, () => string> = {
    "": () => "around",
    bench_sample: () => "sample",
    forward_layer: () => `forward ${names[forward++]}`,
    loss_of: () => "loss",
    backward_layer: () => `backward ${names[--backward]}`,
  };
  return new Map(
    stages.map((stage) => {
      const all = instructionsOf([stage]);
      return [passOf[stage.entered]!(), { all, leaves: all }];
    }),
  );
}

/** @param engines to profile. @throws Error when a program fails */
export async function profile(c: Case, engines: Engine[]): Promise<ProfileLine[]> {
  const list = trainOps(c.plan);
  const pass = passes(c.plan, list);
  const around: ProfileLine = { pass: "around", op: "", cost: {} };
  const opLines = list.map((op, i): ProfileLine => ({ pass: pass[i]!, op: `${op.name} ${sizeOf(op)}`, cost: {} }));
  const passLines = new Map(
    [...new Set(pass)].map((name): [string, ProfileLine] => [name, { pass: name, op: "", cost: {} }]),
  );
  passLines.set("around", around);
  for (const engine of engines)
    if (engine.startsWith("c-"))
      for (const [name, cost] of await passesOf(engine, c)) passLines.get(name)!.cost[engine] = cost;
    else {
      const [way, ...costs] = await opsOf(engine, c, list.length);
      around.cost[engine] = way!;
      costs.forEach((cost, i) => {
        opLines[i]!.cost[engine] = cost;
        const line = passLines.get(pass[i]!)!;
        const sum = line.cost[engine] ?? { all: 0, leaves: 0 };
        line.cost[engine] = { all: sum.all + cost.all, leaves: sum.leaves + cost.leaves };
      });
    }
  return [...passLines.values()].flatMap((line) => [
    line,
    ...opLines.filter((o) => line !== around && o.pass === line.pass),
  ]);
}
