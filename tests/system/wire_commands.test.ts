// What a real board tells of itself, its samples and its resets, request by request (wire_bench.ts), and what is no command at all. Blobs are
// tried in wire_blobs.test.ts, tasks in wire_tasks.test.ts.

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { loadBoardConfig } from "../../host/boards/config.ts";
import { boardClassText, chipIdText } from "../../host/boards/identity.ts";
import { encodeFrame } from "../../host/wire/frame.ts";
import {
  abiVersion,
  BlobKind,
  BoardState,
  decodeErrorReply,
  decodeUpdateHeader,
  Feature,
  FrameType,
  ResetKind,
  ResetReason,
  wireVersion,
} from "../../host/wire/spec.gen.ts";
import { kernels, type LiveBoard, liveBoard, oneTask, plan, rowsOf } from "./live_board.ts";
import { Bench, long, noise, none, sampleHead, taskOf } from "./wire_bench.ts";
import { openLine, outcomeOf } from "./wire_line.ts";

const config = loadBoardConfig("virtual-64k");

let full: LiveBoard; // with samples, and what a task needs
let bench: Bench;
beforeAll(async () => {
  full = await liveBoard("full", { further: ["--battery", "80", "--baud", "0"] });
  bench = await Bench.on(full);
  await bench.equip(full.order(1));
}, 60_000);
afterAll(async () => {
  await bench.close();
  await full.end();
});
afterEach(() => bench.rest());

describe("hello", () => {
  it("says who the board is and what it holds", async () => {
    const order = full.order(1);
    const told = await bench.hello();
    expect(told).toMatchObject({ wireVersion, guestAbi: abiVersion, ramBytes: config.ramBytes, windowBytes: 960 });
    expect(chipIdText(told.chipId)).toBe(full.board.chipId);
    expect(boardClassText(told)).toBe("virtual-64k");
    expect(told.features).toBe(
      Feature.wasm3 | Feature.sensor | Feature.battery | Feature.sampleAppend | Feature.sensorDriver | Feature.log,
    );
    const [kernelsCrc, planCrc, frozenCrc] = order.required.map((blob) => blob.crc);
    expect(told).toMatchObject({ kernelsCrc, planCrc, frozenCrc, sliceVersion: 1, sliceCrc: order.slice.crc });
    expect(told).toMatchObject({ samples: 12, state: BoardState.idle, battery: 80, task: 0, updateTask: 0 });
    expect(told).toMatchObject({ resetReason: ResetReason.powerOn });
  });

  it("is answered with whatever body and offset, and alike", async () => {
    const [a, b] = await bench.line.ask(FrameType.hello, noise(240), { offset: 0xffffffff });
    expect(Buffer.from(a!.body).equals(b!.body)).toBe(true);
    expect(a!.offset).toBe(0xffffffff);
  });
});

