// Local training in the simulator beside the same training in plain C (tests/bench/device/floor.c, gcc -O2) on this machine: the same network,
// weights and samples. C computes the frozen layers in every step; the simulator remembers what they made of a sample.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildGuest } from "../../../host/build/guest.ts";
import { builtGuest, root } from "../../../host/build/root.ts";
import { loadKernels } from "../../../host/sim/guest.ts";
import { Trainer } from "../../../host/sim/trainer.ts";
import { type Case, type Mode, makeCase } from "../device/case.ts";
import { check, parse } from "../device/measure.ts";
import { cpuSecondsOf, type Figure, inTurn } from "./measure.ts";

const folder = join(root, "build", "bench-host");
const steps = 2000;

function buildFloor(): string {
  mkdirSync(folder, { recursive: true });
  const program = join(folder, "floor_here");
  const sources = ["tests/bench/host/floor_here.c", "tests/bench/device/floor.c"];
  const flags = ["-std=c11", "-O2", "-Itests/bench/host", "-Itests/bench/device"];
  const { status, stderr } = spawnSync("cc", [...flags, ...sources, "-lm", "-o", program], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`floor.c does not compile: ${stderr}`);
  return program;
}

/** Runs the case in C, and returns what it told. */
function floor(program: string, { bytes }: Case, count: number) {
  const path = join(folder, "case");
  writeFileSync(path, bytes);
  const { stdout, stderr } = spawnSync(program, [path, String(count)], { encoding: "utf8", maxBuffer: 1 << 26 });
  if (!stdout.endsWith("done\n")) throw new Error(`floor.c failed: ${stderr}`);
  return parse(stdout);
}

function trainerOf({ plan, records, stride, frozenImage: frozen, slice }: Case) {
  const count = records.length / stride;
  const places = Array.from({ length: count }, (_, i) => i * stride);
  const samples = Buffer.concat(places.map((at) => records.subarray(at + 4, at + stride)));
  const labels = places.map((at) => records[at]!);
  const trainer = new Trainer(loadKernels(builtGuest("kernels.twin.wasm")), [{ plan, samples, labels }]);
  const task = { run: 1, task: 1, baseVersion: 0, steps, learningRate: 0.01, seed: 1, encoding: "int8" as const };
  return () => trainer.train({ ...task, board: 0, frozen, slice });
}

async function measure(program: string, mode: Mode, rounds: number): Promise<Figure> {
  const small = makeCase("image-cnn", mode, "int8", 8, 1);
  check(
    "c-floor",
    { ...small, output: new Uint32Array() },
    new Map([["trained", floor(program, small, 8).get("trained")!]]),
  );
  const train = trainerOf(small);
  const measured = await inTurn(rounds, {
    ours: async () => steps / (await cpuSecondsOf(train)),
    floor: () => {
      const [high = 0, low = 0] = floor(program, small, steps).get("ns")!;
      return steps / ((high * 2 ** 32 + low) / 1e9);
    },
  });
  const what = `image-cnn, ${mode === "full" ? "all layers" : "head, the prefix remembered"}`;
  const ratios = { "plain C": measured.ratio("ours", "floor") };
  return { row: "training", what, value: measured.of("ours"), unit: "steps/CPU s", ratios };
}

export async function trainingFigures(rounds: number): Promise<Figure[]> {
  await buildGuest();
  const program = buildFloor();
  return [await measure(program, "full", rounds), await measure(program, "head", rounds)];
}
