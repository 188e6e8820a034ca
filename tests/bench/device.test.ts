// The device benchmark's own parts: the reader of QEMU's log, one program on one case, and the page that the command writes.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildGuest } from "../../host/build/guest.ts";
import { root } from "../core/c_program.ts";
import { makeCase, workloads } from "./device/case.ts";
import { cyclesOf } from "./device/cycles.ts";
import { check, measure } from "./device/measure.ts";
import { profile } from "./device/profile.ts";
import { build, engines } from "./device/program.ts";
import { goalCells, partOf, withPart } from "./device/report.ts";
import { cyclesOfStages, functionsOf, instructionsOf, Symbols, Trace } from "./device/trace.ts";

describe("the trace", () => {
  const symbols = new Symbols("00000100 T main\n00000200 T bench_step\n00000210 t layer.isra.0\n00000300 r table\n");
  const log = [
    "IN: main",
    "0x00000100:  f000 f87e  bl       #0x200",
    "Trace 0: 0x7f00 [00400000/00000100/00000110/ff000000] main",
    "IN: bench_step",
    "0x00000200:  b510       push     {r4, lr}",
    "0x00000202:  6803       ldr      r3, [r0]",
    "0x00000204:  f000 f804  bl       #0x210",
    "Trace 0: 0x7f10 [00400000/00000200/00000110/ff000000] bench_step",
    "IN: layer",
    "0x00000210:  ecb3 0a01  vldmia   r3!, {s0}",
    "0x00000214:  d1fc       bne      #0x210",
    "Trace 0: 0x7f20 [00400000/00000210/00000110/ff000000] layer",
    "Trace 0: 0x7f20 [00400000/00000210/00000110/ff000000] layer",
    "Stopped execution of TB chain before 0x7f20 [00000210] layer",
    "Trace 0: 0x7f20 [00400000/00000210/00000110/ff000000] layer",
    "IN: layer",
    "0x00000216:  4770       bx       lr",
    "Trace 0: 0x7f30 [00400000/00000216/00000110/ff000000] layer",
    "IN: bench_step",
    "0x00000208:  6803       ldr      r3, [r0]",
    "0x0000020a:  bd10       pop      {r4, pc}",
    "Trace 0: 0x7f40 [00400000/00000208/00000110/ff000000] bench_step",
    "cpu_io_recompile: rewound execution of TB to 0000020a",
    "IN: bench_step",
    "0x0000020a:  bd10       pop      {r4, pc}",
    "Trace 0: 0x7f50 [00400000/0000020a/00000110/ff000001] bench_step",
    "IN: main",
    "0x00000104:  bf00       nop",
    "Trace 0: 0x7f60 [00400000/00000104/00000110/ff000000] main",
    "Trace 0: 0x7f60 [00400000/00000104/00000110/ff000000] main",
    "",
  ].join("\n");
  const trace = new Trace(symbols.address("bench_step"), new Map([[symbols.address("layer"), "layer"]]));
  for (let at = 0; at < log.length; at += 7) trace.add(log.slice(at, at + 7)); // pipes cut lines anywhere

  it("counts each instruction of a call that ran, and none that QEMU took back", () => {
    expect(instructionsOf(trace.stages)).toBe(3 + 2 + 2 + 1 + 1 + 1);
    expect(Object.fromEntries(functionsOf(trace.stages, symbols))).toEqual({ bench_step: 5, layer: 5 });
  });

  it("cuts it where a function is called, and not where that function loops", () => {
    expect(trace.stages.map((s) => [s.entered, instructionsOf([s])])).toEqual([
      ["", 3],
      ["layer", 7],
    ]);
  });

  it("adds the published cycles up, branches by whether they were taken", () => {
    // push 3, ldr 1..2, bl 2..4; vldmia 2, bne taken 2..4; vldmia 2, bne 1; bx 2..4; ldr 1..2; pop with pc 4..6
    expect(cyclesOfStages(trace.stages)).toEqual([20, 30]);
  });
});

