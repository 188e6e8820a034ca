// The port contract, faults and resets on the chip ports, in QEMU's machines (port/machines.ts).
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadBoardConfig } from "../../host/boards/config.ts";
import { testLines } from "../core/device_program.ts";
import { buildTest, type Machine, type MachineName, machines, onStandardStreams } from "./port/machines.ts";
import { runRemote } from "./port/remote.ts";

async function test(name: MachineName, main: string): Promise<void> {
  const machine: Machine = machines[name];
  const memory = join(mkdtempSync(join(tmpdir(), "ftte-port-")), "memory");
  machine.prepare?.(memory, loadBoardConfig(machine.board));
  const run = await runRemote(onStandardStreams(machine, buildTest(name, main), memory));
  testLines(`${name}: ${main}`, run.printed, true, run.stderr);
}

for (const name of Object.keys(machines) as MachineName[]) {
  const { contract, resets }: Machine = machines[name];
  await test(name, contract);
  if (resets) await test(name, resets);
}
