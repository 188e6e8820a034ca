// Putting and getting blobs on a real board, frame by frame (wire_bench.ts): which kinds may be put and read, what is refused and why, and
// that repeats do no harm.

import { crc32 } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { loadBoardConfig } from "../../host/boards/config.ts";
import { applyRows, bytesOf, encodeDelta, encodeRows, encodeSlice } from "../../host/plan/slice.ts";
import { packInt4 } from "../../host/plan/update_rows.ts";
import { encodeFrame, type Frame } from "../../host/wire/frame.ts";
import { BlobKind, decodePutAck, FrameType, RowEncoding, zeroVersion } from "../../host/wire/spec.gen.ts";
import { type LiveBoard, liveBoard, plan } from "./live_board.ts";
import { Bench, beginOf, getOf, noise, none } from "./wire_bench.ts";
import { outcomeOf } from "./wire_line.ts";

const config = loadBoardConfig("virtual-64k");

let full: LiveBoard; // with samples, and what a task needs
let bench: Bench;
beforeAll(async () => {
  full = await liveBoard("full", { further: ["--baud", "0"] });
  bench = await Bench.on(full);
  await bench.equip(full.order(1));
}, 60_000);
afterAll(async () => {
  await bench.close();
  await full.end();
});
afterEach(() => bench.rest());

describe("putBegin, putData, putEnd", () => {
  it("take kernels, plan, frozen weights, slice and delta, and no other kind", async () => {
    const bytes = noise(100);
    for (let kind = 0; kind < 256; kind++) {
      const may = kind >= BlobKind.kernels && kind <= BlobKind.delta;
      expect(await bench.outcome(FrameType.putBegin, beginOf(kind, bytes)), `kind ${kind}`).toBe(
        may ? "ok" : "blob-kind",
      );
      if (kind >= 16 && kind < 250) kind += 13;
    }
  });

  it("refuse what does not fit, and what is out of turn", async () => {
    for (const [kind, name] of Object.entries(config.flash.partitions)
      .slice(0, 5)
      .map(([k, b]) => [k, b] as const)) {
      const body = beginOf(BlobKind[kind as keyof typeof BlobKind], new Uint8Array(name - 127));
      expect(await bench.outcome(FrameType.putBegin, body), kind).toBe("blob-long");
    }
    expect(await bench.outcome(FrameType.putBegin, beginOf(BlobKind.slice, noise(9)).subarray(0, 39))).toBe("argument");
    expect(await bench.outcome(FrameType.putEnd)).toBe("state");
    expect(await bench.outcome(FrameType.putData, noise(10))).toBe("state");
  });

  it("acknowledge each window, complain once about a gap, and say again what is done", async () => {
    const bytes = full.order(2).slice.full;
    const id = 90;
    const data = (offset: number, count: number) =>
      encodeFrame({ type: FrameType.putData, id, offset, body: bytes.subarray(offset, offset + count) });
    const acks = (frames: Frame[]) => frames.filter((f) => f.id === id).map((f) => decodePutAck(f.body));
    await bench.line.ask(FrameType.putBegin, beginOf(BlobKind.slice, bytes), { id });
    expect(acks(await bench.line.send(data(40, 20)))).toMatchObject([{ have: 0, nak: 1 }]);
    expect(acks(await bench.line.send(data(60, 20)))).toEqual([]); // of the same gap
    expect(acks(await bench.line.send(data(0, 40)))).toEqual([]); // stored; nothing to say yet
    expect(acks(await bench.line.send(data(0, 40)))).toMatchObject([{ have: 40, nak: 0 }]); // a repeat
    expect(acks(await bench.line.send(data(bytes.length - 4, 10)))).toMatchObject([{ have: 40, nak: 1 }]);
    const beyond = encodeFrame({ type: FrameType.putData, id, offset: 40, body: noise(240) });
    expect(acks(await bench.line.send(beyond))).toEqual([]); // longer than the blob: none of it
    expect((await bench.line.ask(FrameType.putEnd, none, { id })).map((f) => decodePutAck(f.body).done)).toEqual([
      0, 0,
    ]);
    expect(acks(await bench.line.send(data(40, 240)))).toMatchObject([{ have: bytes.length, nak: 0 }]);
    expect((await bench.line.ask(FrameType.putEnd, none, { id })).map((f) => decodePutAck(f.body).done)).toEqual([
      1, 1,
    ]);
    expect((await bench.hello()).sliceVersion).toBe(2);
    const [again] = await bench.line.ask(FrameType.putBegin, beginOf(BlobKind.slice, bytes));
    expect(decodePutAck(again!.body)).toMatchObject({ done: 1, have: bytes.length });
  });

  it("keep the old blob when the new one is not what it says", async () => {
    const before = await bench.hello();
    const bytes = full.order(3).slice.full;
    const id = 91;
    await bench.line.ask(FrameType.putBegin, beginOf(BlobKind.slice, bytes), { id });
    await bench.line.send(encodeFrame({ type: FrameType.putData, id, offset: 0, body: noise(bytes.length) }));
    expect(await bench.outcome(FrameType.putEnd, none, { id })).toBe("blob-hash");
    expect(await bench.put(BlobKind.slice, noise(bytes.length))).toBe("slice-mismatch");
    expect(await bench.put(BlobKind.slice, none)).toBe("slice-mismatch");
    expect(await bench.put(BlobKind.plan, noise(600))).toBe("plan");
    expect(await bench.put(BlobKind.delta, noise(300))).toBe("slice-mismatch");
    expect(await bench.put(BlobKind.delta, noise(10))).toBe("slice-mismatch");
    expect(await bench.hello()).toEqual({ ...before, errors: expect.any(Number) });
  });
});

