// Boards' tasks in Node, one after the other, at the speed of the kernels: one guest per plan is used again and again, and what the frozen
// layers make of a sample is remembered. The updates are those of runBoardTask, which takes no such short cuts, bit for bit.

import { crc32 } from "node:zlib";
import type { Plan, TrainingOptions } from "../plan/types.ts";
import { Region } from "../wire/spec.gen.ts";
import { type BoardTask, type BoardUpdate, type Samples, trainOn } from "./board_task.ts";
import { type SplitPlan, splitPlan } from "./frozen_prefix.ts";
import { Guest } from "./guest.ts";

export interface TrainedBoard {
  plan: Plan;
  /** Elements of the samples, each padded to 4 bytes, one after the other. */
  samples: Uint8Array;
  labels: ArrayLike<number>;
}

/** A task, and what the board holds when it begins. */
export interface Job extends BoardTask {
  board: number;
  frozen: Uint8Array;
  slice: Float32Array;
  residual?: Float32Array;
}

/** What the frozen layers before the first trained one made of a board's samples, as far as they were asked. */
interface Remembered {
  prefixCrc: number; // of those layers' weights
  outputs: Float32Array;
  known: Uint8Array;
}

export class Trainer {
  private readonly machines = new Map<Plan, Machine>();
  private readonly remembered = new Map<number, Remembered>();

  /** @param kernels bytes of kernels.twin.wasm @param training the options that all plans were made with */
  constructor(
    private readonly kernels: Uint8Array,
    private readonly boards: readonly TrainedBoard[],
    private readonly training: TrainingOptions = {},
  ) {}

  /** @throws FtteError when the guest refuses the plan */
  train(job: Job): BoardUpdate {
    const board = this.boards[job.board]!;
    const { plan } = board;
    const machine = this.machines.get(plan) ?? new Machine(this.kernels, plan, this.training);
    this.machines.set(plan, machine);
    machine.hold(job);
    return machine.run(board, job, this.outputsOf(job.board, board, machine));
  }

  private outputsOf(number: number, { labels }: TrainedBoard, { split, prefixCrc }: Machine): Remembered {
    const known = this.remembered.get(number);
    if (known?.prefixCrc === prefixCrc) return known;
    const outputs = new Float32Array(labels.length * (split?.outputElements ?? 0));
    const fresh = { prefixCrc, outputs, known: new Uint8Array(labels.length) };
    this.remembered.set(number, fresh);
    return fresh;
  }
}

/** The guests of one plan. */
class Machine {
  readonly split: SplitPlan | undefined;
  private readonly guest: Guest; // of the whole plan, or of its rest
  private readonly prefix: Guest | undefined;
  private readonly inputBytes: number;
  private frozenCrc: number | undefined;
  /** Of the image that the prefix holds. */
  prefixCrc = 0;

  constructor(
    kernels: Uint8Array,
    private readonly plan: Plan,
    training: TrainingOptions,
  ) {
    this.split = splitPlan(plan, training);
    const part = this.split?.rest ?? plan;
    const elements = { u8: 1, i16: 2, f32: 4 }[plan.model.input.type];
    this.inputBytes = (plan.model.input.shape.reduce((a, b) => a * b, 1) * elements + 3) & ~3;
    const samples = new Uint8Array(this.split ? this.split.outputElements * 4 : this.inputBytes);
    const slice = new Float32Array(plan.sliceCount);
    this.guest = new Guest(kernels, part.binary, {
      ...{ frozen: new Uint8Array(part.frozenBytes), slice, residual: new Float32Array(plan.sliceCount), samples },
    });
    this.prefix = this.split && prefixGuest(kernels, this.split.prefix, this.inputBytes);
  }

  hold({ frozen, slice, residual }: Job): void {
    const crc = crc32(frozen);
    if (crc !== this.frozenCrc) {
      this.guest.load(Region.frozen, this.split?.restImage(frozen) ?? frozen);
      if (this.split) this.holdPrefix(this.split.prefixImage(frozen));
      this.frozenCrc = crc;
    }
    this.guest.load(Region.slice, slice);
    if (residual) this.guest.load(Region.residual, residual);
  }

  private holdPrefix(image: Uint8Array): void {
    const crc = crc32(image);
    if (crc === this.prefixCrc) return;
    this.prefix!.load(Region.frozen, image);
    this.prefixCrc = crc;
  }

  run(board: TrainedBoard, job: Job, remembered: Remembered): BoardUpdate {
    const place = (index: number) => {
      this.guest.load(Region.samples, this.split ? this.output(board, index, remembered) : this.input(board, index));
      return 0;
    };
    const samples: Samples = { labels: board.labels, place };
    return trainOn(this.guest, this.plan, samples, job.residual !== undefined, job);
  }

  private input({ samples }: TrainedBoard, index: number): Uint8Array {
    return samples.subarray(index * this.inputBytes, (index + 1) * this.inputBytes);
  }

  private output(board: TrainedBoard, index: number, { outputs, known }: Remembered): Float32Array {
    const { outputAt, outputElements: n } = this.split!;
    const output = outputs.subarray(index * n, (index + 1) * n);
    if (known[index]) return output;
    this.prefix!.load(Region.samples, this.input(board, index));
    this.prefix!.infer(0);
    new Uint8Array(output.buffer, output.byteOffset, n * 4).set(this.prefix!.memory(outputAt, n * 4));
    known[index] = 1;
    return output;
  }
}

function prefixGuest(kernels: Uint8Array, { binary, frozenBytes, sliceCount }: Plan, sampleBytes: number): Guest {
  const slice = new Float32Array(sliceCount);
  const samples = new Uint8Array(sampleBytes);
  const guest = new Guest(kernels, binary, { frozen: new Uint8Array(frozenBytes), slice, samples });
  guest.start();
  return guest;
}
