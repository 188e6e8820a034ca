// One suite for every board, by its address alone (docs/hil.md): virtual, emulated or at a serial port. Uses the board's samples, plan and
// task, so it refuses a board that holds somebody's, unless it was told to erase.

import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { boardClassText, firmwareText } from "../../host/boards/identity.ts";
import { seeded } from "../../host/data/random.ts";
import { board, type HilBoard } from "../../host/hil/board.ts";
import type { OpenPipe } from "../../host/link/pipe.ts";
import { openSerial } from "../../host/link/serial.ts";
import { encodeFrame } from "../../host/wire/frame.ts";
import { Reply, ResetReason } from "../../host/wire/spec.gen.ts";
import { type Harm, harmedPipe } from "../host/link/harm.ts";
import { expected, order, planBytes, sampleCount, samples } from "./model.ts";

let wrist: HilBoard;
let task = 0;
let residual: Float32Array | undefined;
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** One task whose update is compared with the twin's and accepted. */
async function trainAndCompare(steps = 40): Promise<void> {
  const next = order(++task, steps);
  const twin = expected(next, residual);
  expect(text(await wrist.train(next))).toBe(text(twin.bytes));
  await wrist.acknowledge(next);
  residual = twin.residual;
}

beforeAll(async () => {
  wrist = await board();
  if (wrist.holdsWork && process.env.FTTE_ERASE !== "1")
    throw new Error(
      `${wrist.address} (chip ${wrist.chipId}) holds samples or a task; erase them with --erase, or name another board`,
    );
  if (process.env.FTTE_ERASE === "1") await wrist.reset("factory");
}, 60_000);
afterAll(() => wrist?.close());

describe("hello", () => {
  it("says who the board is, the same every time", async () => {
    const again = await wrist.session.hello();
    expect(again).toMatchObject({ chipId: wrist.hello.chipId, boardClass: wrist.hello.boardClass, state: 0 });
    expect(wrist.chipId).toMatch(/^([0-9a-f]{2})+$/);
    expect(again.windowBytes).toBeGreaterThanOrEqual(240);
    expect(again.flashFreeBytes).toBeGreaterThan(0);
    console.log(`class ${boardClassText(again)}, firmware ${firmwareText(again.firmwareVersion)}`);
  });

  it("answers after garbage on the line, and counts what was broken", async () => {
    const before = await wrist.stats();
    await wrist.session.pipe.write(Uint8Array.from({ length: 700 }, (_, i) => (i * 73 + 1) & 0xff));
    await wrist.session.pipe.write(Uint8Array.of(0));
    await wrist.session.hello();
    expect((await wrist.stats()).framesBad).toBeGreaterThan(before.framesBad);
  });

  it("refuses a command that it does not know", async () => {
    const { channel } = wrist.session;
    const inbox = channel.converse();
    await channel.send([{ type: 99, id: inbox.id, offset: 0, body: new Uint8Array(3) }], 1000);
    expect((await inbox.next(5000))?.type).toBe(Reply.error);
    inbox.end();
  });

  it("keeps a whole window while it is busy, and answers every frame of it", async () => {
    const { channel } = wrist.session;
    const asked = Array.from({ length: 8 }, () => channel.converse());
    await wrist.session.pipe.write(
      Buffer.concat(asked.map(({ id }) => encodeFrame({ type: 1, id, offset: 0, body: new Uint8Array(64) }))),
    );
    for (const inbox of asked) {
      expect((await inbox.next(5000))?.type).toBe(1 | Reply.flag);
      inbox.end();
    }
  });
});

