// Starting, watching, ending and acknowledging tasks on a real board, request by request (wire_bench.ts): what is refused and why, and that
// repeats do no harm.

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { encodeFrame } from "../../host/wire/frame.ts";
import {
  BlobKind,
  BoardState,
  decodePutAck,
  decodeUpdateHeader,
  FrameType,
  keptMax,
  RowEncoding,
  type Task,
  TaskFlag,
  UpdateHeaderBytes,
  Verdict,
} from "../../host/wire/spec.gen.ts";
import { altered } from "../core/altered_kernels.ts";
import { type LiveBoard, liveBoard, plan } from "./live_board.ts";
import { ackOf, Bench, beginOf, long, noise, sampleHead, taskOf } from "./wire_bench.ts";

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

describe("train, progress", () => {
  it("refuse a task that is none, and one that does not fit what is held", async () => {
    const order = full.order(5);
    await bench.equip(order);
    const train = (change: Partial<Task>) => bench.outcome(FrameType.train, taskOf(order, change));
    expect(await bench.outcome(FrameType.train, taskOf(order).subarray(0, 39))).toBe("argument");
    expect(await train({ steps: 0 })).toBe("argument");
    expect(await train({ learningRate: Number.NaN })).toBe("argument");
    expect(await train({ learningRate: Number.NEGATIVE_INFINITY })).toBe("argument");
    const { f32Update, int4Update } = TaskFlag;
    for (const flags of [f32Update | int4Update, 4, f32Update | 4, 0x8000, 0xffff]) // two at once, or some that nobody knows
      expect(await train({ flags })).toBe("argument");
    for (const kept of [keptMax + 1, 256, 0xffff]) expect(await train({ kept })).toBe("argument");
    for (const kept of [1, keptMax])
      for (const flags of [f32Update, int4Update]) expect(await train({ kept, flags })).toBe("argument");
    expect(await train({ planCrc: 1 })).toBe("blob-absent");
    expect(await train({ frozenCrc: 1 })).toBe("frozen-mismatch");
    expect(await train({ baseVersion: 4 })).toBe("slice-version");
    expect(await bench.progress()).toMatchObject({ state: BoardState.idle, task: 0, error: 0 });
  });

  it("refuse without a plan, and without samples", async () => {
    const blank = await liveBoard("blank", { samples: 0 });
    const other = await Bench.on(blank);
    const order = blank.order(1);
    expect(await other.outcome(FrameType.train, taskOf(order))).toBe("blob-absent");
    await other.equip(order);
    expect(await other.outcome(FrameType.train, taskOf(order))).toBe("samples-none");
    await other.close();
    await blank.end();
  });

  it("tell of the task that runs; it starts once, and no other beside it", async () => {
    const order = full.order(6);
    await bench.equip(order);
    expect(await bench.outcome(FrameType.train, taskOf(order, long))).toBe("ok");
    const early = await bench.progress();
    expect(early).toMatchObject({ state: BoardState.training, run: 1, task: 6, steps: long.steps, error: 0 });
    await expect.poll(async () => (await bench.progress()).step, { timeout: 5000 }).toBeGreaterThan(early.step);
    expect(await bench.outcome(FrameType.train, taskOf(order, long))).toBe("ok"); // the same
    expect((await bench.progress()).step).toBeGreaterThan(early.step); // and not begun again
    expect(await bench.outcome(FrameType.train, taskOf(order, { ...long, task: 7 }))).toBe("busy");
    expect(await bench.outcome(FrameType.putBegin, beginOf(BlobKind.slice, noise(50)))).toBe("busy");
    expect(await bench.outcome(FrameType.sampleAppend, Buffer.concat([sampleHead(24), noise(24)]))).toBe("busy");
    expect(await bench.outcome(FrameType.sampleClear)).toBe("busy");
    expect(await bench.get(BlobKind.plan)).toEqual(plan.binary); // reading is allowed
    expect(await bench.hello()).toMatchObject({ state: BoardState.training, task: 6, run: 1, samples: 12 });
  });

  it("name the error that ended a task, and refuse that task from then on", async () => {
    const order = full.order(8);
    await bench.equip(order);
    expect(await bench.put(BlobKind.kernels, altered("step", "f32.const nan"))).toBe("ok");
    await bench.line.ask(FrameType.train, taskOf(order), { times: 1 });
    await expect.poll(async () => (await bench.progress()).error, { timeout: 5000 }).toBe(-35); // loss-not-finite
    expect(await bench.progress()).toMatchObject({ task: 8, run: 1, state: BoardState.idle });
    expect(await bench.outcome(FrameType.train, taskOf(order))).toBe("loss-not-finite");
    await bench.equip(order); // other kernels: it may be tried again
    expect(await bench.outcome(FrameType.train, taskOf(order))).toBe("ok");
    await bench.trained();
  });
});

describe("a task with the flag for an f32 update", () => {
  it("gives its elements as f32, and neither makes nor touches a residual, whatever the verdict", async () => {
    const order = full.order(20);
    await bench.equip(order);
    await bench.line.ask(FrameType.train, taskOf(order));
    await bench.trained();
    await bench.line.ask(FrameType.updateAck, ackOf(1, 20));
    const residual = await bench.hello();
    expect(residual.residualTask).toBe(20);
    for (const [task, verdict] of [
      [21, Verdict.accepted],
      [22, Verdict.rejected],
    ] as const) {
      await bench.line.ask(FrameType.train, taskOf(order, { task, flags: TaskFlag.f32Update }));
      await bench.trained();
      expect((await bench.hello()).residualTask).toBe(20);
      const update = await bench.get(BlobKind.update);
      const named = { task, encoding: RowEncoding.f32, rows: 4 + 1 + 3 + 1, count: plan.sliceCount };
      expect(decodeUpdateHeader(update)).toMatchObject(named);
      expect(update).toHaveLength(UpdateHeaderBytes + 4 * plan.sliceCount);
      expect(await bench.outcome(FrameType.updateAck, ackOf(1, task, verdict))).toBe("ok");
      expect(await bench.hello()).toMatchObject({ updateTask: 0, residualTask: 20 });
    }
  });
});

