// The port contract, faults and resets on the chip ports, in QEMU's machines (port/machines.ts).
import { testLines } from "../core/device_program.ts";
import { buildContract, buildResets, type Machine, type MachineName, machines } from "./port/machines.ts";
import { runRemote } from "./port/remote.ts";

async function test(machine: Machine, title: string, program: string): Promise<void> {
  const run = await runRemote([...machine.qemu(program, ""), "-serial", "stdio"]);
  testLines(title, run.printed, true, run.stderr);
}

for (const name of Object.keys(machines) as MachineName[]) {
  const machine: Machine = machines[name];
  await test(machine, `port_${name}`, buildContract(name));
  if (machine.resets) await test(machine, `port_${name}_resets`, buildResets(name));
}
