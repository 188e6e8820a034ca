// The main job, end to end: real firmware processes, real data, a lost link and a power cut. Runs wait for most of their time, since boards train
// at a board's pace: all of them together.

import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ftte, type Outcome, resultOf } from "./project.ts";

interface Result {
  accuracy: number;
  accuracyBefore: number;
  parameters: number;
  versions: number;
  updates: { folded: number; rejected: number; duplicates: number; lost: number };
  bytes: { up: number; down: number };
  memory: { class: string; planned: number; measured: number }[];
  modelSha256: string;
  baseline?: { strategy: string; accuracy: number; time: number; bytes: number; memory: number };
}

async function demo(
  ...args: string[]
): Promise<{ result: Result; events: Outcome["events"]; folder: string; text: string }> {
  const folder = mkdtempSync(join(tmpdir(), "ftte-demo-test-"));
  const outcome = await ftte(folder, ["demo", ...args]);
  expect(outcome.status, outcome.stderr.slice(-2000)).toBe(0);
  return { result: resultOf(outcome) as unknown as Result, events: outcome.events, folder, text: outcome.stderr };
}

describe.concurrent("ftte demo", () => {
  it("gives the same model for the same seed, whatever happens to links and power", { timeout: 240_000 }, async () => {
    const run = () => demo("--deterministic", "--boards", "4", "--seed", "3");
    const [first, second] = await Promise.all([run(), run()]);
    expect(second.result.modelSha256).toBe(first.result.modelSha256);
    for (const said of ["its link is gone", "its link is back", "killed in the middle of training", "starts again"])
      expect(first.text).toContain(said);
  });

  it("reaches 93 % and stays within 2 points of full-model FedAvg, loses nothing, uses what was planned", {
    timeout: 300_000,
  }, async () => {
    const { result, folder, text } = await demo("--minutes", "0.75", "--compare");
    expect(result.parameters).toBeLessThan(10_000);
    expect(result.accuracy).toBeGreaterThan(0.93);
    expect(result.accuracy).toBeGreaterThan(result.accuracyBefore + 0.02);
    expect(result.baseline!.accuracy - result.accuracy).toBeLessThan(0.02);
    expect(result.baseline!.memory).toBeGreaterThan(Math.min(...result.memory.map((m) => m.planned)));
    expect(result.updates.lost).toBe(0);
    expect(result.updates.folded).toBeGreaterThan(50);
    expect(result.memory.map((m) => m.class)).toEqual(["virtual-64k", "virtual-256k"]);
    for (const { planned, measured } of result.memory) expect(measured).toBe(planned);
    expect(readFileSync(join(folder, "ftte-demo.svg"), "utf8")).toMatch(/^<svg.*8 virtual boards/s);
    expect(text).toMatch(/accuracy after +9\d\.\d %/);
  });

  it("mixes virtual boards with emulated ones of every chip port, one of them killed", {
    timeout: 240_000,
  }, async () => {
    const mix = "posix:2,mps2:1,nrf52:2,esp32c3:1,esp32:1";
    const { result, events, text } = await demo("--boards", mix, "--minutes", "0.5");
    const classes = ["virtual-64k", "virtual-256k", "mps2-nrf52832", "microbit-52840 #4", "microbit-52840 #5"];
    expect(result.memory.map((m) => m.class)).toEqual([...classes, "virt-esp32c3", "sim-esp32"]);
    for (const { planned, measured } of result.memory) expect(measured).toBe(planned);
    expect(result.updates).toMatchObject({ rejected: 0, lost: 0 });
    const { boards } = events.find(({ type }) => type === "started") as { boards: { id: string; name: string }[] };
    const folded = new Set(events.filter((e) => e.type === "update" && e.outcome === "folded").map((e) => e.board));
    expect(boards.filter(({ id }) => !folded.has(id))).toEqual([]);
    expect(text).toContain("wrist-04: killed in the middle of training");
  });

  it("says in one line what is to be installed for a mix, before anything starts", async () => {
    const path = mkdtempSync(join(tmpdir(), "ftte-path-"));
    const mix = ["demo", "--boards", "posix:1,nrf52:1,esp32c3:1,esp32:1"];
    const { status, stderr } = await ftte(path, mix, { PATH: path });
    expect(status).toBe(5);
    expect(stderr).toContain(
      "the fleet: gcc or cc, make, arm-none-eabi-gcc, qemu-system-arm, riscv32-esp-elf-gcc or riscv64-unknown-elf-gcc, " +
        "qemu-system-riscv32, xtensa-lx106-elf-gcc, qemu-system-xtensa not found; type: sudo apt-get update && sudo apt-get install -y " +
        "gcc libc6-dev make gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf " +
        "qemu-system-misc gcc-xtensa-lx106 picolibc-xtensa-lx106-elf\n",
    );
  });
});
