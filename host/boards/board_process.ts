// A board that is a process of this machine, on a pty: what posix and emulated boards have in common. Starts it, kills it, waits for its
// line, and lets none outlive the host. How the process is called is the subclasses' business; what a board does is its firmware's.

import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, realpathSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { FtteError } from "../errors.ts";
import { chipIdText, parseChipId } from "./identity.ts";

export interface BoardProcessOptions {
  name: string; // a file name, e.g. "wrist-07"
  /** The folder of boards; gets `<name>.pty` and `<name>/` with the flash file. */
  folder: string;
  /** Hexadecimal; made from the name when left out, so that it stays the same. */
  chipId?: string;
  /** The recording that the sensor plays (recording.ts). */
  samples?: string;
}

const living = new Set<ChildProcess>();
let cleanupSet = false;
const startMs = 10_000;

export abstract class BoardProcess {
  readonly chipId: string;
  /** A symbolic link to the pty, there while the board runs. */
  readonly address: string;
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();
  private output = "";

  /** @param idBytes of a chip id that is made from the name */
  constructor(
    protected readonly process: BoardProcessOptions,
    idBytes = 8,
  ) {
    const id =
      process.chipId ??
      createHash("sha256")
        .update(process.name)
        .digest("hex")
        .slice(0, 2 * idBytes);
    this.chipId = chipIdText(parseChipId(id));
    this.address = join(resolve(process.folder), `${process.name}.pty`);
  }

  /** Program and arguments. The state folder is there. */
  protected abstract command(): [program: string, ...args: string[]];

  /** Told what the process has printed so far, until the line is there: for processes that do not make the link themselves. */
  protected started(_output: string): void {}

  get name(): string {
    return this.process.name;
  }

  /** False: its samples must come over the link, not from `samples`. */
  get hasSensor(): boolean {
    return true;
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
    const [program, ...args] = this.command();
    // Detached: Ctrl-C at the terminal is for the host, which ends its boards in order.
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
    this.child = child;
    this.track(child);
    const endMs = performance.now() + startMs;
    while (!isThere(this.address)) {
      if (this.child !== child) throw this.failed(program, "ended at once");
      if (performance.now() > endMs) throw this.failed(program, `gave no line within ${startMs} ms`);
      this.started(this.output);
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

  protected get stateFolder(): string {
    return join(resolve(this.process.folder), this.process.name);
  }

  /** The file that holds its flash. */
  get flash(): string {
    return join(this.stateFolder, "flash.bin");
  }

  private track(child: ChildProcess): void {
    living.add(child);
    setCleanup();
    this.output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (text: Buffer) => {
        this.output = (this.output + text).slice(-2000);
      });
    this.exited = new Promise((done) => {
      const end = () => {
        living.delete(child);
        if (this.child === child) this.child = undefined;
        done();
      };
      child.once("close", end); // after its last words were read
      child.once("error", (error) => {
        this.output += error.message;
        end();
      });
    });
  }

  private failed(program: string, what: string): FtteError {
    return new FtteError("board-lost", `${this.process.name}: the board's process ${program} ${what}: ${this.output}`);
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

function isThere(link: string): boolean {
  try {
    realpathSync(link);
    return true;
  } catch {
    return false;
  }
}
