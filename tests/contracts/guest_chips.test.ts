// The guest contract and a sample of the hostile guests (guest.test.ts, hostile.test.ts) on every chip that QEMU has: the contract compares
// what was trained with Node's bits, and a guest that brings a chip to a fault would show as a restart. No call of the engine takes more
// native stack than the call graph says.
import { expect, it } from "vitest";
import { buildGuest } from "../../host/build/guest.ts";
import { engineStackBytes } from "../../host/build/stack.ts";
import { testLines } from "../core/device_program.ts";
import { type Chip, chips, portOf, runOnChip } from "./guest/chip.ts";
import { contractEntries, hostileEntries } from "./guest/suite.ts";

const sizes = { draws: 20, step: 97, mutations: 100, plans: 200 };
const sweep = process.env.FTTE_SWEEP !== undefined;

/** Ahead of time is the same code on every chip; what the compilers of two make of it is enough between sweeps. */
const enginesOf = (chip: Chip) =>
  sweep || chip === "mps2" || chip === "nrf52" ? (["wasm3", "aot"] as const) : (["wasm3"] as const);

await buildGuest();
for (const chip of chips)
  for (const engine of enginesOf(chip)) {
    const entries = [...(await contractEntries(engine)), ...(await hostileEntries(engine, sizes))];
    const run = await runOnChip(chip, engine, entries);
    testLines(`guest on ${chip}, ${engine}`, run.printed, run.ended, run.stderr);
    const painted = Number(/^engine stack (\d+)$/m.exec(run.printed)?.[1]);
    it(`takes ${painted} bytes of native stack on ${chip}, ${engine}, which the call graph bounds`, () => {
      expect(painted).toBeGreaterThan(0);
      const bound = engineStackBytes(run.folder, portOf(chip), engine);
      expect(bound).toBeGreaterThanOrEqual(painted);
      expect(bound).toBeLessThan(portOf(chip).stackBytes);
    });
  }
