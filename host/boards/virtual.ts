// Virtual boards: processes of the posix firmware, each with its own flash file, samples and pty; and plugs that can be pulled. Speaks no
// protocol.

import { renameSync } from "node:fs";
import { openPipe } from "../link/open.ts";
import type { OpenPipe, Pipe } from "../link/pipe.ts";
import { BoardProcess, type BoardProcessOptions } from "./board_process.ts";

export interface VirtualBoardOptions extends BoardProcessOptions {
  /** The posix firmware for the board's class. */
  program: string;
  /** What the firmware takes from its board config (class, RAM, flash): further arguments, in front. */
  configArguments?: readonly string[];
  baudRate?: number;
  /** 1 = as fast as this machine; 0.1 = a tenth of it. */
  speed?: number;
  /** Per cent at the start; boards without the option have none to measure. */
  battery?: number;
}

export class VirtualBoard extends BoardProcess {
  constructor(readonly options: VirtualBoardOptions) {
    super(options);
  }

  protected override command(): [string, ...string[]] {
    const { program, configArguments = [], baudRate, speed, battery, samples } = this.options;
    const optional = { baud: baudRate, speed, battery, samples };
    return [
      program,
      ...configArguments,
      ...["--chip-id", this.chipId, "--flash", this.flash, "--link", this.address],
      ...Object.entries(optional).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)])),
    ];
  }
}

/**
 * A plug that can be pulled. Open the boards' pipes with `open`; after unplug the pipe is closed and the port is absent, while the
 * board's process goes on; after replug the port is there again.
 */
export class Plugs {
  private readonly pipes = new Map<string, Set<Pipe>>();

  readonly open: OpenPipe = async (address, options) => {
    const pipe = await openPipe(address, options);
    const pipes = this.pipes.get(address) ?? new Set();
    this.pipes.set(address, pipes.add(pipe));
    void pipe.closed.then(() => pipes.delete(pipe));
    return pipe;
  };

  async unplug(board: BoardProcess): Promise<void> {
    renameSync(board.address, `${board.address}.unplugged`);
    await Promise.all([...(this.pipes.get(board.address) ?? [])].map((pipe) => pipe.close()));
  }

  replug(board: BoardProcess): void {
    renameSync(`${board.address}.unplugged`, board.address);
  }
}
