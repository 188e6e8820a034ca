// A hardware-in-the-loop test as a firmware author writes one (docs/hil.md): the board by its address, any command of the wire, plain vitest.
import { board } from "ftte/hil";
import { afterAll, beforeAll, expect, it } from "vitest";

let wrist: Awaited<ReturnType<typeof board>>;
beforeAll(async () => {
  wrist = await board(); // FTTE_BOARD, which npm run hil -- --board sets
});
afterAll(() => wrist?.close());

it("has room left on its stack and in its pool after a hundred questions", async () => {
  for (let i = 0; i < 100; i++) await wrist.session.hello();
  const { stackPeak, stackBytes, poolPeak, poolBytes } = await wrist.stats();
  if (stackBytes > 0) expect(stackPeak).toBeLessThan(stackBytes); // 0: its port does not measure the stack
  expect(poolPeak).toBeLessThanOrEqual(poolBytes);
});
