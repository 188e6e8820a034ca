// Models at the limits of what one call of a board takes: what the planner lets pass, the kernels run; what it refuses, it names.

import { describe, expect, it } from "vitest";
import { planModel } from "../../../host/plan/plan.ts";
import { shapeModel } from "../../../host/plan/shapes.ts";
import type { Layer, Model } from "../../../host/plan/types.ts";
import { leafDimensionMax, leafTurnsMax } from "../../../host/wire/spec.gen.ts";
import { blasLeaves, judge } from "../../contracts/guest/attacks.ts";

const model = (shape: number[], ...layers: Layer[]): Model => ({
  name: "large",
  kind: "classifier",
  input: { shape, type: "f32" } as Model["input"],
  layers: [...layers, { kind: "globalAveragePool" }],
});
const conv = (side: number, filters: number, kernel = 3): Model =>
  model([side, side, 16], { kind: "conv2d", filters, kernel: [kernel, kernel], padding: "same" });

describe("a model that is too large for one call of a board", () => {
  it("is refused, with the layer, the numbers and the remedy", () => {
    expect(() => shapeModel(conv(64, 64))).toThrow(
      /layer 0 \(conv2d\): \d+ turns of its loops are more than a board takes in one call, 16777216; use fewer channels/,
    );
    expect(() => shapeModel(model([256, 256, 1], { kind: "activation", activation: "relu" }))).toThrow(
      /65536 positions are more than a board takes in one call, 32767/,
    );
    expect(() => shapeModel(model([40_000], { kind: "dense", units: 2 }))).toThrow(/40000 channels/);
  });

  it("is refused exactly where the board's check refuses the convolution", () => {
    const leaf = blasLeaves().find(({ name }) => name === "sconv2d")!;
    let last: string | undefined;
    for (let filters = 60; filters < 120; filters++) {
      const m = conv(40, filters);
      const layer = [40, 40, 16, 40, 40, filters, 3, 3, 1, 1, 1, 1];
      const turns = 40 * (1 + 40 * (1 + filters * 3 * (1 + 3 * 16)));
      let verdict = "planned";
      try {
        shapeModel(m);
      } catch {
        verdict = "refused";
      }
      expect(verdict).toBe(turns + 64 <= leafTurnsMax ? "planned" : "refused");
      // With operands that take no room the board's check leaves only the turns to judge, and they fit where the planner said so.
      if (verdict === "planned") expect(judge({ ...leaf, operands: [] }, [...layer, 0, 0, 0])).toBe(0);
      last = verdict;
    }
    expect(last).toBe("refused");
  });

  it("leaves the largest that fits alone", () => {
    expect(planModel(conv(32, 32), { selection: "bias" }).memoryBytes).toBeGreaterThan(0);
    expect(shapeModel(model([leafDimensionMax], { kind: "dense", units: 2 })).layers).toHaveLength(2);
  });
});
