// The guest contract and a sample of the hostile guests (guest.test.ts, hostile.test.ts) on every chip that QEMU has, with both engines: the
// contract compares what was trained with Node's bits, and a guest that brings a chip to a fault would show as a restart.
import { buildGuest } from "../../host/build/guest.ts";
import { testLines } from "../core/device_program.ts";
import { chips, nestsOperations, runOnChip } from "./guest/chip.ts";
import { contractEntries, hostileEntries } from "./guest/suite.ts";

const sizes = { draws: 20, step: 97, mutations: 100, plans: 200 };

await buildGuest();
for (const chip of chips)
  for (const engine of ["wasm3", "aot"] as const) {
    const long = !nestsOperations(chip);
    if (!long && engine === "wasm3")
      console.log(
        `skipped: bodies of 2000 operations on ${chip}, whose native stack they exceed, as its compiler makes no tail calls`,
      );
    const entries = [...(await contractEntries(engine)), ...(await hostileEntries(engine, { ...sizes, long }))];
    const run = await runOnChip(chip, engine, entries);
    testLines(`guest on ${chip}, ${engine}`, run.printed, run.ended, run.stderr);
  }
