// The fleet in this process: one worker per board, each on its own port. Implements host/fl/fleet.ts. Aggregates nothing and decides
// nothing about tasks; a board that is slow, silent or gone costs nobody's time but its own. Boards whose ports were swapped find each
// other by chip id: a worker that meets another board of the fleet on its port tells that board's worker, and one whose port was taken looks
// on those that were left.

import { FtteError } from "../errors.ts";
import type { BoardTraffic, Fleet, FleetEvent, Order } from "../fl/fleet.ts";
import { openPipe } from "../link/open.ts";
import type { OpenPipe } from "../link/pipe.ts";
import type { Stats } from "../wire/spec.gen.ts";
import { BoardWorker } from "./board_worker.ts";

export interface FleetBoard {
  id: string; // chip id in hexadecimal, as chipIdText gives it
  address: string;
  /** For messages, e.g. "wrist-07"; the id by default. */
  name?: string;
  baudRate?: number;
}

export interface LocalFleetOptions {
  boards: readonly FleetBoard[];
  open?: OpenPipe;
  /** How long a board may be silent before its link is opened anew; 10 s by default. */
  patienceMs?: number;
  /** How often a training board is asked how far it is; 250 ms by default. */
  pollMs?: number;
}

export class LocalFleet implements Fleet {
  private readonly workers = new Map<string, BoardWorker>();
  private listener: ((event: FleetEvent) => void) | undefined;
  private running: Promise<unknown> = Promise.resolve();

  constructor(options: LocalFleetOptions) {
    const { boards, open = openPipe, patienceMs = 10_000, pollMs = 250 } = options;
    const emit = (event: FleetEvent) => this.listener?.(event);
    const sighted = (chip: string, address: string) => this.workers.get(chip)?.seenAt(address);
    const addresses = new Set(boards.map((board) => board.address));
    const vacated = (address: string) => {
      const workers = [...this.workers.values()];
      if (!workers.some((worker) => worker.isOnline() && worker.has(address))) return undefined;
      return [...addresses].find((left) => !workers.some((worker) => worker.has(left)));
    };
    for (const board of boards) {
      if (this.workers.has(board.id)) throw new FtteError("usage", `board ${board.id} is named twice`);
      this.workers.set(board.id, new BoardWorker(board, { open, patienceMs, pollMs, emit, sighted, vacated }));
    }
  }

  async open(listener: (event: FleetEvent) => void): Promise<void> {
    this.listener = listener;
    this.running = Promise.all([...this.workers.values()].map((worker) => worker.run()));
    this.running.catch(() => {}); // told by close
  }

  /** @throws FtteError "usage" when the board is unknown or still has an order */
  dispatch(order: Order): void {
    this.worker(order.board).dispatch(order);
  }

  acknowledge(board: string, task: number, verdict: "accepted" | "rejected"): void {
    this.worker(board).acknowledge(task, verdict);
  }

  abandon(board: string): void {
    this.worker(board).abandon();
  }

  /** @throws FtteError "board-lost" when the board is offline */
  async stats(board: string): Promise<Stats> {
    const stats = await this.worker(board).stats();
    this.listener?.({ type: "stats", board, stats });
    return stats;
  }

  traffic(): ReadonlyMap<string, BoardTraffic> {
    return new Map([...this.workers].map(([id, worker]) => [id, worker.traffic()]));
  }

  /** Acknowledgements not yet delivered are given one more chance of `graceMs`. Rejects with a worker's own mistake, if any. */
  async close(graceMs = 1000): Promise<void> {
    await Promise.all([...this.workers.values()].map((worker) => worker.close(graceMs)));
    await this.running;
    this.listener = undefined;
  }

  private worker(board: string): BoardWorker {
    const worker = this.workers.get(board);
    if (!worker) throw new FtteError("usage", `the fleet has no board ${board}`);
    return worker;
  }
}
