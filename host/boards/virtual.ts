// Virtual boards: processes of the posix firmware, each with its own flash file, samples and pty. Starts, kills, unplugs and cleans up.
// Speaks no protocol; what a board does is its firmware's business.

import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { FtteError } from "../errors.ts";
import type { OpenPipe, Pipe } from "../link/pipe.ts";
import { openSerial } from "../link/serial.ts";
import { chipIdText, parseChipId } from "./identity.ts";

export interface VirtualBoardOptions {
  name: string; // a file name, e.g. "wrist-07"
  /** The posix firmware for the board's class. */
  program: string;
  /** The folder of boards; gets `<name>.pty` and `<name>/` with the flash file. */
  folder: string;
  /** What the firmware takes from its board config (class, RAM, flash): further arguments, in front. */
  configArguments?: readonly string[];
  /** Hexadecimal; made from the name when left out, so that it stays the same. */
  chipId?: string;
  baudRate?: number;
  /** 1 = as fast as this machine; 0.1 = a tenth of it. */
  speed?: number;
  /** Per cent at the start; boards without the option have none to measure. */
  battery?: number;
  /** The sensor's samples in the firmware's format. */
  samples?: string;
}

const living = new Set<ChildProcess>();
let cleanupSet = false;
const startMs = 10_000;

export class VirtualBoard {
  readonly chipId: string;
  readonly address: string;
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();
  private complaint = "";

  constructor(readonly options: VirtualBoardOptions) {
    const id = options.chipId ?? createHash("sha256").update(options.name).digest("hex").slice(0, 16);
    this.chipId = chipIdText(parseChipId(id));
    this.address = join(resolve(options.folder), `${options.name}.pty`);
  }

  get running(): boolean {
    return this.child !== undefined;
  }

  /** The process id, for tests that measure or stop it. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /**
   * Starts the process with the flash that the last one left, and returns when its line is there.
   * @throws FtteError "board-lost" with what the process printed
   */
  async start(): Promise<void> {
    if (this.child) return;
    mkdirSync(this.stateFolder, { recursive: true });
    rmSync(this.address, { force: true });
    const child = spawn(this.options.program, this.arguments(), { stdio: ["ignore", "ignore", "pipe"] });
    this.child = child;
    this.track(child);
    const endMs = performance.now() + startMs;
    while (!isThere(this.address)) {
      if (this.child !== child) throw this.failed("ended at once");
      if (performance.now() > endMs) throw this.failed(`gave no line within ${startMs} ms`);
      await new Promise((done) => setTimeout(done, 10));
    }
  }

  /** A power cut: SIGKILL. Flash stays as it is. */
  async kill(): Promise<void> {
    this.child?.kill("SIGKILL");
    await this.exited;
    rmSync(this.address, { force: true });
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Kills the process and deletes its flash: a factory-new board. */
  async erase(): Promise<void> {
    await this.kill();
    rmSync(this.stateFolder, { recursive: true, force: true });
  }

  private get stateFolder(): string {
    return join(resolve(this.options.folder), this.options.name);
  }

  private arguments(): string[] {
    const { configArguments = [], baudRate, speed, battery, samples } = this.options;
    const optional = { baud: baudRate, speed, battery, samples };
    return [
      ...configArguments,
      ...["--chip-id", this.chipId, "--flash", join(this.stateFolder, "flash.bin"), "--link", this.address],
      ...Object.entries(optional).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)])),
    ];
  }

  private track(child: ChildProcess): void {
    living.add(child);
    setCleanup();
    this.complaint = "";
    child.stderr?.on("data", (text: Buffer) => {
      this.complaint = (this.complaint + text).slice(-2000);
    });
    this.exited = new Promise((done) => {
      const end = () => {
        living.delete(child);
        if (this.child === child) this.child = undefined;
        done();
      };
      child.once("close", end); // after its last words were read
      child.once("error", (error) => {
        this.complaint += error.message;
        end();
      });
    });
  }

  private failed(what: string): FtteError {
    const { name, program } = this.options;
    return new FtteError("board-lost", `${name}: the virtual board's process ${program} ${what}: ${this.complaint}`);
  }
}

/** Processes must not outlive the host, however it ends (SIGKILL apart). */
function setCleanup(): void {
  if (cleanupSet) return;
  cleanupSet = true;
  process.on("exit", () => {
    for (const child of living) child.kill("SIGKILL");
  });
}

/**
 * A plug that can be pulled. Open the boards' pipes with `open`; after unplug the pipe is closed and the port is absent, while the
 * board's process goes on; after replug the port is there again.
 */
export class Plugs {
  private readonly pipes = new Map<string, Set<Pipe>>();

  readonly open: OpenPipe = async (address, options) => {
    const pipe = await openSerial(address, options);
    const pipes = this.pipes.get(address) ?? new Set();
    this.pipes.set(address, pipes.add(pipe));
    void pipe.closed.then(() => pipes.delete(pipe));
    return pipe;
  };

  async unplug(board: VirtualBoard): Promise<void> {
    renameSync(board.address, `${board.address}.unplugged`);
    await Promise.all([...(this.pipes.get(board.address) ?? [])].map((pipe) => pipe.close()));
  }

  replug(board: VirtualBoard): void {
    renameSync(`${board.address}.unplugged`, board.address);
  }
}

function isThere(link: string): boolean {
  try {
    realpathSync(link);
    return true;
  } catch {
    return false;
  }
}