describe("stats", () => {
  const resetsOf = async (reason: number) => {
    const { resets } = await bench.stats();
    return new DataView(resets.buffer, resets.byteOffset).getUint16(2 * reason, true);
  };

  it("measure memory: what was planned was used, and the stack has room", async () => {
    const order = full.order(13);
    await bench.equip(order);
    await bench.line.ask(FrameType.train, taskOf(order));
    await bench.trained();
    const told = await bench.stats();
    expect(told.arenaPlanned).toBe(plan.memoryBytes);
    expect(told.arenaPeak).toBe(plan.memoryBytes);
    expect(told.poolBytes + told.stackBytes).toBe(config.ramBytes);
    expect(told.poolPeak).toBeGreaterThan(told.arenaPeak + told.enginePeak);
    expect(told.poolPeak).toBeLessThanOrEqual(told.poolBytes);
    expect(told.stackPeak).toBeGreaterThan(500);
    expect(told.stackPeak).toBeLessThan(told.stackBytes * 0.75);
    expect(told.steps).toBeGreaterThanOrEqual(order.steps);
    console.log(`pool ${told.poolPeak} of ${told.poolBytes} bytes, stack ${told.stackPeak} of ${told.stackBytes}`);
  });

  it("count erases and programs of flash as they happen", async () => {
    const before = await bench.stats();
    expect(await bench.put(BlobKind.slice, full.order(14).slice.full)).toBe("ok");
    const between = await bench.stats();
    expect(between.flashErases).toBe(before.flashErases + 1);
    expect(between.flashPrograms).toBe(before.flashPrograms + 4); // forget the older, begin, one frame of data, commit
    expect(await bench.stats()).toMatchObject({
      flashErases: between.flashErases,
      flashPrograms: between.flashPrograms,
    });
  });

  it("count good and bad frames", async () => {
    const before = await bench.stats();
    const good = encodeFrame({ type: FrameType.abort, id: 3, offset: 0, body: none });
    const flipped = Uint8Array.from(good, (byte, i) => (i === 3 ? byte ^ 0x40 : byte));
    await bench.line.send(Buffer.concat([flipped, Uint8Array.of(9, 0), Buffer.alloc(400, 1), Uint8Array.of(0), good]));
    const after = await bench.stats();
    expect(after.framesBad).toBe(before.framesBad + 3);
    expect(after.framesGood).toBe(before.framesGood + 4); // the good one, the hello behind it, and this question, twice
  });

  it("count resets by reason, over resets", async () => {
    const [powerOn, software] = [await resetsOf(ResetReason.powerOn), await resetsOf(ResetReason.software)];
    await bench.powerCycle();
    expect(await resetsOf(ResetReason.powerOn)).toBe(powerOn + 1);
    await bench.reset(ResetKind.board);
    expect((await bench.hello()).resetReason).toBe(ResetReason.software);
    expect(await resetsOf(ResetReason.software)).toBe(software + 1);
    expect(await resetsOf(ResetReason.powerOn)).toBe(powerOn + 1);
    expect((await bench.hello()).resets).toBeGreaterThanOrEqual(powerOn + software + 2);
  });
});

