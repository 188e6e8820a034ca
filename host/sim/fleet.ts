// A Fleet of boards that are function calls: each order is carried out by the boards' own kernels (trainer.ts) and answered with the update
// that the firmware would give, bit for bit. Links carry everything and count every byte. When an update arrives is the schedule's to say.

import type { BoardTraffic, Fleet, FleetEvent, Order } from "../fl/fleet.ts";
import { framedBytes } from "../wire/frame.ts";
import { boardErrors, SliceHeaderBytes } from "../wire/spec.gen.ts";
import type { BoardUpdate } from "./board_task.ts";
import type { Job } from "./trainer.ts";

/** What a board remembers between orders. */
interface Memory {
  holds: Map<string, number>; // CRC of its plan and its frozen image
  sliceCrc?: number;
  carried?: Float32Array; // residual of the accepted updates
  left?: Float32Array; // and of the one that waits for its verdict
}

export interface SimulatedFleetOptions {
  /** Ids in the order in which the trainer knows the boards. */
  boards: readonly string[];
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
  private readonly memories = new Map<string, Memory>();
  private readonly orders = new Map<string, Order>();
  private readonly carriedBytes = new Map<string, BoardTraffic>();
  /** Of all boards. */
  readonly total: BoardTraffic = { up: 0, down: 0 };

  constructor(private readonly o: SimulatedFleetOptions) {
    this.numbers = new Map(o.boards.map((id, i) => [id, i]));
  }

  async open(listener: (event: FleetEvent) => void): Promise<void> {
    this.listener = listener;
  }

  dispatch(order: Order): void {
    this.orders.set(order.board, order);
    this.count(order.board, "down", this.bytesOf(order));
    setImmediate(() => this.work(order).catch(this.o.failed));
  }

  private async work(order: Order): Promise<void> {
    const { board, task } = order;
    const number = this.numbers.get(board)!;
    const { carried } = this.memory(board);
    const slice = new Float32Array(order.slice.full.slice(SliceHeaderBytes).buffer);
    const frozen = order.required.find((blob) => blob.kind === "frozen")!.bytes;
    const job: Job = { ...order, board: number, baseVersion: order.slice.version, frozen, slice };
    if (this.o.isEmpty(number)) return this.refuse(order);
    // A lost order's update is nobody's: any bytes do.
    const lost = this.o.isLost(number, task);
    const update = lost ? undefined : await this.o.train({ ...job, ...(carried && { residual: carried }) });
    if (this.orders.get(board) !== order) return; // given up meanwhile
    if (update?.residual) this.memory(board).left = update.residual;
    this.listener({ type: "update", board, task, bytes: update?.bytes ?? new Uint8Array() });
  }

  private refuse({ board, task }: Order): void {
    this.orders.delete(board);
    const { code, text } = boardErrors["samples-none"];
    this.listener({ type: "refused", board, task, code, reason: `${board}: ${text}` });
  }

  /** What of the order the board lacks, in frames. */
  private bytesOf({ board, required, slice }: Order): number {
    const memory = this.memory(board);
    const missing = required.filter(({ kind, crc }) => kind !== "kernels" && memory.holds.get(kind) !== crc);
    for (const { kind, crc } of missing) memory.holds.set(kind, crc);
    const { delta, full } = slice;
    const known = delta && memory.sliceCrc === delta.baseCrc;
    memory.sliceCrc = slice.crc;
    return [known ? delta.bytes : full, ...missing.map(({ bytes }) => bytes)].reduce(
      (sum, bytes) => sum + framedBytes(bytes.length),
      0,
    );
  }

  private memory(board: string): Memory {
    const known = this.memories.get(board);
    if (known) return known;
    const fresh: Memory = { holds: new Map() };
    this.memories.set(board, fresh);
    return fresh;
  }

  /** So many bytes went over a board's link: its orders are counted when they are given, its updates by whoever knows that they arrived. */
  count(board: string, way: keyof BoardTraffic, bytes: number): void {
    const sum = this.carriedBytes.get(board) ?? { up: 0, down: 0 };
    sum[way] += bytes;
    this.total[way] += bytes;
    this.carriedBytes.set(board, sum);
  }

  acknowledge(board: string, _task: number, verdict: "accepted" | "rejected"): void {
    const memory = this.memory(board);
    if (verdict === "accepted" && memory.left) memory.carried = memory.left;
    delete memory.left;
    this.orders.delete(board);
  }

  abandon(board: string): void {
    this.orders.delete(board);
  }

  async stats(board: string): Promise<never> {
    throw new RangeError(`${board} is simulated and measures nothing`);
  }

  traffic(): ReadonlyMap<string, BoardTraffic> {
    return this.carriedBytes;
  }

  async close(): Promise<void> {
    this.listener = () => {};
  }
}