describe("a delta", () => {
  const values = Float32Array.from({ length: plan.sliceCount }, (_, i) => Math.cos(i));
  const rows = encodeRows(plan, values);
  const zeros = new Float32Array(plan.sliceCount);
  const crcOf = (slice: Float32Array) => crc32(bytesOf(slice));
  const fromZeros = (version: number, crc = crcOf(applyRows(plan, zeros, rows))) =>
    encodeDelta({ version: zeroVersion, crc: crcOf(zeros) }, { version, crc }, rows, "int8");

  it("from zeros gives a slice whatever the board holds", async () => {
    expect(await bench.put(BlobKind.delta, fromZeros(70))).toBe("ok");
    expect(await bench.get(BlobKind.slice)).toEqual(encodeSlice(70, applyRows(plan, zeros, rows)));
    expect(await bench.hello()).toMatchObject({ sliceVersion: 70, sliceCrc: crcOf(applyRows(plan, zeros, rows)) });
  });

  it("of int4 rows gives what they say", async () => {
    const quarters = encodeRows(plan, values, "int4");
    const held = applyRows(plan, zeros, quarters);
    const from = { version: zeroVersion, crc: crcOf(zeros) };
    const delta = encodeDelta(from, { version: 70, crc: crcOf(held) }, packInt4(plan, quarters), "int4");
    expect(await bench.put(BlobKind.delta, delta)).toBe("ok");
    expect(await bench.get(BlobKind.slice)).toEqual(encodeSlice(70, held));
    expect(await bench.put(BlobKind.delta, fromZeros(70))).toBe("ok");
  });

  it("whose rows have an encoding that is none, or are not as long as it makes them, is refused", async () => {
    const held = await bench.hello();
    const encodings = [
      0,
      RowEncoding.f32,
      RowEncoding.topK,
      (32 << 16) | RowEncoding.topK,
      RowEncoding.int4,
      5,
      1 << 16,
    ];
    for (const encoding of encodings) {
      const delta = fromZeros(71);
      new DataView(delta.buffer).setUint32(16, encoding, true);
      expect(await bench.put(BlobKind.delta, delta), `${encoding}`).toBe("slice-mismatch");
    }
    for (const bytes of [fromZeros(71).subarray(0, -4), Buffer.concat([fromZeros(71), new Uint8Array(4)])])
      expect(await bench.put(BlobKind.delta, bytes)).toBe("slice-mismatch");
    expect(await bench.hello()).toEqual({ ...held, errors: expect.any(Number) });
  });

  it("from another slice than the one held is refused, and changes nothing", async () => {
    const held = await bench.hello();
    for (const from of [
      { version: 69, crc: held.sliceCrc },
      { version: 70, crc: held.sliceCrc ^ 1 },
    ])
      expect(await bench.put(BlobKind.delta, encodeDelta(from, { version: 71, crc: 0 }, rows, "int8"))).toBe(
        "slice-version",
      );
    expect(await bench.hello()).toEqual({ ...held, errors: expect.any(Number) });
  });

  it("that does not give what it says is refused; a whole slice mends it", async () => {
    expect(await bench.put(BlobKind.delta, fromZeros(72, 12345))).toBe("slice-mismatch");
    expect(await bench.hello()).toMatchObject({ sliceVersion: zeroVersion, sliceCrc: crcOf(zeros) });
    expect(await bench.put(BlobKind.slice, full.order(72).slice.full)).toBe("ok");
    expect(await bench.hello()).toMatchObject({ sliceVersion: 72 });
  });
});

describe("getBegin, getAck", () => {
  it("give back kernels, plan, frozen weights and slice as they were put", async () => {
    const order = full.order(4);
    await bench.equip(order);
    for (const { kind, bytes } of order.required)
      expect(await bench.get(BlobKind[kind]), kind).toEqual(Uint8Array.from(bytes));
    expect(await bench.get(BlobKind.slice)).toEqual(order.slice.full);
  });

  it("give no other kind, and nothing that is not there", async () => {
    const readable: number[] = [BlobKind.kernels, BlobKind.plan, BlobKind.frozen, BlobKind.slice, BlobKind.update];
    for (let kind = 0; kind < 16; kind++) {
      const others = { [BlobKind.update]: "blob-absent", [BlobKind.export]: "samples-private" }[kind] ?? "blob-kind";
      const wanted = readable.includes(kind) && kind !== BlobKind.update ? "ok" : others;
      const [info] = await bench.line.ask(FrameType.getBegin, getOf(kind), { times: 1 });
      expect(outcomeOf(info!), `kind ${kind}`).toBe(wanted);
    }
    expect(await bench.outcome(FrameType.getBegin, Uint8Array.of(1))).toBe("argument");
    expect(await bench.line.send(encodeFrame({ type: FrameType.getAck, id: 9, offset: 5, body: none }))).toEqual([]);
  });
});
