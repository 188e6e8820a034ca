// Emulated boards: the mps2 firmware in QEMU, with its flash in a file that QEMU maps as the machine's memory, so that flash survives
// resets and the death of the process as on a chip. The places in that file are those of firmware/ports/mps2/board.h. Speaks no protocol.

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, constants, existsSync, ftruncateSync, openSync, symlinkSync, writeSync } from "node:fs";
import { FtteError } from "../errors.ts";
import { BoardProcess, type BoardProcessOptions } from "./board_process.ts";
import type { BoardConfig } from "./config.ts";
import { parseChipId } from "./identity.ts";

export interface EmulatedBoardOptions extends BoardProcessOptions {
  /** The firmware, as `ftte build` made it for `board`. */
  program: string;
  board: BoardConfig;
}

const memoryBytes = 16 << 20; // of PSRAM, at 0x21000000
const samplesAt = 0x21800000;
const chipAt = 0x400000; // in the file: chip id, then the seed of the random numbers
const idBytes = 16;

export class EmulatedBoard extends BoardProcess {
  private held: number | undefined;

  constructor(readonly options: EmulatedBoardOptions) {
    super(options);
  }

  /** @throws FtteError "board-lost" when QEMU is missing */
  protected override command(): [string, ...string[]] {
    if (spawnSync("qemu-system-arm", ["--version"]).error)
      throw new FtteError(
        "board-lost",
        `${this.options.name}: an emulated board needs QEMU; type: sudo apt-get update && sudo apt-get install -y qemu-system-arm`,
      );
    this.prepareMemory();
    const { program, samples } = this.options;
    return [
      ...(["setpriv", "--pdeathsig", "KILL"] as const), // QEMU itself would outlive the host
      ...["qemu-system-arm", "-M", "mps2-an386,memory-backend=psram", "-display", "none", "-monitor", "none"],
      ...["-object", `memory-backend-file,id=psram,size=${memoryBytes},mem-path=${this.flash},share=on`],
      ...["-serial", "pty", "-kernel", program],
      ...(samples === undefined ? [] : ["-device", `loader,file=${samples},addr=${samplesAt},force-raw=on`]),
    ];
  }

  /** A new file is a factory-new chip: blank flash, its id. Every start draws a new seed. */
  private prepareMemory(): void {
    const isNew = !existsSync(this.flash);
    const file = openSync(this.flash, isNew ? "w" : "r+");
    try {
      if (isNew) {
        const { at, bytes } = this.options.board.flash;
        ftruncateSync(file, memoryBytes);
        writeSync(file, Buffer.alloc(bytes, 0xff), 0, bytes, Number(at));
        writeSync(file, parseChipId(this.chipId), 0, idBytes, chipAt);
      }
      writeSync(file, randomBytes(32), 0, 32, chipAt + idBytes);
    } finally {
      closeSync(file);
    }
  }

  /** QEMU drops what the board sends while nobody has the pty open, and looks for that once a second: so this process keeps it open. */
  protected override started(output: string): void {
    const [, path] = /redirected to (\S+)/.exec(output) ?? [];
    if (path === undefined) return;
    this.release();
    this.held = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    symlinkSync(path, this.address);
  }

  override async kill(): Promise<void> {
    await super.kill();
    this.release();
  }

  private release(): void {
    if (this.held !== undefined) closeSync(this.held);
    this.held = undefined;
  }
}
