// The chip ports in QEMU: which board stands for a port, how its programs are built, and which machine runs them. What a machine lacks is
// made up for here and in the files beside this one, never in the ports.
import { closeSync, existsSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { type BoardConfig, loadBoardConfig } from "../../../host/boards/config.ts";
import { buildFirmware } from "../../../host/build/firmware.ts";
import { buildDevice } from "../../core/device_program.ts";

export interface Machine {
  /** The board config that is built. */
  board: string;
  /** The emulated chip's own, hexadecimal. */
  chipId: string;
  /** The line is QEMU's standard input and output, without a device of QEMU's. */
  plainLine?: boolean;
  /** QEMU with its machine, without a line. `memory` is a file that outlives the process. */
  qemu(program: string, memory: string): [string, ...string[]];
  /** Makes `memory` that of a factory-new chip. */
  prepare?(memory: string, board: BoardConfig): void;
  /** The port but its main.c; with what takes the place of registers that the machine has not. */
  sources: string[];
  /** The port's main.c, in firmware whose registers are replaced; firmware is built as for users when left out. */
  main?: string;
  /** The test program in this folder that runs the contract. */
  contract: string;
  /** A further test program, of faults and resets. */
  resets?: string;
  /** Further variables of firmware/Makefile; those of test programs. */
  variables: Record<string, string>;
  testVariables: Record<string, string>;
  /** QEMU keeps flash in memory of its own: to be filled at the start and saved when the power is cut. */
  volatileFlash?: boolean;
}

const here = "tests/contracts/port";
const files = (folder: string, names: string[]) => names.map((name) => `${folder}/${name}`);
const includes = (port: string) => `-Itests/core -I${here} -Ifirmware/ports/${port}`;
const espressif = files("firmware/ports/espressif", ["chip.c", "flash.c", "link.c", "memory.c", "sensor.c"]);

export const machines = {
  // nRF5: UART, NVMC, TIMER, RNG and FICR are QEMU's. Its flash reads 0x00 where nothing was written, and is gone with the process.
  nrf52: {
    board: "microbit-nrf52840",
    chipId: "0300000078563412",
    qemu: (program) => [
      ...(["qemu-system-arm", "-M", "microbit", "-display", "none", "-monitor", "none"] as const),
      ...["-global", "nrf51-soc.sram-size=262144", "-global", "nrf51-soc.flash-size=1048576", "-kernel", program],
    ],
    sources: files("firmware/ports/nrf52", [
      ...["chip.c", "flash.c", "identity.c", "link.c", "memory.c", "sensor.c", "start.c"],
    ]),
    contract: "nrf52.c",
    resets: "nrf52_resets.c",
    variables: {},
    testVariables: { EXTRA_CFLAGS: includes("nrf52"), EXTRA_LDFLAGS: "--specs=nosys.specs" },
    volatileFlash: true,
  },
  // The instruction set, memory layout and everything above the registers. Code, RAM and flash are the machine's RAM, which is a file.
  esp32c3: {
    board: "esp32-c3-devkitm",
    chipId: "60553f000001",
    qemu: (program, memory) => [
      ...(["qemu-system-riscv32", "-M", "virt,memory-backend=ram", "-display", "none", "-monitor", "none"] as const),
      ...["-cpu", "rv32,a=false,f=false,d=false,h=false,s=false,u=false,mmu=false,pmp=false", "-bios", "none"],
      ...[
        "-m",
        "16M",
        "-object",
        `memory-backend-file,id=ram,size=16M,mem-path=${memory},share=on`,
        "-kernel",
        program,
      ],
    ],
    prepare: (memory, board) =>
      prepareFile(memory, 16 << 20, [
        [(8 << 20) + Number(board.flash.at), Buffer.alloc(board.flash.bytes, 0xff)],
        [12 << 20, Buffer.from("60553f000001", "hex")],
      ]),
    sources: ["firmware/ports/esp32c3/start.S", ...espressif, `${here}/esp32c3/virt.c`],
    main: "firmware/ports/espressif/main.c",
    contract: "espressif.c",
    variables: { PORT_LINKER_SCRIPT: `${here}/esp32c3/virt.ld` },
    testVariables: { EXTRA_CFLAGS: includes("espressif") },
  },
  // The same of an ESP32, FPU and division included, at its own addresses: the machine's core has them, and RAM everywhere. The file is
  // ftte's flash, then the chip's id.
  esp32: {
    board: "esp32-devkitc",
    chipId: "30aea4000002",
    plainLine: true,
    qemu: (program, memory) => [
      ...(["qemu-system-xtensa", "-M", "sim", "-cpu", "de233_fpu", "-m", "2G"] as const),
      ...["-display", "none", "-monitor", "none", "-semihosting-config", `enable=on,arg=ftte,arg=${memory}`],
      ...["-kernel", program],
    ],
    prepare: (memory, { flash: { bytes } }) =>
      prepareFile(memory, bytes + 6, [
        [0, Buffer.alloc(bytes, 0xff)],
        [bytes, Buffer.from("30aea4000002", "hex")],
      ]),
    sources: [
      ...files("firmware/ports/esp32", ["start.S", "fpu.S", "float64.c", "arithmetic.c"]),
      ...[...espressif, `${here}/esp32/sim.c`, `${here}/esp32/reset.S`],
    ],
    main: "firmware/ports/espressif/main.c",
    contract: "espressif.c",
    variables: { PORT_LINKER_SCRIPT: `${here}/esp32/sim.ld` },
    testVariables: { EXTRA_CFLAGS: includes("espressif") },
  },
} satisfies Record<string, Machine>;

export type MachineName = keyof typeof machines;

/** The machine with its line on QEMU's standard input and output. */
export function onStandardStreams(machine: Machine, program: string, memory: string): [string, ...string[]] {
  return [...machine.qemu(program, memory), "-serial", machine.plainLine ? "none" : "stdio"];
}

function prepareFile(path: string, bytes: number, contents: [at: number, bytes: Buffer][]): void {
  if (existsSync(path)) return;
  const file = openSync(path, "w");
  ftruncateSync(file, bytes);
  for (const [at, part] of contents) writeSync(file, part, 0, part.length, at);
  closeSync(file);
}

/** A test program that prints over the board's line, for the port's machine. @returns its path */
export function buildTest(name: MachineName, main: string): string {
  const { board, sources, variables, testVariables } = machines[name];
  const own = files(here, [main, "contract.c", "remote.c", "remote_output.c"]);
  return buildDevice({
    name: `port_${name}_${main.replace(/\.c$/, "")}`,
    board,
    sources: [...own, ...sources],
    variables: { PORT_STATIC_BYTES: "180000", ...variables, ...testVariables }, // the contract's buffers
  });
}

/** The port's whole firmware for its machine. @returns its path */
export async function program(name: MachineName): Promise<string> {
  const { board, main, sources, variables }: Machine = machines[name];
  if (main === undefined) return (await buildFirmware({ board: loadBoardConfig(board), engine: "wasm3" })).path;
  const replaced = { ...variables, PORT_SOURCES: [...sources, main].join(" ") };
  return buildDevice({ name: `firmware_${name}`, board, engine: "wasm3", variables: replaced });
}
