// A chip port's whole firmware in its machine, on a pty, with flash that outlives the process.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { EmulatedBoard } from "../../../host/boards/emulated.ts";
import { compileC } from "../../core/c_program.ts";
import { Debugger } from "./gdb.ts";
import type { Machine } from "./machines.ts";

export class EmulatedPort extends EmulatedBoard {
  constructor(
    options: EmulatedBoard["options"],
    private readonly machine: Machine,
  ) {
    super(options);
  }

  protected override command(): [string, ...string[]] {
    this.machine.prepare?.(this.flash, this.options.board);
    const [program, ...args] = this.machine.qemu(this.options.program, this.flash);
    const paused = this.machine.volatileFlash ? ["-S", "-gdb", `unix:${this.debugLine},server=on,wait=off`] : [];
    const { plainLine } = this.machine;
    const onPty = plainLine
      ? [compileC({ name: "on_pty", sources: ["tests/contracts/port/on_pty.c"], flags: ["-lutil"] })]
      : [];
    const line = ["-serial", plainLine ? "none" : "pty"];
    return ["setpriv", "--pdeathsig", "KILL", ...onPty, program, ...args, ...line, ...paused];
  }

  override async start(): Promise<void> {
    const starts = !this.running;
    await super.start();
    if (starts && this.machine.volatileFlash) await this.fillFlash();
  }

  /** A power cut, at whatever the chip is just doing. */
  override async kill(): Promise<void> {
    if (this.running && this.machine.volatileFlash) await this.saveFlash();
    await super.kill();
  }

  private get debugLine(): string {
    return `${this.flash}.gdb`;
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
