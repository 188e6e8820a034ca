// The kernels in Node: the same WebAssembly as on a board, with the BLAS compiled in, in a memory of its own. Read-only regions lie
// behind the arena. Used to evaluate, to train a first model and to judge boards; knows nothing of links or fleets.

import { readFileSync } from "node:fs";
import { instantiateSync } from "@assemblyscript/loader";
import { boardError, FtteError } from "../errors.ts";
import type { RowElements } from "../plan/slice.ts";
import { encodingWord, type Quantised } from "../plan/update_rows.ts";
import {
  decodePlanHeader,
  decodeSegment,
  type PlanHeader,
  Region,
  RowEncoding,
  SegmentBytes,
} from "../wire/spec.gen.ts";

interface Exports extends Record<string, unknown> {
  memory: { buffer: ArrayBuffer; grow(pages: number): number };
  abi(): number;
  planAt(): number;
  bind(region: number, at: number, bytes: number): number;
  check(planBytes: number, memoryBytes: number): number;
  start(resume: number): number;
  step(sampleAt: number, label: number, learningRate: number): number;
  infer(sampleAt: number): number;
  score(sampleAt: number, observe: number): number;
  encodeRow(row: number, encoding: number, residual: number): number;
  decodeRow(row: number, encoding: number, deltaAt: number): number;
  selfTest(): number;
}

export interface GuestRegions {
  frozen?: Uint8Array;
  slice?: Float32Array;
  delta?: Uint8Array;
  residual?: Float32Array;
  /** Sample elements, one sample after the other, each of `sampleBytes`. */
  samples?: Uint8Array;
}

const align = (n: number) => (n + 15) & ~15;
const bytes = (a: Uint8Array | Float32Array) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);

function check(code: number, what: string): void {
  if (code >= 0) return;
  const { name, text } = boardError(code);
  throw new FtteError(name ?? "guest-trap", `${what}: ${text}`);
}

/** One plan in one instance. Not thread-safe; cheap enough to make one per worker. */
export class Guest {
  private readonly exports: Exports;
  private readonly regions = new Map<number, { at: number; bytes: number }>();
  readonly header: PlanHeader;
  readonly planAt: number;

  /**
   * @param module bytes of kernels.twin.wasm
   * @throws FtteError with a plan-* code when the guest refuses the plan
   */
  constructor(module: Uint8Array, plan: Uint8Array, regions: GuestRegions = {}) {
    this.exports = instantiateSync<Exports>(module).exports as unknown as Exports;
    this.planAt = this.exports.planAt();
    this.header = decodePlanHeader(plan);
    const placed = this.place(regions);
    this.view().set(plan, this.planAt);
    for (const [region, content] of placed) this.load(region, content);
    check(this.exports.check(plan.length, this.header.memoryBytes), "the plan");
  }

  private place(regions: GuestRegions): [number, Uint8Array][] {
    const list: [number, Uint8Array][] = [];
    let end = align(this.planAt + this.header.memoryBytes);
    for (const [name, content] of Object.entries(regions) as [keyof GuestRegions, Uint8Array | Float32Array][]) {
      this.regions.set(Region[name], { at: end, bytes: content.byteLength });
      list.push([Region[name], bytes(content)]);
      end = align(end + content.byteLength);
    }
    const pages = Math.ceil((end - this.exports.memory.buffer.byteLength) / 65536);
    if (pages > 0) this.exports.memory.grow(pages);
    return list;
  }

  /** Replaces a region's content. @throws RangeError unless it is as long as the first one */
  load(region: number, content: Uint8Array | Float32Array): void {
    const place = this.regions.get(region);
    if (place?.bytes !== content.byteLength)
      throw new RangeError(`region ${region} holds ${place?.bytes ?? "nothing"}, not ${content.byteLength} bytes`);
    this.view().set(bytes(content), place.at);
    check(this.exports.bind(region, place.at, content.byteLength), "bind");
  }

  private view(): Uint8Array {
    return new Uint8Array(this.exports.memory.buffer);
  }

  /** Bytes of the arena, a live view until the next constructor. */
  memory(at: number, count: number): Uint8Array {
    return new Uint8Array(this.exports.memory.buffer, this.planAt + at, count);
  }

  private floats(at: number, count: number): Float32Array {
    return new Float32Array(this.exports.memory.buffer, this.planAt + at, count);
  }

  /** Address of the sample at byte `offset` of the samples region. */
  private sampleAt(offset: number): number {
    return this.regions.get(Region.samples)!.at + offset;
  }

  start(resume = false): void {
    check(this.exports.start(resume ? 1 : 0), "start");
  }

  /** Trains on the sample at byte `offset` of the samples region; returns its loss. */
  step(offset: number, label: number, learningRate: number): number {
    return this.exports.step(this.sampleAt(offset), label, learningRate);
  }

  /** Class of the largest output, 0 unless the model is a classifier. */
  infer(offset: number): number {
    return this.exports.infer(this.sampleAt(offset));
  }

  /** The last inference's output; a live view. */
  output(): Float32Array {
    return this.floats(this.header.outputAt, this.header.outputElements);
  }

  /** Reconstruction error; with `observe` it joins the running statistics. */
  score(offset: number, observe = false): number {
    return this.exports.score(this.sampleAt(offset), observe ? 1 : 0);
  }

  /** The trained values; a live view. */
  state(): Float32Array {
    return this.floats(this.header.stateAt, this.header.sliceCount);
  }

  private encoded(row: number, encoding: number, useResidual: boolean): Uint8Array {
    const count = this.exports.encodeRow(row, encoding, useResidual ? 1 : 0);
    check(count, `row ${row}`);
    return this.memory(this.header.scratchAt, count).slice();
  }

  /** The row as it goes over the wire as f32: what the state is away from the slice. */
  encodeRowF32(row: number): Uint8Array {
    return this.encoded(row, RowEncoding.f32, false);
  }

  /** The row as it goes over the wire, and the residual that is left. */
  encodeRow(
    row: number,
    useResidual: boolean,
    encoding: Quantised = "int8",
  ): { row: Uint8Array; residual: Float32Array } {
    const out = this.encoded(row, encodingWord(encoding), useResidual);
    const end = out.length - 4 * this.elementsOf(row);
    return { row: out.subarray(0, end), residual: new Float32Array(out.slice(end).buffer) };
  }

  /** Elements of a row, counted over all segments. @throws RangeError when the plan has no such row */
  private elementsOf(row: number): number {
    const { segmentsAt, segments } = this.header;
    for (let i = 0, left = row; i < segments; i++) {
      const { rows, rowElements } = decodeSegment(this.memory(segmentsAt + i * SegmentBytes, SegmentBytes));
      if (left < rows) return rowElements;
      left -= rows;
    }
    throw new RangeError(`the plan has no row ${row}`);
  }

  /** The slice's row plus the delta's row at byte `deltaAt` of the delta region. */
  decodeRow(row: number, deltaAt: number, kind: RowElements = "int8"): Float32Array {
    const count = this.exports.decodeRow(row, RowEncoding[kind], deltaAt);
    check(count, `row ${row}`);
    return new Float32Array(this.memory(this.header.scratchAt, count).slice().buffer);
  }

  selfTest(): void {
    check(this.exports.selfTest(), "the kernels");
  }
}

/** Reads kernels.twin.wasm from build/guest. @throws FtteError "file-unreadable" that says how to build it */
export function loadKernels(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new FtteError("file-unreadable", `${path} cannot be read; build it with: npm run build`, { cause });
  }
}