describe("a task that keeps a share of each row", () => {
  it("gives the largest elements of its rows alone, and leaves a residual as with all of them", async () => {
    const order = full.order(30);
    await bench.equip(order);
    for (const [task, kept, verdict] of [
      [30, 32, Verdict.accepted],
      [31, keptMax, Verdict.rejected],
    ] as const) {
      await bench.line.ask(FrameType.train, taskOf(order, { task, kept }));
      await bench.trained();
      expect((await bench.hello()).residualTask).toBe(task);
      const update = await bench.get(BlobKind.update);
      const named = { task, encoding: kept * 65536 + RowEncoding.topK, rows: 4 + 1 + 3 + 1, count: plan.sliceCount };
      expect(decodeUpdateHeader(update)).toMatchObject(named);
      const row = (n: number) => 4 * Math.ceil((4 + Math.ceil(n / 8) + Math.ceil((n * kept) / 256)) / 4);
      const rows = plan.segments.reduce((sum, s) => sum + s.rows * row(s.rowElements), 0);
      expect(update).toHaveLength(UpdateHeaderBytes + rows);
      expect(await bench.outcome(FrameType.updateAck, ackOf(1, task, verdict))).toBe("ok");
      expect(await bench.hello()).toMatchObject({ updateTask: 0, residualTask: 30 });
    }
  });
});

describe("updateAck", () => {
  it("forgets the update it names, once, and no other", async () => {
    const order = full.order(9);
    await bench.equip(order);
    await bench.line.ask(FrameType.train, taskOf(order));
    await bench.trained();
    expect(await bench.outcome(FrameType.train, taskOf(order))).toBe("ok"); // it is done
    expect(await bench.outcome(FrameType.train, taskOf(order, { task: 10 }))).toBe("state");
    const update = await bench.get(BlobKind.update);
    expect(decodeUpdateHeader(update)).toMatchObject({ run: 1, task: 9, baseVersion: 9, samples: 12, steps: 20 });
    expect(await bench.outcome(FrameType.updateAck, ackOf(1, 9).subarray(0, 11))).toBe("argument");
    expect(await bench.outcome(FrameType.updateAck, ackOf(1, 9, 2))).toBe("argument");
    expect(await bench.outcome(FrameType.updateAck, ackOf(1, 8))).toBe("task-unknown");
    expect(await bench.outcome(FrameType.updateAck, ackOf(2, 9))).toBe("task-unknown");
    expect(await bench.get(BlobKind.update)).toEqual(update); // still there
    expect(await bench.outcome(FrameType.updateAck, ackOf(1, 9))).toBe("ok");
    expect(await bench.hello()).toMatchObject({ updateTask: 0, state: BoardState.idle, residualTask: 9 });
    expect(await bench.outcome(FrameType.updateAck, ackOf(1, 9))).toBe("ok"); // heard before
    await expect(bench.get(BlobKind.update)).rejects.toThrow("blob-absent");
  });

  it("brings back the residual before a rejected one", async () => {
    const order = full.order(10);
    await bench.equip(order);
    await bench.line.ask(FrameType.train, taskOf(order));
    await bench.trained();
    expect((await bench.hello()).residualTask).toBe(10);
    expect(await bench.outcome(FrameType.updateAck, ackOf(1, 10, Verdict.rejected))).toBe("ok");
    expect(await bench.hello()).toMatchObject({ updateTask: 0, residualTask: 9 });
  });
});

describe("abort", () => {
  it("ends a transfer and forgets what came", async () => {
    const bytes = full.order(11).slice.full;
    const id = 92;
    await bench.line.ask(FrameType.putBegin, beginOf(BlobKind.slice, bytes), { id });
    await bench.line.send(encodeFrame({ type: FrameType.putData, id, offset: 0, body: bytes.subarray(0, 100) }));
    expect(await bench.hello()).toMatchObject({ state: BoardState.receiving });
    expect(await bench.outcome(FrameType.abort)).toBe("ok");
    expect(await bench.hello()).toMatchObject({ state: BoardState.idle });
    expect(await bench.outcome(FrameType.putData, bytes.subarray(100), { id, offset: 100 })).toBe("state");
    const [begun] = await bench.line.ask(FrameType.putBegin, beginOf(BlobKind.slice, bytes), { id });
    expect(decodePutAck(begun!.body)).toMatchObject({ have: 0, done: 0 });
  });

  it("ends a task, which may begin again", async () => {
    const order = full.order(12);
    await bench.equip(order);
    await bench.line.ask(FrameType.train, taskOf(order, long));
    expect(await bench.outcome(FrameType.abort)).toBe("ok");
    expect(await bench.progress()).toMatchObject({ state: BoardState.idle, error: 0 });
    await bench.powerCycle(); // nor does it come back
    expect(await bench.hello()).toMatchObject({ state: BoardState.idle, task: 0 });
    expect(await bench.outcome(FrameType.train, taskOf(order))).toBe("ok");
    await bench.trained();
  });
});
