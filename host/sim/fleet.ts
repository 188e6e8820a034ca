// A Fleet of boards that are function calls: each order is carried out by the boards' own kernels (trainer.ts) and answered with the update
// that the firmware would give, bit for bit. Links carry everything and count every byte. When an update arrives is the schedule's to say.

import type { BoardTraffic, Fleet, FleetEvent, Order } from "../fl/fleet.ts";
import { decodeSlice } from "../plan/slice.ts";
import { framedBytes } from "../wire/frame.ts";
import { boardErrors, zeroVersion } from "../wire/spec.gen.ts";
import type { BoardUpdate } from "./board_task.ts";
import type { Job } from "./trainer.ts";

/** A board as its orders left it. */
interface Memory {
  number: number;
  order: Order | undefined; // that has not ended
  holds: { plan: number; frozen: number; slice: number }; // checksums, -1 for none
  carried: Float32Array | undefined; // residual of the accepted updates
  left: Float32Array | undefined; // and of the one that waits for its verdict
  traffic: BoardTraffic;
}

export interface SimulatedFleetOptions {
  /** In the order in which the trainer knows them. */
  boards: readonly { id: string }[];
  train: (job: Job) => BoardUpdate | Promise<BoardUpdate>;
  /** True when nothing will come of a board's task, so that it need not be done. */
  isLost: (board: number, task: number) => boolean;
  /** True when a board has no samples: it refuses its orders, as the firmware does. */
  isEmpty: (board: number) => boolean;
  /** Told when a task cannot be carried out: a mistake of ours, never a board's. */
  failed: (error: unknown) => void;
}

export class SimulatedFleet implements Fleet {
  private listener: (event: FleetEvent) => void = () => {};
  private readonly numbers: Map<string, number>;
  private readonly memories = new Map<string, Memory>(); // of the boards that had an order
  /** Of all boards. */
  readonly total: BoardTraffic = { up: 0, down: 0 };

  constructor(private readonly o: SimulatedFleetOptions) {
    this.numbers = new Map(o.boards.map(({ id }, i) => [id, i]));
  }

  async open(listener: (event: FleetEvent) => void): Promise<void> {
    this.listener = listener;
  }

  dispatch(order: Order): void {
    const memory = this.memory(order.board);
    memory.order = order;
    this.add(memory, "down", lacking(memory.holds, order));
    setImmediate(() => this.work(order, memory).catch(this.o.failed));
  }

  private async work(order: Order, memory: Memory): Promise<void> {
    const { board, task } = order;
    if (this.o.isEmpty(memory.number)) return this.refuse(order, memory);
    // A lost order's update is nobody's: any bytes do.
    const lost = this.o.isLost(memory.number, task);
    const update = lost ? undefined : await this.o.train(jobOf(order, memory));
    if (memory.order !== order) return; // given up meanwhile
    if (update?.residual) memory.left = update.residual;
    this.listener({ type: "update", board, task, bytes: update?.bytes ?? new Uint8Array() });
  }

  private refuse({ board, task }: Order, memory: Memory): void {
    memory.order = undefined;
    const { code, text } = boardErrors["samples-none"];
    this.listener({ type: "refused", board, task, code, reason: `${board}: ${text}` });
  }

  private memory(board: string): Memory {
    const known = this.memories.get(board);
    if (known) return known;
    const fresh: Memory = {
      number: this.numbers.get(board)!,
      order: undefined,
      holds: { plan: -1, frozen: -1, slice: -1 },
      carried: undefined,
      left: undefined,
      traffic: { up: 0, down: 0 },
    };
    this.memories.set(board, fresh);
    return fresh;
  }

  /** So many bytes went over a board's link: its orders are counted when they are given, its updates by whoever knows that they arrived. */
  count(board: string, way: keyof BoardTraffic, bytes: number): void {
    this.add(this.memory(board), way, bytes);
  }

  private add({ traffic }: Memory, way: keyof BoardTraffic, bytes: number): void {
    traffic[way] += bytes;
    this.total[way] += bytes;
  }

  acknowledge(board: string, _task: number, verdict: "accepted" | "rejected"): void {
    const memory = this.memory(board);
    if (verdict === "accepted" && memory.left) memory.carried = memory.left;
    memory.left = undefined;
    memory.order = undefined;
  }

  abandon(board: string): void {
    this.memory(board).order = undefined;
  }

  async stats(board: string): Promise<never> {
    throw new RangeError(`${board} is simulated and measures nothing`);
  }

  traffic(): ReadonlyMap<string, BoardTraffic> {
    return new Map([...this.memories].map(([board, { traffic }]) => [board, traffic]));
  }

  async close(): Promise<void> {
    this.listener = () => {};
  }
}

/** Bytes of frames of what the order brings and the board lacks, which it holds from then on. */
function lacking(holds: Memory["holds"], { required, slice }: Order): number {
  const { delta, full } = slice;
  const hasBase = delta && (delta.baseVersion === zeroVersion || holds.slice === delta.baseCrc);
  let bytes = framedBytes((hasBase ? delta.bytes : full).length);
  holds.slice = slice.crc;
  for (const { kind, crc, bytes: blob } of required) {
    if (kind === "kernels" || holds[kind] === crc) continue;
    holds[kind] = crc;
    bytes += framedBytes(blob.length);
  }
  return bytes;
}

/** Member by member: spreading an object costs more than the rest of an order together. */
function jobOf(order: Order, { number, carried }: Memory): Job {
  const job: Job = {
    run: order.run,
    task: order.task,
    baseVersion: order.slice.version,
    steps: order.steps,
    learningRate: order.learningRate,
    seed: order.seed,
    encoding: order.encoding,
    board: number,
    frozen: order.required.find((blob) => blob.kind === "frozen")!.bytes,
    slice: decodeSlice(order.slice.full),
  };
  if (carried) job.residual = carried;
  return job;
}