describe("transfer", () => {
  const random = seeded(5);
  const blob = Uint8Array.from({ length: 6000 }, () => random() * 256);

  it("carries a blob there and back", async () => {
    await wrist.session.put("frozen", blob);
    expect(Buffer.compare(await wrist.session.get("frozen"), blob)).toBe(0);
  });

  it.each<Harm>(["drop", "repeat", "swap", "truncate"])(
    "carries it when frames are harmed: %s",
    { timeout: 120_000 },
    async (harm) => {
      for (const direction of ["down", "up"] as const)
        for (const at of [1, 3, 6, 11]) {
          const open: OpenPipe = async (address, options) =>
            harmedPipe(await openSerial(address, options), { frame: { direction, at, harm } });
          await wrist.open(open);
          const other = blob.map((b) => b ^ (at + harm.length * 16 + (direction === "up" ? 128 : 0)));
          await wrist.session.put("frozen", other);
          expect(Buffer.compare(await wrist.session.get("frozen"), other), `${direction} ${at}`).toBe(0);
        }
      await wrist.open();
    },
  );

  it("goes on where a closed port interrupted it", async () => {
    const other = blob.map((b) => b ^ 0x5a);
    const stop = new AbortController();
    const onProgress = (have: number) => have > 2500 && stop.abort();
    await expect(wrist.session.put("frozen", other, { signal: stop.signal, onProgress })).rejects.toMatchObject({
      code: "interrupted",
    });
    await wrist.open();
    const steps: number[] = [];
    await wrist.session.put("frozen", other, { onProgress: (have) => void steps.push(have) });
    expect(steps[0]).toBeGreaterThan(2000);
    expect(Buffer.compare(await wrist.session.get("frozen"), other)).toBe(0);
  });
});

describe("training", () => {
  it("records samples and counts them", async () => {
    await wrist.record(samples);
    expect((await wrist.session.hello()).samples).toBe(sampleCount);
  });

  it("gives the update that Node gives, bit for bit, and again with what was left over", {
    timeout: 120_000,
  }, async () => {
    await trainAndCompare();
    await trainAndCompare(75);
  });

  it("uses the arena that was planned, to the byte, and stays within its stack", async () => {
    const stats = await wrist.stats();
    expect(stats.arenaPeak).toBe(planBytes);
    expect(stats.stackPeak).toBeLessThanOrEqual(stats.stackBytes);
    expect(stats.poolPeak).toBeLessThanOrEqual(stats.poolBytes);
    console.log(`pool ${stats.poolPeak} of ${stats.poolBytes}, stack ${stats.stackPeak} of ${stats.stackBytes} bytes`);
  });

  it("costs the flash no more than a few pages a task", { timeout: 60_000 }, async () => {
    const before = await wrist.stats();
    await trainAndCompare();
    const { flashErases, flashPrograms } = await wrist.stats();
    expect(flashErases - before.flashErases).toBeLessThan(40);
    console.log(
      `a task: ${flashErases - before.flashErases} page erases, ${flashPrograms - before.flashPrograms} programs`,
    );
  });
});

describe("reset", () => {
  it("comes back with what it held, says why it restarted, and counts it", { timeout: 60_000 }, async () => {
    const before = await wrist.session.hello();
    const after = await wrist.reset();
    const held = ({ kernelsCrc, planCrc, frozenCrc, sliceCrc, samples: count }: typeof after) => [
      kernelsCrc,
      planCrc,
      frozenCrc,
      sliceCrc,
      count,
    ];
    expect(held(after)).toEqual(held(before));
    expect(after.resetReason).toBe(ResetReason.software);
    expect(after.resets).toBe(before.resets + 1);
  });

  it("goes on with a task that a reset interrupted, to the same update", { timeout: 60_000 }, async () => {
    const next = order(++task, 4000);
    const twin = expected(next, residual);
    await wrist.start(next);
    while ((await wrist.session.progress()).step < 500) await new Promise((done) => setTimeout(done, 5));
    await wrist.reset();
    expect(text(await wrist.finish(next))).toBe(text(twin.bytes));
    await wrist.acknowledge(next);
    residual = twin.residual;
  });

  const cycle = process.env.FTTE_POWER_CYCLE;
  it("comes back from a power cycle", { timeout: 120_000 }, async (context) => {
    if (!cycle) return context.skip("no --power-cycle command: a relay or a reset line was not named");
    await wrist.close();
    expect(spawnSync(cycle, { shell: true, stdio: "inherit" }).status).toBe(0);
    await wrist.back();
    await trainAndCompare();
  });
});

const minutes = Number(process.env.FTTE_SOAK_MINUTES ?? 0);
it("soaks", { timeout: (minutes + 1) * 60_000 }, async (context) => {
  if (minutes === 0) return context.skip("no --soak MINUTES");
  const endMs = performance.now() + minutes * 60_000;
  const from = task;
  while (performance.now() < endMs) await trainAndCompare();
  const { framesBad, flashErases } = await wrist.stats();
  console.log(
    `${task - from} tasks in ${minutes} minutes, every update right; ${framesBad} bad frames, ${flashErases} erases`,
  );
});
