// The description of faults: the same seed is the same plan, other seeds are others, and every harm and direction comes up.
import { expect, it } from "vitest";
import { randomPlan } from "./faults.ts";

it("draws the same faults from the same seed", () => {
  expect(randomPlan(7, 50, 8)).toEqual(randomPlan(7, 50, 8));
  expect(randomPlan(7, 50, 8)).not.toEqual(randomPlan(8, 50, 8));
  const { packets = [] } = randomPlan(1, 50, 200);
  const kinds = new Set(packets.map(({ harm, direction }) => `${harm} ${direction}`));
  expect(kinds.size).toBe(8);
  expect(packets.every(({ packet }) => packet >= 0 && packet < 50)).toBe(true);
});
