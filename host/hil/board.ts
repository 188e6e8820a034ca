// The board under test, for hardware-in-the-loop tests: the package's "ftte/hil". One address, whatever is behind it: a virtual board, an
// emulated one, a serial port. Knows no test runner. Erases nothing by itself.

import { chipIdText } from "../boards/identity.ts";
import { isBoardRefusal, prepareBoard, startTask } from "../boards/order.ts";
import { BoardSession } from "../boards/session.ts";
import { boardError, FtteError } from "../errors.ts";
import type { Order } from "../fl/fleet.ts";
import { openPipe } from "../link/open.ts";
import type { OpenPipe } from "../link/pipe.ts";
import { BoardState, type Hello, type Stats } from "../wire/spec.gen.ts";

export interface HilOptions {
  /** Default: the environment's FTTE_BOARD, which `npm run hil -- --board` sets. */
  address?: string;
  /** Default: FTTE_BAUD, else 921,600. */
  baudRate?: number;
  /** How the port is opened, e.g. through a pipe that harms what passes. */
  open?: OpenPipe;
  /** How long the board may be silent; 10 s by default. */
  patienceMs?: number;
}

const reopenMs = 200;

/** Resolves after `ms`. */
const wait = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** Opens the board under test. @throws FtteError "usage" when none is named, and whatever the port says */
export async function board(options: HilOptions = {}): Promise<HilBoard> {
  const address = options.address ?? process.env.FTTE_BOARD;
  if (!address)
    throw new FtteError("usage", "name the board: FTTE_BOARD=/dev/ttyACM0, or npm run hil -- --board /dev/ttyACM0");
  const baud = options.baudRate ?? (process.env.FTTE_BAUD === undefined ? undefined : Number(process.env.FTTE_BAUD));
  const under = new HilBoard(address, { ...options, ...(baud !== undefined && { baudRate: baud }) });
  await under.open();
  return under;
}

export class HilBoard {
  private current: BoardSession | undefined;
  private first: Hello | undefined;

  constructor(
    readonly address: string,
    private readonly options: HilOptions,
  ) {}

  /** Its chip id in hexadecimal. */
  get chipId(): string {
    return chipIdText(this.hello.chipId);
  }

  /** What it said when it was opened last. */
  get hello(): Hello {
    if (!this.first) throw new FtteError("board-lost", `${this.address}: is not open`);
    return this.first;
  }

  /** The conversation: every command of docs/wire.md. */
  get session(): BoardSession {
    if (!this.current) throw new FtteError("board-lost", `${this.address}: is not open`);
    return this.current;
  }

  /** Opens the port, through `open` instead of the usual way when it is given, and asks who is there. */
  async open(open: OpenPipe = this.options.open ?? openPipe): Promise<Hello> {
    await this.close();
    const { baudRate, patienceMs } = this.options;
    const pipe = await open(this.address, baudRate === undefined ? {} : { baudRate });
    this.current = new BoardSession(pipe, { name: this.address, baudRate, patienceMs });
    try {
      this.first = await this.current.hello();
    } catch (error) {
      await this.close(); // an open port would keep the process alive
      throw error;
    }
    return this.first;
  }

  /** Opens the port again and again until the board answers, as after a reset or a power cut. @throws the last error after `patienceMs` */
  async back(patienceMs = 30_000): Promise<Hello> {
    const endMs = performance.now() + patienceMs;
    for (;;) {
      try {
        return await this.open();
      } catch (error) {
        if (performance.now() > endMs) throw error;
        await wait(reopenMs);
      }
    }
  }

  async close(): Promise<void> {
    await this.current?.close();
    this.current = undefined;
  }

  stats(): Promise<Stats> {
    return this.session.stats();
  }

  /** Restarts it and returns what it says then. "factory" erases all that it holds. */
  async reset(kind: "board" | "factory" = "board"): Promise<Hello> {
    await this.session.reset(kind);
    await wait(reopenMs);
    return this.back();
  }

  /** Appends labelled samples to its log over the link; elements in the type of the plan that they are for. */
  async record(samples: readonly { label: number; elements: Uint8Array }[]): Promise<void> {
    for (const { label, elements } of samples) await this.session.sampleAppend(label, elements);
  }

  /** Sends what the order needs and starts its task. */
  async start(order: Order): Promise<void> {
    const { signal } = new AbortController();
    const usedDelta = await prepareBoard(this.session, order, await this.session.hello(), signal);
    await startTask(this.session, order, usedDelta, signal);
  }

  /** Starts the order's task and returns its update, which the board keeps until `acknowledge`. */
  async train(order: Order): Promise<Uint8Array> {
    await this.start(order);
    return this.finish(order);
  }

  /** Waits for the end of a task that was started and returns its update. @throws FtteError with the board's own reason */
  async finish(order: Pick<Order, "task">): Promise<Uint8Array> {
    for (;;) {
      const { state, task, error } = await this.session.progress();
      if (error !== 0 && task === order.task) {
        const { name, text } = boardError(error);
        throw new FtteError(name ?? "argument", `${this.address}: ${text}`);
      }
      if (state === BoardState.reporting && task === order.task) return this.session.get("update");
      if (state === BoardState.idle) throw new FtteError("task-unknown", `${this.address}: does nothing any more`);
      await wait(10);
    }
  }

  async acknowledge(order: Pick<Order, "run" | "task">, verdict: "accepted" | "rejected" = "accepted"): Promise<void> {
    await this.session.updateAck(order.run, order.task, verdict);
  }

  /** True when the board holds what somebody may miss: samples, an update, a task. */
  get holdsWork(): boolean {
    const { samples, updateTask, task } = this.hello;
    return samples > 0 || updateTask !== 0 || task !== 0;
  }
}

/** True for what the board itself refused, with its own code; false for errors of link and host. */
export const isRefusal: (error: unknown) => error is FtteError = isBoardRefusal;
