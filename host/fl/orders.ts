// What a board holds, and what it gets next: the slice of a model version (as a delta against what the board has, or against zeros, unless
// updates are f32), its frozen image, a seed. Nothing here decides who gets work (the Strategy) or when an order has ended (coordinator.ts).

import { crc32 } from "node:zlib";
import { FtteError } from "../errors.ts";
import { packFrozen } from "../plan/frozen.ts";
import {
  applyRows,
  bytesOf,
  decodeSlice,
  encodeDelta,
  encodeRows,
  encodeSlice,
  gatherSlice,
  type RowElements,
} from "../plan/slice.ts";
import type { Normalisation, Plan } from "../plan/types.ts";
import { elementsOf, packInt4, type UpdateEncoding, updateRowsBytes } from "../plan/update_rows.ts";
import { framedBytes } from "../wire/frame.ts";
import { SliceHeaderBytes, UpdateHeaderBytes, zeroVersion } from "../wire/spec.gen.ts";
import type { Order, RequiredBlob, SlicePayload } from "./fleet.ts";
import { keyed } from "./keyed.ts";
import type { Arrival, RunStore, StoredBoard, StoredTask } from "./run_store.ts";
import type { OrderFacts, Schedule } from "./schedule.ts";

export interface BoardSetup {
  id: string;
  name?: string; // its id when left out
  class: string;
  /** Share of full speed that a schedule assumes. */
  speed: number;
}

/** A board as the coordinator knows it. */
export interface Board extends BoardSetup {
  name: string;
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
  /** When it was brought about, by the session's clock; an order of an earlier session has none. */
  began?: number;
  reason?: string; // why it failed
  /** Whose failure it is: a board that fails too often is set aside. */
  blame?: "board" | "nobody";
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
  const { id, name = id, class: label, speed } = setup;
  return {
    id,
    name,
    class: label,
    speed,
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

/** What a board is to hold. `values` lie in `full`: a slice is in memory once, and once for all boards that get it whole. */
interface Slice {
  version: number;
  full: Uint8Array;
  values: Float32Array;
  delta: StoredTask["delta"] | undefined;
}

export class Orders {
  private readonly blobs = new Map<string, RequiredBlob[]>(); // by board class and version of its frozen image
  private readonly slices = new Map<Plan, Slice>(); // of the newest version
  private readonly firsts = new Map<Plan, Slice>(); // of the newest version, for boards that hold none
  private readonly kernelsCrc: number;

  constructor(private readonly o: OrderOptions) {
    this.kernelsCrc = crc32(o.kernels);
  }

  /** The board's next task, and the slice that it will then hold. `now`: the virtual time at which it begins. Changes nothing. */
  next(board: Board, model: ModelVersion, now: number): Arrival["orders"][number] {
    const { full, values, delta } = this.sliceFor(board, model);
    const task = this.task(board, model.version, full);
    if (delta) task.delta = delta;
    const { schedule } = this.o;
    if (schedule) task.finish = schedule.finish(this.facts(board, task), now);
    return { task, held: values };
  }

  /** With f32 updates nothing is to be rounded on the way down either: the slice goes whole. */
  private sliceFor({ plan, held }: Board, model: ModelVersion): Slice {
    const { encoding } = this.o.training;
    if (encoding === "f32") return this.slice(plan, model);
    const kind = elementsOf(encoding);
    if (held) return this.delta(plan, model, held, kind);
    const known = this.firsts.get(plan);
    if (known?.version === model.version) return known;
    const first = this.delta(plan, model, { version: zeroVersion, values: new Float32Array(plan.sliceCount) }, kind);
    this.firsts.set(plan, first);
    return first;
  }

  private delta(plan: Plan, model: ModelVersion, held: NonNullable<Board["held"]>, kind: RowElements): Slice {
    const { version } = model;
    const difference = new Float32Array(this.slice(plan, model).values);
    for (let i = 0; i < difference.length; i++) difference[i]! -= held.values[i]!;
    const rows = encodeRows(plan, difference, kind);
    // What the board will hold exactly: the difference to the model is made up for by the next delta (error feedback).
    const full = encodeSlice(version, applyRows(plan, held.values, rows));
    const values = decodeSlice(full);
    const from = { version: held.version, crc: crc32(bytesOf(held.values)) };
    const to = { version, crc: crc32(bytesOf(values)) };
    const bytes = encodeDelta(from, to, kind === "int4" ? packInt4(plan, rows) : rows, kind);
    return { version, full, values, delta: { baseVersion: from.version, baseCrc: from.crc, bytes } };
  }

  /** The plan's part of a model, whole: the same bytes for all boards that get it. */
  private slice(plan: Plan, { version, parameters }: ModelVersion): Slice {
    const known = this.slices.get(plan);
    if (known?.version === version) return known;
    const full = encodeSlice(version, gatherSlice(plan, parameters));
    const slice = { version, full, values: decodeSlice(full), delta: undefined };
    this.slices.set(plan, slice);
    return slice;
  }

  /** The order as a schedule sees it. Its bytes are those of a link without losses to a board that lacks what it was never sent. */
  private facts(board: Board, { task, frozenVersion, full, delta }: StoredTask): OrderFacts {
    const { index, name, speed, class: label, plan } = board;
    const isFirst = task === 1;
    let bytesDown = framedBytes(delta?.bytes.length ?? full.length);
    if (isFirst) bytesDown += framedBytes(plan.binary.length);
    if (isFirst || frozenVersion !== board.frozenVersion) bytesDown += framedBytes(plan.frozenBytes);
    const bytesUp = framedBytes(UpdateHeaderBytes + updateRowsBytes(plan, this.o.training.encoding));
    return { board: name, index, speed, class: label, task, steps: this.o.training.steps, bytesDown, bytesUp };
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
    const { steps, learningRate, checkpointEvery, encoding } = this.o.training;
    const { full, delta } = task;
    const slice: SlicePayload = { version: task.baseVersion, crc: crc32(full.subarray(SliceHeaderBytes)), full };
    if (delta) slice.delta = delta;
    return {
      run: this.o.run,
      board: board.id,
      task: task.task,
      required: this.required(board, task.frozenVersion, model),
      slice,
      steps,
      learningRate,
      seed: task.seed,
      checkpointEvery,
      encoding,
    };
  }

  /** What a board's class must hold as of a model version. @throws FtteError "store-corrupt" when the store lacks the version */
  private required(board: Board, version: number, newest: ModelVersion): RequiredBlob[] {
    const key = `${board.class}/${version}`;
    const known = this.blobs.get(key);
    if (known) return known;
    const model = version === newest.version ? newest : this.o.store.model(version);
    if (!model)
      throw new FtteError(
        "store-corrupt",
        `run ${this.o.run} lacks model version ${version}, which ${board.name} needs; restore the run store from a copy`,
      );
    const frozen = packFrozen(board.plan, model.parameters, this.o.normalisation);
    const blobs: RequiredBlob[] = [
      { kind: "kernels", bytes: this.o.kernels, crc: this.kernelsCrc },
      { kind: "plan", bytes: board.plan.binary, crc: board.plan.planCrc },
      { kind: "frozen", bytes: frozen, crc: crc32(frozen) },
    ];
    this.blobs.set(key, blobs);
    for (const oldest of this.blobs.keys()) if (this.blobs.size > keptImages) this.blobs.delete(oldest);
    return blobs;
  }
}