describe("sampleAppend, sampleClear", () => {
  let blank: LiveBoard; // without a sensor
  let other: Bench;
  beforeAll(async () => {
    blank = await liveBoard("blank", { samples: 0, further: ["--baud", "0"] });
    other = await Bench.on(blank);
  }, 60_000);
  afterAll(async () => {
    await other.close();
    await blank.end();
  });
  const sample = noise(1000);
  const part = (from: number, to: number, total = sample.length) =>
    [FrameType.sampleAppend, Buffer.concat([sampleHead(total), sample.subarray(from, to)]), { offset: from }] as const;
  const flash = () => readFileSync(join(blank.board.options.folder, "blank", "flash.bin"));
  const samples = async () => (await other.hello()).samples;
  beforeEach(async () => {
    await other.reset(ResetKind.factory);
    expect(await samples()).toBe(0);
  });

  it("takes a sample in many frames, each as often as it comes", async () => {
    for (let at = 0; at < 1000; at += 100) expect(await other.outcome(...part(at, at + 100)), `at ${at}`).toBe("ok");
    expect(await samples()).toBe(1);
    expect(flash().includes(Buffer.concat([Uint8Array.of(2, 0, 0, 0), sample]))).toBe(true);
    await other.outcome(...part(0, 232));
    expect(await samples()).toBe(1); // half a sample is none
  });

  it("refuses gaps, other totals and too many bytes, and the sample can be begun again", async () => {
    expect(await other.outcome(...part(100, 200))).toBe("state"); // not begun
    expect(await other.outcome(...part(0, 100))).toBe("ok");
    expect(await other.outcome(...part(200, 300))).toBe("state"); // a gap
    expect(await other.outcome(...part(50, 150))).toBe("state"); // an overlap
    expect(await other.outcome(...part(100, 200, 999))).toBe("argument"); // another total
    expect(await other.outcome(...part(100, 200, 150))).toBe("argument");
    expect(await other.outcome(...part(100, 200))).toBe("ok"); // the transfer was not harmed
    expect(await other.outcome(...part(0, 232))).toBe("ok"); // begun again
    for (let at = 232; at < 1000; at += 232)
      expect(await other.outcome(...part(at, Math.min(1000, at + 232)))).toBe("ok");
    expect(await samples()).toBe(1);
    expect(flash().includes(Buffer.from(sample))).toBe(true);
  });

  it("refuses samples of no size, of a wrong size and of an absurd one", async () => {
    const append = (total: number, bytes: number) =>
      other.outcome(FrameType.sampleAppend, Buffer.concat([sampleHead(total), noise(bytes)]));
    expect(await append(0, 8)).toBe("sample-size");
    expect(await append(16_385, 8)).toBe("sample-size");
    expect(await append(0xffffffff, 8)).toBe("sample-size");
    expect(await append(8, 9)).toBe("argument");
    expect(await other.outcome(FrameType.sampleAppend, sampleHead(8))).toBe("argument"); // no element
    expect(await other.outcome(FrameType.sampleAppend, none)).toBe("argument");
    expect(await append(24, 24)).toBe("ok");
    expect(await append(28, 28)).toBe("sample-size"); // the log holds samples of 24
    await other.equip(blank.order(1));
    expect(await append(24, 24)).toBe("ok"); // and the plan reads 24
    expect(await append(20, 20)).toBe("sample-size");
    expect(await samples()).toBe(2);
  });

  it("says when the log is full, and goes on after a clear", async () => {
    const big = noise(15_000);
    let kept = 0;
    let last = "ok";
    for (; last === "ok" && kept < 100; kept++)
      for (let at = 0; at < big.length && last === "ok"; at += 232) {
        const body = Buffer.concat([sampleHead(big.length), big.subarray(at, at + 232)]);
        last = outcomeOf((await other.line.ask(FrameType.sampleAppend, body, { offset: at, times: 1 }))[0]!);
      }
    kept--;
    expect(last).toBe("samples-full");
    expect(kept).toBeGreaterThanOrEqual(Math.floor((config.sampleBytes - 2 * 4096) / 15_008) - 1);
    expect(await samples()).toBe(kept);
    expect(await other.outcome(FrameType.sampleClear)).toBe("ok");
    expect(await samples()).toBe(0);
    expect(await other.outcome(...part(0, 100, 100))).toBe("ok"); // an empty log takes samples of any size
    expect(await samples()).toBe(1);
    expect(await other.outcome(FrameType.sampleClear)).toBe("ok");
    expect(await other.outcome(...part(0, 100))).toBe("ok");
    expect(await other.outcome(FrameType.sampleClear)).toBe("ok"); // forgets the half sample
    expect(await other.outcome(...part(100, 200))).toBe("state");
  });
});

describe("selfTest", () => {
  it.each(["wasm3", "aot"] as const)(
    "passes on the kernels in use (%s), and a task afterwards gives the same",
    async (engine) => {
      const board = await liveBoard(`tested-${engine}`, { engine });
      const line = await openLine(board.board.address);
      try {
        if (engine === "wasm3") expect(await line.outcome(FrameType.selfTest)).toBe("blob-absent");
        else expect(await line.outcome(FrameType.selfTest)).toBe("ok"); // they are part of the image
        await line.close();
        const update = rowsOf(await oneTask(board, board.order(1)));
        const again = await openLine(board.board.address);
        expect(await again.outcome(FrameType.selfTest)).toBe("ok");
        expect(await again.outcome(FrameType.selfTest, noise(240))).toBe("ok"); // a body is left unread
        await again.close();
        expect(rowsOf(await oneTask(board, { ...board.order(2), slice: board.order(1).slice }))).toBe(update);
      } finally {
        await line.close();
        await board.end();
      }
    },
  );

  it("is refused while the board trains, and the task goes on", async () => {
    await bench.equip(full.order(16));
    await bench.line.ask(FrameType.train, taskOf(full.order(16), long));
    expect(await bench.outcome(FrameType.selfTest)).toBe("busy");
    expect(await bench.progress()).toMatchObject({ task: 16, state: BoardState.training });
  });

  it("fails on kernels whose flash has changed a bit, and passes when it is as it was", async () => {
    await bench.equip(full.order(17));
    const path = join(full.board.options.folder, "full", "flash.bin");
    const expected = Buffer.from(Float32Array.of(-25.5).buffer); // what the test compares a product with
    const [stored, inside] = [readFileSync(path).indexOf(kernels()), kernels().indexOf(expected)];
    expect(Math.min(stored, inside)).toBeGreaterThan(0);
    const at = stored + inside + 2;
    const byte = readFileSync(path)[at]!;
    const set = (value: number) => {
      const file = openSync(path, "r+");
      writeSync(file, Uint8Array.of(value), 0, 1, at);
      closeSync(file);
    };
    set(byte ^ 0x40);
    expect(await bench.outcome(FrameType.selfTest)).toBe("guest-selftest");
    expect(await bench.hello()).toMatchObject({ kernelsCrc: crc32(kernels()) });
    set(byte);
    expect(await bench.outcome(FrameType.selfTest)).toBe("ok");
  });
});

