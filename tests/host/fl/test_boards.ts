// Boards for tests of the coordinator: they hold what a real one holds (blobs, slice, a waiting update, the residual), check every byte
// that they are given, and train with the real kernels in Node. No link and no time: scripted_fleet.ts decides what happens when.

import { crc32 } from "node:zlib";
import { seeded } from "../../../host/data/random.ts";
import type { Order } from "../../../host/fl/fleet.ts";
import { bytesOf, rowsBytes } from "../../../host/plan/slice.ts";
import type { Plan } from "../../../host/plan/types.ts";
import { encodingWord, expandInt4 } from "../../../host/plan/update_rows.ts";
import { Guest } from "../../../host/sim/guest.ts";
import {
  DeltaHeaderBytes,
  decodeDeltaHeader,
  decodeSliceHeader,
  encodeUpdateHeader,
  Region,
  RowEncoding,
  SliceHeaderBytes,
  UpdateHeaderBytes,
} from "../../../host/wire/spec.gen.ts";

export interface TestUpdate {
  run: number;
  task: number;
  bytes: Uint8Array;
  residual: Float32Array | undefined;
}

const samples = 12;

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`the order is wrong: ${what}`);
}

/** One board, as it lives on through restarts of the host. */
export class TestBoard {
  private slice: Float32Array | undefined;
  private sliceVersion = -1;
  private frozen: Uint8Array = new Uint8Array();
  private residual: Float32Array | undefined;
  private guest: Guest | undefined;
  /** The finished update in flash, until its verdict. */
  waiting: TestUpdate | undefined;
  /** What it was told last. */
  readonly history: TestUpdate[] = [];
  /** Bytes of frozen images that it was sent, by task: what a refresh costs. */
  readonly frozenSent = new Map<number, number>();

  constructor(
    readonly id: string,
    readonly plan: Plan,
    private readonly kernels: Uint8Array,
    private readonly seed: number,
  ) {}

  /** Takes what the order sends, and checks it against what the order says it is. */
  take(order: Order): void {
    for (const { bytes, crc, kind } of order.required) must(crc32(bytes) === crc, `${kind} has another checksum`);
    const frozen = order.required.find((blob) => blob.kind === "frozen")!.bytes;
    if (crc32(frozen) !== crc32(this.frozen)) this.frozenSent.set(order.task, frozen.length);
    this.frozen = frozen;
    const guest = this.opened();
    guest.load(Region.frozen, this.frozen);
    const { version, crc, full, delta } = order.slice;
    const whole = new Float32Array(Uint8Array.from(full.subarray(SliceHeaderBytes)).buffer);
    must(decodeSliceHeader(full).version === version && crc32(bytesOf(whole)) === crc, "the whole slice");
    const held = this.slice && { version: this.sliceVersion, crc: crc32(bytesOf(this.slice)) };
    if (held && delta && held.version === delta.baseVersion && held.crc === delta.baseCrc)
      this.slice = this.decoded(guest, delta.bytes, crc);
    else if (!held || held.version !== version || held.crc !== crc) this.slice = whole;
    this.sliceVersion = version;
    must(crc32(bytesOf(this.slice!)) === crc, "the slice that is held afterwards");
  }

  private decoded(guest: Guest, bytes: Uint8Array, crc: number): Float32Array {
    const header = decodeDeltaHeader(bytes);
    must(header.crc === crc, "the delta's header");
    guest.load(Region.slice, this.slice!);
    const rows = bytes.subarray(DeltaHeaderBytes);
    guest.load(Region.delta, header.encoding === RowEncoding.int4 ? expandInt4(this.plan, rows) : rows);
    const out: number[] = [];
    let row = 0;
    let at = 0;
    for (const s of this.plan.segments)
      for (let i = 0; i < s.rows; i++, at += 4 + ((s.rowElements + 3) & ~3)) out.push(...guest.decodeRow(row++, at));
    return Float32Array.from(out);
  }

  private opened(): Guest {
    if (this.guest) return this.guest;
    const random = seeded(this.seed);
    const inputs = this.plan.model.input.shape[0]!;
    this.guest = new Guest(this.kernels, this.plan.binary, {
      frozen: new Uint8Array(this.plan.frozenBytes),
      slice: new Float32Array(this.plan.sliceCount),
      delta: new Uint8Array(rowsBytes(this.plan)),
      residual: new Float32Array(this.plan.sliceCount),
      samples: bytesOf(Float32Array.from({ length: samples * inputs }, () => random() * 4 - 2)),
    });
    return this.guest;
  }

  /** Trains, and keeps the update until its verdict. The same order after the same history gives the same bytes. */
  train(order: Order): TestUpdate {
    if (this.waiting?.task === order.task && this.waiting.run === order.run) return this.waiting;
    const guest = this.opened();
    guest.load(Region.slice, this.slice!);
    guest.load(Region.residual, this.residual ?? new Float32Array(this.plan.sliceCount));
    guest.start();
    let loss = 0;
    for (let step = 0; step < order.steps; step++) {
      const index = (order.seed + step * 5) % samples;
      loss = guest.step(index * this.plan.model.input.shape[0]! * 4, index % 3, order.learningRate);
    }
    this.waiting = { run: order.run, task: order.task, ...this.encoded(guest, order, loss) };
    return this.waiting;
  }

  private encoded(guest: Guest, order: Order, loss: number): Pick<TestUpdate, "bytes" | "residual"> {
    const rows = this.plan.segments.flatMap((s) => Array(s.rows).fill(0)).map((_, row) => row);
    const header = this.header(order, loss, rows.length);
    if (order.encoding === "f32") {
      const bytes = Buffer.concat([header, ...rows.map((row) => guest.encodeRowF32(row))]);
      return { bytes, residual: this.residual };
    }
    const { encoding } = order;
    const encoded = rows.map((row) => guest.encodeRow(row, this.residual !== undefined, encoding));
    return {
      bytes: Buffer.concat([header, ...encoded.map((e) => e.row)]),
      residual: Float32Array.from(encoded.flatMap((e) => [...e.residual])),
    };
  }

  private header(order: Order, loss: number, rows: number): Uint8Array {
    return encodeUpdateHeader({
      run: order.run,
      task: order.task,
      baseVersion: order.slice.version,
      planCrc: this.plan.planCrc,
      samples: samples + (this.seed % 5),
      steps: order.steps,
      lossFirst: loss,
      lossLast: loss,
      rows,
      count: this.plan.sliceCount,
      encoding: encodingWord(order.encoding),
    });
  }

  /** The verdict on its update: what was accepted leaves its residual, what was rejected leaves nothing. */
  hear(task: number, verdict: "accepted" | "rejected"): void {
    if (this.waiting?.task !== task) return;
    if (verdict === "accepted") this.residual = this.waiting.residual;
    this.history.push(this.waiting);
    this.waiting = undefined;
  }
}

/** The update with one thing wrong; which one, the number decides. */
export function spoiled({ bytes, task }: TestUpdate, how: number): Uint8Array {
  const out = Uint8Array.from(bytes);
  const view = new DataView(out.buffer);
  switch (how % 6) {
    case 0:
      view.setFloat32(UpdateHeaderBytes, Number.NaN, true); // the first row's scale
      return out;
    case 1:
      view.setFloat32(UpdateHeaderBytes, 1e30, true);
      return out;
    case 2:
      return out.subarray(0, out.length - 1);
    case 3:
      return out.subarray(0, 17); // not even a header
    case 4:
      view.setUint32(8, task + 12345, true); // another base version
      return out;
    default:
      view.setUint32(0, 0xdead, true); // another run
      return out;
  }
}
