// A task as a board does it, in Node: the same kernels, order of samples, losses and encoding, so that the update is the board's, bit for
// bit (tests/system/board_task.test.ts holds it to the real firmware). Judges boards, and simulates them. Knows no link and no flash.

import { bytesOf } from "../plan/slice.ts";
import type { Plan } from "../plan/types.ts";
import { encodingWord, type Quantised, type UpdateEncoding } from "../plan/update_rows.ts";
import { encodeUpdateHeader, type UpdateHeader } from "../wire/spec.gen.ts";
import { Guest } from "./guest.ts";
import { sampleIndex } from "./sample_order.ts";

export interface BoardTask {
  run: number;
  task: number;
  baseVersion: number;
  steps: number;
  learningRate: number;
  seed: number;
  encoding: UpdateEncoding;
}

export interface BoardState {
  plan: Plan;
  frozen: Uint8Array;
  slice: Float32Array;
  /** Elements of the samples in the log, each padded to 4 bytes, one after the other. */
  samples: Uint8Array;
  labels: ArrayLike<number>;
  /** What earlier updates of this run and plan left over; none for the first. */
  residual?: Float32Array;
}

export interface BoardUpdate {
  bytes: Uint8Array; // UpdateHeader and rows, as fetched from a board
  /** What the next task carries when this update is accepted; an f32 update leaves that of the tasks before it as it was. */
  residual?: Float32Array;
}

const f = Math.fround;

/** The losses' sums over the first and the last tenth of the steps, in the board's f32 arithmetic. */
class LossEnds {
  first = 0;
  last = 0;
  private readonly tenth: number;

  constructor(private readonly steps: number) {
    this.tenth = steps < 10 ? 1 : Math.floor(steps / 10);
  }

  add(step: number, loss: number): void {
    const share = f(loss / this.tenth);
    if (step < this.tenth) this.first = f(this.first + share);
    if (step >= this.steps - this.tenth) this.last = f(this.last + share);
  }
}

/** Where a task's samples come from. */
export interface Samples {
  labels: ArrayLike<number>;
  /** Where sample `index` lies in the guest's samples region, in bytes; it stays there until the next call. */
  place(index: number): number;
}

/**
 * @param kernels bytes of kernels.twin.wasm
 * @throws FtteError when the guest refuses the plan
 */
export function runBoardTask(kernels: Uint8Array, board: BoardState, task: BoardTask): BoardUpdate {
  const { plan, frozen, slice, samples, labels, residual } = board;
  const guest = new Guest(kernels, plan.binary, { frozen, slice, samples, ...(residual && { residual }) });
  const stride = samples.length / labels.length;
  return trainOn(guest, plan, { labels, place: (index) => index * stride }, residual !== undefined, task);
}

/**
 * The task on a guest that holds the plan (or one that trains the same slice), the frozen image, the slice and, if `carries`, the residual.
 * @param plan names the slice's rows, and itself in the update
 */
export function trainOn(guest: Guest, plan: Plan, samples: Samples, carries: boolean, task: BoardTask): BoardUpdate {
  const { labels } = samples;
  const losses = new LossEnds(task.steps);
  guest.start();
  for (let step = 0; step < task.steps; step++) {
    const index = sampleIndex(task.seed, step, labels.length);
    losses.add(step, guest.step(samples.place(index), labels[index]!, task.learningRate));
  }
  const header = headerOf(task, plan, labels.length, losses);
  if (task.encoding === "f32") return { bytes: f32Update(guest, header) };
  return quantisedUpdate(guest, header, carries, task.encoding);
}

function headerOf(task: BoardTask, plan: Plan, samples: number, losses: LossEnds): UpdateHeader {
  return {
    run: task.run,
    task: task.task,
    baseVersion: task.baseVersion,
    planCrc: plan.planCrc,
    samples,
    steps: task.steps,
    lossFirst: losses.first,
    lossLast: losses.last,
    rows: plan.segments.reduce((sum, s) => sum + s.rows, 0),
    count: plan.sliceCount,
    encoding: encodingWord(task.encoding),
  };
}

function f32Update(guest: Guest, header: UpdateHeader): Uint8Array {
  const rows = Array.from({ length: header.rows }, (_, row) => guest.encodeRowF32(row));
  return joined([encodeUpdateHeader(header), ...rows]);
}

function quantisedUpdate(guest: Guest, header: UpdateHeader, carries: boolean, encoding: Quantised): BoardUpdate {
  const rows = Array.from({ length: header.rows }, (_, row) => guest.encodeRow(row, carries, encoding));
  const left = joined(rows.map(({ residual }) => bytesOf(residual)));
  return {
    bytes: joined([encodeUpdateHeader(header), ...rows.map(({ row }) => row)]),
    residual: new Float32Array(left.buffer),
  };
}

/** In a buffer of its own. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
