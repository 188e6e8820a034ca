// Emulated boards: firmware in a machine of QEMU (machines.ts), with flash in a file, so that it survives resets and the death of the
// process as on a chip. Speaks no protocol.

import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { FtteError } from "../errors.ts";
import { BoardProcess, type BoardProcessOptions } from "./board_process.ts";
import type { BoardConfig } from "./config.ts";
import { Debugger } from "./gdb.ts";
import { type Machine, machines } from "./machines.ts";

export interface EmulatedBoardOptions extends BoardProcessOptions {
  /** The firmware, as `ftte build` made it for `board`. */
  program: string;
  /** Of flashing method "emulator". */
  board: BoardConfig;
}

export class EmulatedBoard extends BoardProcess {
  private readonly machine: Machine;
  private held: number | undefined;
  private debugFolder: string | undefined; // of the debugger's socket, whose path must be short

  /** @throws FtteError "usage" for a board that no machine stands for */
  constructor(readonly options: EmulatedBoardOptions) {
    const { board, name } = options;
    const { machine } = board.flashing;
    if (machine === undefined) throw new FtteError("usage", `${name}: no emulator runs the board ${board.id}`);
    super(options, machines[machine].idBytes);
    this.machine = machines[machine];
  }

  override get hasSensor(): boolean {
    return this.machine.sensor ?? false;
  }

  protected override command(): [string, ...string[]] {
    const { machine, chipId } = this;
    const { program, board, samples } = this.options;
    const setting = { program, board, samples, chipId, memory: this.flash };
    machine.prepare?.(setting);
    return [
      ...(["setpriv", "--pdeathsig", "KILL"] as const), // QEMU itself would outlive the host
      ...(machine.standardLine ? [join(dirname(program), "on_pty")] : []),
      ...machine.emulator.commands,
      ...[...machine.arguments(setting), "-serial", machine.standardLine ? "none" : "pty"],
      ...(machine.volatileFlash ? ["-S", "-gdb", `unix:${this.openDebugFolder()},server=on,wait=off`] : []),
    ];
  }

  override async start(): Promise<void> {
    const starts = !this.running;
    await super.start();
    if (starts && this.machine.volatileFlash) await this.fillFlash();
  }

  /** QEMU drops what the board sends while nobody has the pty open, and looks for that once a second: so this process keeps it open. */
  protected override started(output: string): void {
    const [, path] = /redirected to (\S+)/.exec(output) ?? [];
    if (path === undefined) return;
    this.closeLine(); // of a process that ended by itself
    this.held = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    symlinkSync(path, this.address);
  }

  /** A power cut, at whatever the chip is just doing. @throws FtteError "board-lost" when QEMU ended before its flash was saved */
  override async kill(): Promise<void> {
    try {
      if (this.running && this.machine.volatileFlash) await this.saveFlash();
    } finally {
      await super.kill();
      this.closeLine();
      this.removeDebugFolder();
    }
  }

  private closeLine(): void {
    if (this.held !== undefined) closeSync(this.held);
    this.held = undefined;
  }

  private removeDebugFolder(): void {
    if (this.debugFolder !== undefined) rmSync(this.debugFolder, { recursive: true, force: true });
    this.debugFolder = undefined;
  }

  private openDebugFolder(): string {
    this.debugFolder ??= mkdtempSync(join(tmpdir(), "ftte-gdb-"));
    return this.debugLine;
  }

  private get debugLine(): string {
    return join(this.debugFolder!, "line");
  }

  private async fillFlash(): Promise<void> {
    const { at, bytes } = this.options.board.flash;
    const line = await Debugger.attach(this.debugLine);
    await line.write(Number(at), existsSync(this.flash) ? readFileSync(this.flash) : Buffer.alloc(bytes, 0xff));
    await line.detach();
  }

  private async saveFlash(): Promise<void> {
    const { at, bytes } = this.options.board.flash;
    const line = await Debugger.attach(this.debugLine);
    writeFileSync(this.flash, await line.read(Number(at), bytes));
  }
}
