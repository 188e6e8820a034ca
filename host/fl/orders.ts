// What a board holds, and what it gets next: the slice of a model version, as a delta where the board has a base and
// updates are int8, its frozen image, a seed. Nothing here decides who gets work (the Strategy) or when an order has ended (coordinator.ts).

import { crc32 } from "node:zlib";
import { FtteError } from "../errors.ts";
import { packFrozen } from "../plan/frozen.ts";
import {
  applyRows,
  bytesOf,
  encodeDelta,
  encodeRows,
  encodeSlice,
  gatherSlice,
  type UpdateEncoding,
  updateRowsBytes,
} from "../plan/slice.ts";
import type { Normalisation, Plan } from "../plan/types.ts";
import { framedBytes } from "../wire/frame.ts";
import { UpdateHeaderBytes } from "../wire/spec.gen.ts";
import type { Order } from "./fleet.ts";
import { keyed } from "./keyed.ts";
import type { Arrival, RunStore, StoredBoard, StoredTask } from "./run_store.ts";
import type { OrderFacts, Schedule } from "./schedule.ts";

export interface BoardSetup {
  id: string;
  name: string;
  class: string;
  /** Share of full speed that a schedule assumes. */
  speed: number;
}

/** A board as the coordinator knows it. */
export interface Board extends BoardSetup {
  index: number; // in the fleet
  plan: Plan;
  tasks: number; // orders so far
  held: StoredBoard["held"];
  frozenVersion: number; // model version of the frozen image of its newest order
  lastVersion: number; // version that its last accepted update started from, -1 for none
  online: boolean;
  lost: boolean;
  failures: number; // orders in a row that came to nothing, in this session
}

/** An order that has not ended. */
export interface Assignment {
  task: StoredTask;
  /** sent: the board works on it; storing: its update is being committed; received: it is durable; failed: nothing comes of it. */
  stage: "sent" | "storing" | "received" | "failed";
  /** Of what brought it about, by the session's clock; 0 when an earlier session gave it. */
  began: number;
  reason?: string; // why it failed
  /** Whose failure it is: a board that fails too often is set aside. */
  blame?: "board" | "schedule";
}

export interface OrderOptions {
  run: number;
  store: RunStore;
  kernels: Uint8Array;
  normalisation: Normalisation;
  training: { steps: number; learningRate: number; checkpointEvery: number; encoding: UpdateEncoding };
  seed: number;
  /** Server versions after which a board's frozen weights are sent anew; 0 never. */
  refreshFrozenEvery: number;
  /** Virtual time, for a run whose outcome may not hang on the real one; without it, orders end when boards say so. */
  schedule?: Schedule;
}

/** The model as of a server version. */
export interface ModelVersion {
  version: number;
  parameters: Float32Array;
}

/** A board at the start of a session: what the store remembers of it, and nothing else. */
export function restoredBoard(setup: BoardSetup, index: number, plan: Plan, stored: StoredBoard | undefined): Board {
  return {
    ...setup,
    index,
    plan,
    tasks: stored?.tasks ?? 0,
    held: stored?.held,
    frozenVersion: stored?.frozenVersion ?? 0,
    lastVersion: stored?.lastVersion ?? -1,
    online: false,
    lost: false,
    failures: 0,
  };
}

/** How many frozen images are kept for other boards of their class; one that was dropped is made again from the stored model. */
const keptImages = 16;

export class Orders {
  private readonly images = new Map<string, { bytes: Uint8Array; crc: number }>();
  private readonly kernelsCrc: number;

  constructor(private readonly o: OrderOptions) {
    this.kernelsCrc = crc32(o.kernels);
  }

