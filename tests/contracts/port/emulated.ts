// The chip ports' test programs, and the machines of QEMU that run them (host/boards/machines.ts).
import { loadBoardConfig } from "../../../host/boards/config.ts";
import { machines } from "../../../host/boards/machines.ts";
import { buildDevice } from "../../core/device_program.ts";

interface ChipPort {
  /** The emulated board of the port. */
  board: string;
  /** The test program in this folder that runs the contract. */
  contract: string;
  /** A further test program, of faults and resets. */
  resets: string;
  /** Further variables of firmware/Makefile. */
  variables: Record<string, string>;
}

const here = "tests/contracts/port";
const includes = (port: string) => `-Itests/core -I${here} -Ifirmware/ports/${port}`;

export const chipPorts = {
  nrf52: {
    board: "microbit-nrf52840",
    contract: "nrf52.c",
    resets: "nrf52_resets.c",
    // Without what takes the place of the port's identity.c: the contract is held by the port as it is.
    variables: { MACHINE: "", EXTRA_CFLAGS: includes("nrf52"), EXTRA_LDFLAGS: "--specs=nosys.specs" },
  },
  esp32c3: {
    board: "virt-esp32c3",
    contract: "espressif.c",
    resets: "espressif_resets.c",
    variables: { EXTRA_CFLAGS: includes("espressif") },
  },
  esp32: {
    board: "sim-esp32",
    contract: "espressif.c",
    resets: "espressif_resets.c",
    variables: { EXTRA_CFLAGS: includes("espressif") },
  },
  esp32s3: {
    board: "sim-esp32s3",
    contract: "espressif.c",
    resets: "espressif_resets.c",
    variables: { EXTRA_CFLAGS: includes("espressif") },
  },
} satisfies Record<string, ChipPort>;

export type ChipPortName = keyof typeof chipPorts;

/** What is tried between sweeps, too: in its machine, port esp32s3 differs from port esp32 by its linker script alone. */
export const chipPortNames = (Object.keys(chipPorts) as ChipPortName[]).filter(
  (name) => name !== "esp32s3" || process.env.FTTE_SWEEP !== undefined,
);

/** QEMU with its line on its standard input and output, running `program` on a new chip whose memory is the file `memory`. */
export function onStandardStreams(name: ChipPortName, program: string, memory: string): [string, ...string[]] {
  const board = loadBoardConfig(chipPorts[name].board);
  const machine = machines[board.flashing.machine!];
  const setting = { board, program, memory, chipId: "30aea4000002" };
  machine.prepare?.(setting);
  const [emulator] = machine.emulator.commands;
  return [emulator!, ...machine.arguments(setting), "-serial", machine.standardLine ? "none" : "stdio"];
}

/** A test program that prints over the board's line: the port without its main.c, in its machine. @returns its path */
export function buildTest(name: ChipPortName, main: string): string {
  const { board, variables } = chipPorts[name];
  const own = [main, "contract.c", "remote.c", "remote_output.c"].map((file) => `${here}/${file}`);
  return buildDevice({
    name: `port_${name}_${main.replace(/\.c$/, "")}`,
    board,
    sources: [...own, "$(filter-out %/main.c,$(PORT_SOURCES))"],
    variables: { PORT_STATIC_BYTES: "180000", ...variables }, // the contract's buffers
  });
}
