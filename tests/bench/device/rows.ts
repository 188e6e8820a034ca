// The rows of the device benchmark: one training step, one inference, and the bytes, of one program on one case.
import { type Case, type Frozen, type Mode, makeCase, type Workload } from "./case.ts";
import { check, type Measured, measure } from "./measure.ts";
import { build, type Engine, engines, type Program } from "./program.ts";
import { cyclesOfStages } from "./trace.ts";

export interface Row {
  workload: Workload;
  engine: Engine;
  mode: Mode;
  frozen: Frozen; // what frozen weights are held in; of no account in mode full
  instructions: number; // of a training step
  floorRatio: number;
  tunedRatio: number;
  inference: number; // instructions
  ram: { arena: number; engine: number; stack: number; static: number; total: number }; // bytes: peaks, and their sum
  /** What the two largest parts of an engine's RAM are made of, bytes; nothing for C programs. */
  ramParts?: { parameters: number; plan: number; tensors: number; opened: number; translated: number };
  flash: number; // bytes (program.ts)
  estimate: Estimate;
}

/** Of a training step, from published cycles of each instruction (cycles.ts); not measured. */
export interface Estimate {
  cyclesPerInstruction: [fewest: number, most: number];
  milliseconds: [fewest: number, most: number]; // at clockMHz
}

/** An nRF52840's. */
export const clockMHz = 64;

function ramOf({ outcome }: Measured, { plan }: Case, { engine, staticRam }: Program): Row["ram"] {
  const [arena, own, stack] = [
    engine.startsWith("c-") ? outcome.get("arena")![0]! : plan.memoryBytes,
    outcome.get("engine")![0]!,
    Math.max(...outcome.get("stack")!),
  ];
  return { arena, engine: own, stack, static: staticRam, total: arena + own + stack + staticRam };
}

/** Tensors are what the others leave of the arena, in which they take turns. Functions are translated when they are first called. */
function ramPartsOf({ outcome }: Measured, { plan }: Case, { engine }: Program): Pick<Row, "ramParts"> {
  if (engine.startsWith("c-")) return {};
  const parameters = 4 * plan.sliceCount;
  const own = plan.binary.length;
  const [opened, all] = [outcome.get("opened")![0]!, outcome.get("engine")![0]!];
  const tensors = plan.memoryBytes - parameters - own;
  return { ramParts: { parameters, plan: own, tensors, opened, translated: all - opened } };
}

function estimateOf({ stages, step }: Measured): Estimate {
  const [fewest, most] = cyclesOfStages(stages);
  return {
    cyclesPerInstruction: [fewest / step, most / step],
    milliseconds: [fewest / clockMHz / 1000, most / clockMHz / 1000],
  };
}

/** One row per program. @throws Error when a result is wrong */
async function rowsOf(programs: Program[], c: Case): Promise<Row[]> {
  const measured = new Map<Program, Measured>();
  for (const program of programs) {
    const one = await measure(program, c.bytes);
    check(program.engine, c, one.outcome);
    measured.set(program, one);
  }
  const stepOf = (engine: Engine) => measured.get(programs.find((p) => p.engine === engine)!)!.step;
  return [...measured].map(([program, one]) => ({
    ...{ workload: c.workload, engine: program.engine, mode: c.mode, frozen: c.frozen },
    instructions: one.step,
    floorRatio: one.step / stepOf("c-floor"),
    tunedRatio: one.step / stepOf("c-tuned"),
    inference: one.inference,
    ram: ramOf(one, c, program),
    ...ramPartsOf(one, c, program),
    flash: program.flash,
    estimate: estimateOf(one),
  }));
}

/** Calls `each` with the rows of every case of the workloads and modes, in order. */
export async function measureRows(workloads: Workload[], modes: Mode[], each: (rows: Row[]) => void): Promise<void> {
  const programs = engines.map((engine) => build(engine));
  for (const workload of workloads)
    for (const mode of modes)
      for (const frozen of (mode === "full" ? ["int8"] : ["int8", "f32"]) as Frozen[])
        each(await rowsOf(programs, makeCase(workload, mode, frozen, 4, 4)));
}
