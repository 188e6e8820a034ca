// Builds firmware by firmware/Makefile: a port's, or a board's (its port, told of the board by a header). Needs build/guest (the
// translated BLAS, made by buildGuest) and the port's compiler; installs nothing and flashes nothing.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { BoardConfig } from "../boards/config.ts";
import { FtteError } from "../errors.ts";
import { boardHeader } from "./board_header.ts";
import { loadSegments } from "./elf.ts";
import { espChips, espImage } from "./esp_image.ts";
import { type Engine, type Port, readPort } from "./port.ts";
import { makeTool } from "./prerequisites.mjs";
import { root } from "./root.ts";
import { compilerOf, requireTools } from "./toolchain.ts";

/** A port alone is one that takes its board on the command line, as posix does. */
export type FirmwareOptions = {
  engine: Engine;
  /** Samples may be read out of the board (firmware/core/session/export.c); for owners of their own data only. */
  allowExport?: boolean;
} & ({ port: string } | { board: BoardConfig });

export interface Firmware {
  path: string; // of the program: an ELF file, on chips too
  images: string[]; // what can be flashed, made from the program
  /** The one of them that belongs into flash as it is, and the absolute address there; chips only. */
  flashed?: { path: string; address: number };
  /** What the board says in its hello: tells two builds apart. */
  build: number;
  compiler: string; // its path
  sizes: { text: number; data: number; bss: number };
}

/** @throws FtteError "compiler-missing" with the line to type, "build-failed" with the compiler's output, "usage" for an unknown port */
export async function buildFirmware(options: FirmwareOptions): Promise<Firmware> {
  const board = "board" in options ? options.board : undefined;
  const machine = board?.flashing.machine;
  const boots = board !== undefined && board.flash.partitions.firmware > 0;
  const port = readPort("board" in options ? options.board.port : options.port);
  const [compiler] = requireTools(`port ${port.name}`, [compilerOf(port), makeTool]);
  const kind = `${options.engine === "wasm3" ? "" : `-${options.engine}`}${options.allowExport ? "-export" : ""}`;
  const name = `${board?.id ?? port.name}${kind}`;
  const out = join("build", "firmware", name);
  if (board) writeIfChanged(join(root, out), "board_config.h", boardHeader(board));
  const variables = { PORT: port.name, ENGINE: options.engine, OUT: out, CC: compiler, ...exports(options) };
  const ofBoard = board && { BOARD: board.id, CHIP: board.chip, ...(boots && { BOOT: "yes" }) };
  const ofMachine = machine && { MACHINE: machine, PORT_IMAGES: boots ? "image" : "" };
  const words = Object.entries({ ...variables, ...ofBoard, ...ofMachine }).map(([key, value]) => `${key}=${value}`);
  await make(out, ["-C", "firmware", `-j${availableParallelism()}`, ...words], name);
  const stem = join(root, out, `ftte-${name}`);
  const path = `${stem}${port.suffix}`;
  const images = machine ? (boots ? [`${stem}.image`] : []) : imagesOf(stem, port);
  const flashed = images.length > 0 && !machine ? flashedOf(stem, port) : undefined;
  const build = Number(readFileSync(join(root, out, "build"), "utf8"));
  return { path, images, ...(flashed && { flashed }), build, compiler, sizes: sizesOf(path, compiler) };
}

const exports = ({ allowExport }: FirmwareOptions) => (allowExport ? { EXPORT: "1" } : {});

/** The program's bytes as they lie in flash, from its lowest load address on; else what the chip's ROM loads, where it looks for it. */
function flashedOf(stem: string, { images, suffix, romImage: rom }: Port): Firmware["flashed"] {
  if (images.includes("bin"))
    return { path: `${stem}.bin`, address: loadSegments(readFileSync(stem + suffix))[0]?.loadAt ?? 0 };
  return rom && { path: `${stem}.rom.bin`, address: espChips[rom.chip].imageAt };
}

/** What is flashed. A machine of an emulator takes the program itself. */
function imagesOf(stem: string, port: Port): string[] {
  const flashed = port.images.filter((ending) => ending !== port.romImage?.program);
  return [...flashed.map((ending) => `${stem}.${ending}`), ...romImage(stem, port)];
}

/** The image that the chip's ROM loads, where the port has one. */
function romImage(stem: string, { romImage: from }: Port): string[] {
  if (!from) return [];
  writeFileSync(`${stem}.rom.bin`, espImage(readFileSync(`${stem}.${from.program}`), from.chip));
  return [`${stem}.rom.bin`];
}

/** Leaves the file's time alone when it says the same already, so that make builds nothing again. */
export function writeIfChanged(folder: string, name: string, text: string): void {
  const path = join(folder, name);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
}

/** One at a time in the folder `out`, whichever process asks. */
function make(out: string, args: string[], name: string): Promise<void> {
  mkdirSync(join(root, out), { recursive: true });
  return new Promise((resolve, reject) => {
    const child = spawn("flock", [join(root, out, "lock"), "make", ...args], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (text: Buffer) => {
        output = (output + text).slice(-8000);
      });
    child.once("error", (cause) => reject(new FtteError("build-failed", `make: ${cause.message}`, { cause })));
    child.once("close", (status) => {
      if (status === 0) resolve();
      else reject(new FtteError("build-failed", `building the firmware ${name} failed:\n${output}`));
    });
  });
}

function sizesOf(path: string, compiler: string): Firmware["sizes"] {
  const ofCompiler = compiler.replace(/g?cc$/, "size");
  const { stdout } = spawnSync(existsSync(ofCompiler) ? ofCompiler : "size", [path], { encoding: "utf8" });
  const [text, data, bss] = (stdout?.split("\n")[1] ?? "").trim().split(/\s+/).map(Number);
  return { text: text ?? 0, data: data ?? 0, bss: bss ?? 0 };
}
