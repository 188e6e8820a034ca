// The order in which a task visits its samples: in C for itself, and its twin in TypeScript against it.
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, it } from "vitest";
import { sampleIndex } from "../../host/sim/sample_order.ts";
import { compileC, sanitizers, testC } from "./c_program.ts";

const program = {
  name: "order",
  sources: ["tests/core/order_test.c", "firmware/core/session/order.c"],
  flags: [...sanitizers, "-Itests/core"],
};
testC(program);

it("is the same in TypeScript", () => {
  const u32 = fc.integer({ min: 0, max: 0xffffffff });
  const cases = fc.sample(fc.tuple(u32, u32, fc.integer({ min: 1, max: 1 << 20 })), { numRuns: 400, seed: 26 });
  const printed = execFileSync(compileC(program), cases.flat().map(String), { encoding: "utf8" });
  expect(cases.map(([seed, step, count]) => sampleIndex(seed, step, count))).toEqual(
    printed.trim().split("\n").map(Number),
  );
});