describe("reset", () => {
  it("keeps what flash holds, but for a factory reset, which keeps the counts of resets", async () => {
    const order = full.order(15);
    await bench.equip(order);
    const before = await bench.hello();
    for (const kind of [ResetKind.board, ResetKind.bootloader]) {
      await bench.reset(kind);
      expect((await bench.hello()).resets).toBe(before.resets + kind + 1);
      const { kernelsCrc, planCrc, frozenCrc, sliceCrc, samples } = before;
      expect(await bench.hello()).toMatchObject({ kernelsCrc, planCrc, frozenCrc, sliceCrc, samples });
    }
    await bench.line.ask(FrameType.train, taskOf(order, long));
    await bench.reset(ResetKind.factory); // in the middle of a task
    await bench.reset(ResetKind.factory); // and of a board as new
    expect((await bench.hello()).resets).toBe(before.resets + 4);
    const empty = { kernelsCrc: 0, planCrc: 0, frozenCrc: 0, sliceCrc: 0, sliceVersion: 0, samples: 0, task: 0 };
    expect(await bench.hello()).toMatchObject({ ...empty, updateTask: 0, residualTask: 0, state: BoardState.idle });
  });

  it("refuses kinds that are none", async () => {
    expect(await bench.outcome(FrameType.reset, none)).toBe("argument");
    for (const kind of [3, 4, 255]) expect(await bench.outcome(FrameType.reset, Uint8Array.of(kind))).toBe("argument");
  });
});

describe("what is no command", () => {
  it("is refused by name, and replies are not answered", async () => {
    const known = Object.values(FrameType).filter((type) => type !== FrameType.getData) as number[];
    for (let type = 0; type < 128; type++) {
      if (known.includes(type)) continue;
      const [frame] = await bench.line.ask(type, noise(20), { times: 1 });
      expect(outcomeOf(frame!), `type ${type}`).toBe("command-unknown");
      expect(decodeErrorReply(frame!.body).detail).toBe(type);
      bench.tried++;
    }
    const replies = Array.from({ length: 128 }, (_, i) => encodeFrame({ type: 128 + i, id: 1, offset: 0, body: none }));
    expect(await bench.line.send(Buffer.concat(replies))).toEqual([]);
  });

  it("harms nothing: a task goes well afterwards", async () => {
    const alone = await liveBoard("alone");
    try {
      const raw = await openLine(alone.board.address);
      const passed: number[] = [FrameType.reset, FrameType.sampleClear, FrameType.sampleAppend];
      for (let type = 0; type < 256; type++) {
        if (passed.includes(type)) continue;
        const frame = (bytes: number) => encodeFrame({ type, id: 1 + (type % 255), offset: type, body: noise(bytes) });
        await raw.send(Buffer.concat([0, 12, 40, 240].map(frame)));
      }
      await raw.send(noise(5000));
      await raw.close();
      const update = await oneTask(alone, alone.order(1));
      expect(decodeUpdateHeader(update)).toMatchObject({ task: 1, samples: 12, planCrc: crc32(plan.binary) });
    } finally {
      await alone.end();
    }
  });
});