it("takes cycles from the manual's tables", () => {
  const cycles = (text: string) => cyclesOf(text.split(" ")[0]!, text.slice(text.indexOf(" ")), false);
  expect(cycles("add r0, r1")).toEqual([1, 1]);
  expect(cycles("vmul.f32 s0, s1, s2")).toEqual([1, 1]);
  expect(cycles("vldr s0, [r1]")).toEqual([1, 2]);
  expect(cycles("vdiv.f32 s0, s1, s2")).toEqual([14, 14]);
  expect(cycles("vfma.f32 s0, s1, s2")).toEqual([3, 3]);
  expect(cycles("vpush {s16, s17, s18}")).toEqual([4, 4]);
});

describe("a program", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    await buildGuest();
  });
  const c = () => makeCase("mlp-128-32-6", "head", "int8", 2, 1);

  it("is counted alike by the timer and by the trace, and held to Node's results", async () => {
    const program = build("c-floor");
    const one = await measure(program, c().bytes);
    check("c-floor", c(), one.outcome);
    const wrong = c();
    wrong.trained[7]! ^= 1 << 20;
    expect(() => check("c-floor", wrong, one.outcome)).toThrow(/trained values differ/);
    expect(one.step).toBeGreaterThan(128 * 32 * 3); // the forward pass alone: two loads and an addition at least
  });

  it("is profiled op by op, and the ops add up to the step", async () => {
    const lines = await profile(c(), ["aot"]);
    const { stages } = await measure(build("aot"), c().bytes);
    const all = lines.filter((l) => l.op === "").reduce((sum, l) => sum + l.cost.aot!.all, 0);
    expect(all).toBe(instructionsOf(stages));
    expect(lines.map((l) => l.op || l.pass)).toContain("qdense 128 → 32");
    const dense = lines.find((l) => l.op === "qdense 128 → 32")!.cost.aot!;
    expect(dense.leaves).toBeGreaterThan(128 * 32 * 3);
    expect(dense.leaves).toBeLessThan(dense.all);
  });
});

describe("docs/device-performance.md", () => {
  const page = readFileSync(join(root, "docs/device-performance.md"), "utf8");
  const cells = (name: string) =>
    partOf(page, name)
      .split("\n")
      .slice(2)
      .map((line) =>
        line
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );

  it("has a row for every workload, mode, form and engine", () => {
    const wanted = workloads.flatMap((workload) =>
      ["full", "truncated", "head", "bias"].flatMap((mode) =>
        (mode === "full" ? [""] : ["int8", "f32"]).flatMap((frozen) => engines.map((e) => [workload, mode, frozen, e])),
      ),
    );
    expect(cells("rows").map((row) => row.slice(0, 4))).toEqual(wanted);
    for (const row of cells("rows")) for (const cell of row.slice(4)) expect(cell).toMatch(/^[\d.,–]+$/);
  });

  it("has every goal with a verdict, and the profile of each workload that misses one", () => {
    const wanted = goalCells([]).map((row) => row.slice(0, 4));
    expect(cells("goals").map((row) => row.slice(0, 4))).toEqual(wanted);
    for (const [workload, , what, , , met] of cells("goals")) {
      expect(["yes", "no"]).toContain(met);
      if (met === "no" && what!.startsWith("÷"))
        expect(partOf(page, "profiles")).toContain(`${workload}, whole model:`);
    }
  });

  it("says where the RAM of both engines goes, and the parts add up", () => {
    const wanted = workloads.flatMap((workload) => ["aot", "wasm3"].map((e) => [workload, e]));
    expect(cells("memory").map((row) => row.slice(0, 2))).toEqual(wanted);
    for (const row of cells("memory")) {
      const [arena, parameters, plan, tensors, engine, opened, running] = row
        .slice(2)
        .map((cell) => Number(cell.replace(",", "")));
      expect(parameters! + plan! + tensors!).toBe(arena);
      expect(opened! + running!).toBe(engine);
    }
  });

  it("is written in place", () => {
    const written = withPart(page, "goals", "| $1 |");
    expect(partOf(written, "goals")).toBe("| $1 |");
    expect(withPart(written, "goals", partOf(page, "goals"))).toBe(page);
    expect(() => withPart(page, "prices", "")).toThrow(/no part "prices"/);
  });
});
