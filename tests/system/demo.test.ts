// The main job, end to end: real firmware processes, real data, a lost link and a power cut.

import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ftte, resultOf } from "./project.ts";

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

async function demo(...args: string[]): Promise<{ result: Result; folder: string; text: string }> {
  const folder = mkdtempSync(join(tmpdir(), "ftte-demo-test-"));
  const outcome = await ftte(folder, ["demo", ...args]);
  expect(outcome.status, outcome.stderr.slice(-2000)).toBe(0);
  return { result: resultOf(outcome) as unknown as Result, folder, text: outcome.stderr };
}

describe("ftte demo", () => {
  it("gives the same model for the same seed, whatever happens to links and power", { timeout: 240_000 }, async () => {
    const first = await demo("--deterministic", "--boards", "4", "--seed", "3");
    const second = await demo("--deterministic", "--boards", "4", "--seed", "3");
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

  it("mixes virtual boards with boards in QEMU", { timeout: 240_000 }, async () => {
    const { result } = await demo("--boards", "posix:2,mps2:2", "--minutes", "0.4");
    const classes = ["virtual-64k", "virtual-256k", "mps2-nrf52832", "mps2-nrf52840"];
    expect(result.memory.map((m) => m.class)).toEqual(classes);
    for (const { planned, measured } of result.memory) expect(measured).toBe(planned);
    expect(result.updates).toMatchObject({ rejected: 0, lost: 0 });
    expect(result.updates.folded).toBeGreaterThan(8);
  });
});