  /** The board's next task, and the slice that it will then hold. `now`: the virtual time at which it begins. Changes nothing. */
  next(board: Board, { version, parameters }: ModelVersion, now: number): Arrival["orders"][number] {
    const target = gatherSlice(board.plan, parameters);
    // With f32 updates nothing is to be rounded on the way down either: the slice goes whole.
    const held = this.o.training.encoding === "int8" ? board.held : undefined;
    const difference = held && target.map((v, i) => v - held.values[i]!);
    const rows = difference && encodeRows(board.plan, difference);
    // What the board will hold exactly: the difference to the model is made up for by the next delta (error feedback).
    const values = rows ? applyRows(board.plan, held.values, rows) : target;
    const stored = this.task(board, version, encodeSlice(version, values));
    if (rows) {
      const from = { version: held.version, crc: crc32(bytesOf(held.values)) };
      const to = { version, crc: crc32(bytesOf(values)) };
      const bytes = encodeDelta(board.plan, from, to, rows);
      stored.delta = { baseVersion: from.version, baseCrc: from.crc, bytes };
    }
    const { schedule } = this.o;
    if (schedule) stored.finish = schedule.finish(this.facts(board, stored), now);
    return { task: stored, held: values };
  }

  /** The order as a schedule sees it. Its bytes are those of a link without losses to a board that lacks what it was never sent. */
  private facts(board: Board, { task, frozenVersion, full, delta }: StoredTask): OrderFacts {
    const { index, name, speed, plan } = board;
    const isFirst = task === 1;
    const blobs = [delta?.bytes.length ?? full.length, isFirst ? plan.binary.length : 0];
    if (isFirst || frozenVersion !== board.frozenVersion) blobs.push(plan.frozenBytes);
    return {
      ...{ board: name, index, speed, class: board.class, task, steps: this.o.training.steps },
      bytesDown: blobs.reduce((sum, bytes) => sum + framedBytes(bytes), 0),
      bytesUp: framedBytes(UpdateHeaderBytes + updateRowsBytes(plan, this.o.training.encoding)),
    };
  }

  private task(board: Board, version: number, full: Uint8Array): StoredTask {
    const { seed, refreshFrozenEvery } = this.o;
    const task = board.tasks + 1;
    const stale = refreshFrozenEvery > 0 && version - board.frozenVersion >= refreshFrozenEvery;
    return {
      board: board.id,
      task,
      baseVersion: version,
      frozenVersion: stale ? version : board.frozenVersion,
      seed: Math.floor(keyed(seed, board.name, task) * 2 ** 32),
      finish: 0,
      full,
      state: "sent",
      arrival: 0,
    };
  }

  /** The task as the fleet takes it. @param model the newest version */
  order(board: Board, task: StoredTask, model: ModelVersion): Order {
    const frozen = this.frozen(board, task.frozenVersion, model);
    const { training, kernels } = this.o;
    const slice = { version: task.baseVersion, crc: crc32(task.full.subarray(8)), full: task.full };
    return {
      run: this.o.run,
      board: board.id,
      task: task.task,
      required: [
        { kind: "kernels", bytes: kernels, crc: this.kernelsCrc },
        { kind: "plan", bytes: board.plan.binary, crc: board.plan.planCrc },
        { kind: "frozen", bytes: frozen.bytes, crc: frozen.crc },
      ],
      slice: task.delta ? { ...slice, delta: task.delta } : slice,
      ...training,
      seed: task.seed,
    };
  }

  /** The frozen image of a board's class as of a model version. @throws FtteError "store-corrupt" when the store lacks the version */
  private frozen(board: Board, version: number, newest: ModelVersion): { bytes: Uint8Array; crc: number } {
    const key = `${board.class}/${version}`;
    const known = this.images.get(key);
    if (known) return known;
    const model = version === newest.version ? newest : this.o.store.model(version);
    if (!model)
      throw new FtteError(
        "store-corrupt",
        `run ${this.o.run} lacks model version ${version}, which ${board.name} needs; restore the run store from a copy`,
      );
    const bytes = packFrozen(board.plan, model.parameters, this.o.normalisation);
    const image = { bytes, crc: crc32(bytes) };
    this.images.set(key, image);
    for (const oldest of this.images.keys()) if (this.images.size > keptImages) this.images.delete(oldest);
    return image;
  }
}
