// The port contract, faults and resets on the chip ports, in QEMU's machines (port/emulated.ts).
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testLines } from "../core/device_program.ts";
import { buildTest, type ChipPortName, chipPortNames, chipPorts, onStandardStreams } from "./port/emulated.ts";
import { runRemote } from "./port/remote.ts";

async function test(name: ChipPortName, main: string): Promise<void> {
  const memory = join(mkdtempSync(join(tmpdir(), "ftte-port-")), "memory");
  const run = await runRemote(onStandardStreams(name, buildTest(name, main), memory));
  testLines(`${name}: ${main}`, run.printed, true, run.stderr);
}

for (const name of chipPortNames) {
  const port = chipPorts[name];
  await test(name, port.contract);
  await test(name, port.resets);
}
