// The estimated cost of a step against the judge that counts: the rows of docs/device-performance.md, measured in QEMU.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../../host/build/root.ts";
import { stepInstructions, stepMacs } from "../../../host/plan/cost.ts";
import { planModel } from "../../../host/plan/plan.ts";
import { referenceModels } from "../../../host/plan/reference_models.ts";
import type { Model } from "../../../host/plan/types.ts";

/** Instructions of a step under wasm3 by workload and mode, as the page has them. */
const counted = readFileSync(join(root, "docs", "device-performance.md"), "utf8")
  .split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .filter(([, workload, mode, frozen, engine]) => {
    const isNamed = mode === "full" || mode === "head" || mode === "bias";
    return isNamed && engine === "wasm3" && frozen !== "f32" && workload! in referenceModels;
  })
  .map(([, workload, mode, , , step]) => ({
    workload: workload!,
    mode: mode!,
    step: Number(step!.replaceAll(",", "")),
  }));

describe("the estimated cost of a step", () => {
  it.each(counted)("is within a quarter of the $step instructions counted for $workload, $mode", (row) => {
    const model: Model = referenceModels[row.workload as keyof typeof referenceModels];
    const plan = planModel(model, { selection: row.mode === "full" ? "all" : (row.mode as "head" | "bias") });
    expect(Math.abs(stepInstructions(plan) / row.step - 1)).toBeLessThan(0.25);
  });

  it("has rows to be judged by", () => {
    expect(counted.length).toBeGreaterThan(12);
  });

  it("counts every multiply-add once: as the planner does in all, by kind where that is", () => {
    for (const model of Object.values(referenceModels) as Model[])
      for (const selection of ["all", "bias", "head"] as const) {
        const plan = planModel(model, { selection });
        const macs = stepMacs(plan);
        expect(macs.forwardTrained + macs.forwardFrozen).toBeCloseTo(plan.macs.forward, 6);
        expect(macs.inputTrained + macs.inputFrozen + macs.weights).toBeCloseTo(plan.macs.backward, 6);
        expect(macs.weights).toBe(macs.forwardTrained);
        if (selection === "all") expect(macs.forwardFrozen + macs.inputFrozen).toBe(0);
        if (selection === "head") expect(macs.inputTrained + macs.inputFrozen).toBe(0);
      }
  });
});
