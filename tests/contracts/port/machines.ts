// The chip ports in QEMU: which board stands for a port, how its programs are built, and which machine runs them. What a machine lacks is
// made up for here and in the C files beside this one, never in the ports.
import { loadBoardConfig } from "../../../host/boards/config.ts";
import { buildFirmware } from "../../../host/build/firmware.ts";
import { buildDevice } from "../../core/device_program.ts";

export interface Machine {
  /** The board config that is built. */
  board: string;
  /** Told by the firmware: the emulated chip's own. */
  chipId: string;
  /** QEMU with its machine, without a line. `memory` is the file that outlives the process. */
  qemu(program: string, memory: string): [string, ...string[]];
  /** What the port's test programs are made of beside their main, and further variables of firmware/Makefile. */
  tests: { sources: string[]; variables: Record<string, string> };
  /** Whether tests/contracts/port/<port>_resets.c is there for the machine. */
  resets?: boolean;
  /** QEMU keeps flash in memory of its own: to be filled at the start and saved when the power is cut. */
  volatileFlash?: boolean;
}

const files = (port: string, names: string[]) => names.map((name) => `firmware/ports/${port}/${name}.c`);
const remote = ["remote", "remote_output"].map((name) => `tests/contracts/port/${name}.c`);
const includes = (port: string) => `-Itests/core -Itests/contracts/port -Ifirmware/ports/${port}`;
const contractBytes = "180000"; // static RAM of the contract's buffers, and of the port

export const machines = {
  // nRF5: UART, NVMC, TIMER, RNG and FICR are QEMU's. Its flash reads 0x00 where nothing was written, and is gone with the process.
  nrf52: {
    board: "microbit-nrf52840",
    chipId: "0300000078563412",
    qemu: (program) => [
      ...(["qemu-system-arm", "-M", "microbit", "-display", "none", "-monitor", "none"] as const),
      ...["-global", "nrf51-soc.sram-size=262144", "-global", "nrf51-soc.flash-size=1048576", "-kernel", program],
    ],
    tests: {
      sources: files("nrf52", ["chip", "flash", "identity", "link", "memory", "sensor", "start"]),
      variables: { EXTRA_CFLAGS: includes("nrf52"), EXTRA_LDFLAGS: "--specs=nosys.specs" },
    },
    resets: true,
    volatileFlash: true,
  },
} satisfies Record<string, Machine>;

export type MachineName = keyof typeof machines;

/** tests/contracts/port/<port><suffix>.c, which prints over the board's line, for the port's machine. @returns its path */
function buildTest(name: MachineName, suffix: string, more: string[]): string {
  const { board, tests } = machines[name];
  const main = `tests/contracts/port/${name}${suffix}.c`;
  const variables = { PORT_STATIC_BYTES: contractBytes, ...tests.variables };
  return buildDevice({
    name: `port_${name}${suffix}`,
    board,
    sources: [main, ...more, ...remote, ...tests.sources],
    variables,
  });
}

export const buildContract = (name: MachineName) => buildTest(name, "", ["tests/contracts/port/contract.c"]);
export const buildResets = (name: MachineName) => buildTest(name, "_resets", ["tests/contracts/port/contract.c"]);

/** The port's whole firmware for its machine. @returns its path */
export async function program(name: MachineName): Promise<string> {
  const { path } = await buildFirmware({ board: loadBoardConfig(machines[name].board), engine: "wasm3" });
  return path;
}
