// The board that a console talks to: one session, opened when it is first needed and again when the link went away, with the same chip
// wherever its port is then.

import { setTimeout } from "node:timers/promises";
import { type FindOptions, type FoundBoard, findBoard } from "../../boards/find.ts";
import { BoardSession } from "../../boards/session.ts";
import { FtteError } from "../../errors.ts";
import { openPipe } from "../../link/open.ts";
import type { OpenPipe } from "../../link/pipe.ts";
import type { Hello } from "../../wire/spec.gen.ts";

/** How long a board may take to restart; USB boards leave the bus and come back. */
const restartMs = 20_000;
const pauseMs = 200;

export class ConsoleBoard {
  private open: BoardSession | undefined;
  private gone = false;

  private constructor(
    private place: FoundBoard,
    private readonly finding: FindOptions,
  ) {}

  /** @throws FtteError as findBoard does */
  static async find(text: string, finding: FindOptions): Promise<ConsoleBoard> {
    return new ConsoleBoard(await findBoard(text, finding), finding);
  }

  get name(): string {
    return this.place.name;
  }
  get chipId(): string {
    return this.place.chipId;
  }
  get address(): string {
    return this.place.address;
  }

  /** A session that has said hello. @throws FtteError of the port or the board */
  async session(): Promise<BoardSession> {
    if (this.open && !this.gone) return this.open;
    if (this.open) this.place = await findBoard(this.chipId, this.finding);
    await this.close();
    const { address, baudRate, name, chipId } = this.place;
    const open: OpenPipe = this.finding.open ?? openPipe;
    const pipe = await open(address, baudRate === undefined ? {} : { baudRate });
    const session = new BoardSession(pipe, { name, chipId, baudRate });
    this.open = session;
    this.gone = false;
    void pipe.closed.then(() => {
      if (this.open === session) this.gone = true;
    });
    await session.hello();
    return session;
  }

  /** Restarts the board and returns what it says when it is back. @throws FtteError "board-lost" when it does not come back */
  async restart(kind: "board" | "factory"): Promise<Hello> {
    const session = await this.session();
    const before = await session.hello();
    await session.reset(kind);
    const endMs = performance.now() + restartMs;
    for (;;) {
      await setTimeout(pauseMs);
      const hello = await this.hello().catch((error) => this.orLost(error, endMs));
      if (hello && hello.resets !== before.resets) return hello;
    }
  }

  /** Ends the connection; the next session opens it again. @param elsewhere looks for the board at every port first */
  async reconnect(elsewhere: boolean): Promise<void> {
    await this.close();
    if (elsewhere) this.place = await findBoard(this.chipId, this.finding).catch(() => this.place);
  }

  async close(): Promise<void> {
    await this.open?.close();
    this.open = undefined;
  }

  private async hello(): Promise<Hello> {
    return (await this.session()).hello({ patienceMs: 1000 });
  }

  /** While a board restarts, its port may be away, silent or half open. */
  private orLost(error: unknown, endMs: number): undefined {
    if (!(error instanceof FtteError)) throw error;
    if (performance.now() < endMs) return undefined;
    const after = `${this.name}: did not come back within ${restartMs / 1000} s after its reset`;
    throw new FtteError("board-lost", `${after} (${error.message}); unplug it and plug it in again`, { cause: error });
  }
}
