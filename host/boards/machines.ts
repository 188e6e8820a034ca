// QEMU's machines that run boards' firmware (board-configs: flashing.machine): how each is called, where its flash, chip id and samples are,
// and what of a chip it cannot keep. What replaces the registers that a machine has not is in firmware/machines/. Starts none.

import { randomBytes } from "node:crypto";
import { closeSync, existsSync, ftruncateSync, openSync, writeFileSync, writeSync } from "node:fs";
import { emulators, type Tool } from "../build/prerequisites.mjs";
import type { BoardConfig } from "./config.ts";
import { parseChipId } from "./identity.ts";

export interface Setting {
  board: BoardConfig;
  /** The firmware as buildFirmware made it for `board`. */
  program: string;
  /** A file that outlives the process; `prepare` makes it where it is not there. */
  memory: string;
  /** Hexadecimal, of `idBytes`. */
  chipId: string;
  /** The recording that the sensor plays, for machines that have one. */
  samples?: string | undefined;
}

export interface Machine {
  emulator: Tool;
  /** Arguments of the emulator, without those of the line. */
  arguments(setting: Setting): string[];
  /** Called before each start. */
  prepare?(setting: Setting): void;
  /** Of the chip ids that its boards get; it may have room for no more. */
  idBytes: number;
  /** The machine plays a recording; the firmware of the others has no sensor, and samples come over the link. */
  sensor?: true;
  /** QEMU keeps flash in memory of its own, not in `memory`: to be filled before the start and saved when the power is cut. */
  volatileFlash?: true;
  /** The line is the emulator's standard input and output. */
  standardLine?: true;
}

const headless = ["-display", "none", "-monitor", "none"];

/** A Cortex-M4F. Flash, chip id, seed and samples lie in its PSRAM, at 0x21000000, as firmware/ports/mps2/board.h says. */
const mps2 = {
  bytes: 16 << 20,
  chipAt: 4 << 20,
  idBytes: 16,
  seedBytes: 32,
  samplesAt: 0x21800000,
};

/** An nRF51822. Its chip id is in a page of its own behind the flash, where firmware/machines/microbit/identity.c reads it. */
const microbit = { pageBytes: 1024, chipFile: ".chip" };

/** An ESP32-C3's core: RAM from 0x80000000 on, shared out by firmware/machines/virt/virt.ld. */
const virt = { bytes: 16 << 20, flashAt: 8 << 20, chipAt: 12 << 20, samplesAt: 0x80d00000 };

/** A factory's MAC address. */
const macBytes = 6;

export const machines: Record<NonNullable<BoardConfig["flashing"]["machine"]>, Machine> = {
  mps2: {
    emulator: emulators.mps2,
    arguments: ({ program, memory, samples }) => [
      ...["-M", "mps2-an386,memory-backend=psram", ...headless, "-kernel", program],
      ...["-object", `memory-backend-file,id=psram,size=${mps2.bytes},mem-path=${memory},share=on`],
      ...loaded(samples, mps2.samplesAt),
    ],
    prepare({ memory, board, chipId }) {
      const id = Buffer.from(parseChipId(chipId));
      create(memory, mps2.bytes, [blankFlash(board, 0), [mps2.chipAt, id]]);
      overwrite(memory, [[mps2.chipAt + mps2.idBytes, randomBytes(mps2.seedBytes)]]);
    },
    idBytes: 8,
    sensor: true,
  },
  // The nRF5's UART, NVMC, TIMER, RNG and FICR are QEMU's. Its flash reads 0x00 where nothing was written, and is gone with the process.
  microbit: {
    emulator: emulators.microbit,
    arguments: ({ program, memory, board: { ram, flash } }) => [
      ...["-M", "microbit", ...headless, "-kernel", program],
      ...["-global", `nrf51-soc.sram-size=${ram[0]!.bytes}`],
      ...["-global", `nrf51-soc.flash-size=${flashEnd(flash) + microbit.pageBytes}`],
      ...loaded(`${memory}${microbit.chipFile}`, flashEnd(flash)),
    ],
    prepare: ({ memory, chipId }) => writeFileSync(`${memory}${microbit.chipFile}`, parseChipId(chipId)),
    idBytes: 8,
    volatileFlash: true,
  },
  // The instruction set, memory layout and everything above the registers. Code, RAM and flash are the machine's RAM, which is a file.
  virt: {
    emulator: emulators.virt,
    arguments: ({ program, memory, samples }) => [
      ...["-M", "virt,memory-backend=ram", "-m", "16M", ...headless, "-bios", "none", "-kernel", program],
      ...["-cpu", "rv32,a=false,f=false,d=false,h=false,s=false,u=false,mmu=false,pmp=false"],
      ...["-object", `memory-backend-file,id=ram,size=${virt.bytes},mem-path=${memory},share=on`],
      ...loaded(samples, virt.samplesAt),
    ],
    prepare({ memory, board, chipId }) {
      create(memory, virt.bytes, [blankFlash(board, virt.flashAt), [virt.chipAt, macOf(chipId)]]);
    },
    idBytes: macBytes,
    sensor: true,
  },
  // The same of an ESP32, FPU and division included, at its own addresses: the machine's core has them, and RAM everywhere. The file is
  // ftte's flash, then the chip's id (firmware/machines/sim/sim.c).
  sim: {
    emulator: emulators.sim,
    arguments: ({ program, memory }) => [
      ...["-M", "sim", "-cpu", "de233_fpu", "-m", "2G", ...headless, "-kernel", program],
      ...["-semihosting-config", `enable=on,arg=ftte,arg=${memory}`],
    ],
    prepare({ memory, board, chipId }) {
      const { bytes } = board.flash;
      create(memory, bytes + macBytes, [blankFlash(board, -Number(board.flash.at)), [bytes, macOf(chipId)]]);
    },
    idBytes: macBytes,
    standardLine: true,
  },
};

/** Has QEMU put a file at an address, at the start and at each reset. */
const loaded = (file: string | undefined, at: number): string[] =>
  file === undefined ? [] : ["-device", `loader,file=${file},addr=${at},force-raw=on`];

type Part = [at: number, bytes: Uint8Array];

const flashEnd = ({ at, bytes }: BoardConfig["flash"]) => Number(at) + bytes;

/** The board's flash as the factory left it, in a file where the flash chip begins at `base`. */
const blankFlash = ({ flash: { at, bytes } }: BoardConfig, base: number): Part => [
  base + Number(at),
  Buffer.alloc(bytes, 0xff),
];

const macOf = (chipId: string) => parseChipId(chipId).subarray(0, macBytes);

/** Leaves a file alone that is there. */
function create(path: string, bytes: number, parts: Part[]): void {
  if (existsSync(path)) return;
  const file = openSync(path, "w");
  ftruncateSync(file, bytes);
  closeSync(file);
  overwrite(path, parts);
}

function overwrite(path: string, parts: Part[]): void {
  const file = openSync(path, "r+");
  try {
    for (const [at, bytes] of parts) writeSync(file, bytes, 0, bytes.length, at);
  } finally {
    closeSync(file);
  }
}
