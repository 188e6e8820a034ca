// The host's transfers against the C core's, each frame of both harmed in every way.
import { spawn } from "node:child_process";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { seeded } from "../../../host/data/random.ts";
import { FrameChannel } from "../../../host/link/channel.ts";
import type { Pipe } from "../../../host/link/pipe.ts";
import { emptyPartial, getBlob, putBlob, type TransferOptions } from "../../../host/link/transfer.ts";
import { BlobKind } from "../../../host/wire/spec.gen.ts";
import { compileC, root } from "../../core/c_program.ts";
import { type Harm, type HarmPlan, harmedPipe } from "./harm.ts";
import { processPipe } from "./process_pipe.ts";

let program = "";
beforeAll(() => {
  program = compileC({
    name: "transfer_board",
    sources: [
      "tests/host/link/transfer_board.c",
      "firmware/core/link/frame.c",
      "firmware/core/link/transfer.c",
      "firmware/core/digest/crc32.c",
      "firmware/core/digest/sha256.c",
    ],
  });
});

const open: Pipe[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((pipe) => pipe.close()));
});

function board(): Pipe {
  const pipe = processPipe(spawn(program, { cwd: root, stdio: ["pipe", "pipe", "inherit"] }));
  open.push(pipe);
  return pipe;
}

// FTTE_SWEEP=1 tries each bit, for some minutes; otherwise one in 41.
const everyBit = process.env.FTTE_SWEEP === "1";
const options: TransferOptions = { board: "wrist-07", windowBytes: 960, patienceMs: 8000 };
const noise = (count: number, seed: number) => {
  const random = seeded(seed);
  return new Uint8Array(count).map(() => (random() < 0.2 ? 0 : random() * 256));
};
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

async function roundTrip(pipe: Pipe, blob: Uint8Array, plan: HarmPlan) {
  const harmed = harmedPipe(pipe, plan);
  const channel = new FrameChannel(harmed);
  await putBlob(channel, BlobKind.slice, blob, options);
  const back = await getBlob(channel, BlobKind.update, options);
  return { back, channel, passed: harmed.passed };
}

describe("transfers with the C core", () => {
  it.each([0, 1, 239, 240, 241, 960, 20_011])("carries %i bytes there and back", async (count) => {
    const blob = noise(count, count + 1);
    const { back } = await roundTrip(board(), blob, {});
    expect(same(back, blob)).toBe(true);
  });

  it("sends no byte twice on a good link and keeps 94 % of it for the blob", async () => {
    const blob = noise(100_000, 5);
    const pipe = board();
    const channel = new FrameChannel(pipe);
    await putBlob(channel, BlobKind.slice, blob, options);
    expect(channel.bytesDown).toBeLessThan(blob.length / 0.94);
    const before = channel.bytesUp;
    await getBlob(channel, BlobKind.update, options);
    expect(channel.bytesUp - before).toBeLessThan(blob.length / 0.94);
  });

  it("completes with each frame lost, repeated, reordered or truncated", async () => {
    const pipe = board();
    const count = 2200;
    const { passed } = await roundTrip(pipe, noise(count, 99), {});
    const sites = (["down", "up"] as const).flatMap((direction) =>
      Array.from({ length: passed[direction].frames }, (_, at) => ({ direction, at })),
    );
    expect(sites.length).toBeGreaterThan(25);
    let seed = 100;
    for (const harm of ["drop", "repeat", "swap", "truncate"] satisfies Harm[])
      for (const site of sites) {
        const blob = noise(count, seed++);
        const { back } = await roundTrip(pipe, blob, { frame: { ...site, harm } });
        expect(same(back, blob), `${harm} ${site.direction} ${site.at}`).toBe(true);
      }
  });

  it(`completes with ${everyBit ? "every bit" : "bits all over the exchange"} flipped`, async () => {
    const count = 300;
    const { passed } = await roundTrip(board(), noise(count, 7), {});
    const sites = (["down", "up"] as const).flatMap((direction) =>
      Array.from({ length: passed[direction].bytes * 8 }, (_, at) => ({ direction, at })),
    );
    const chosen = sites.filter((_, i) => everyBit || i % 41 === 0);
    expect(chosen.length).toBeGreaterThan(150);
    // Eight boards at once: a flipped bit costs a time-out, not work.
    const lanes = Array.from({ length: 8 }, async (_, lane) => {
      const pipe = board();
      for (let i = lane; i < chosen.length; i += 8) {
        const blob = noise(count, 1000 + i);
        const { back } = await roundTrip(pipe, blob, { bit: chosen[i]! });
        expect(same(back, blob), `${chosen[i]!.direction} bit ${chosen[i]!.at}`).toBe(true);
      }
    });
    await Promise.all(lanes);
  }, 1_200_000);

  it("completes when a tenth of all frames is harmed both ways", async () => {
    const blob = noise(20_011, 3);
    const { back } = await roundTrip(board(), blob, { share: 0.1, random: seeded(11) });
    expect(same(back, blob)).toBe(true);
  });

  it("goes on where an interrupted put ended", async () => {
    const blob = noise(30_000, 21);
    const pipe = board();
    const channel = new FrameChannel(pipe);
    const stop = new AbortController();
    const onProgress = (have: number) => have > 15_000 && stop.abort();
    await expect(
      putBlob(channel, BlobKind.slice, blob, { ...options, signal: stop.signal, onProgress }),
    ).rejects.toMatchObject({ code: "interrupted" });
    const steps: number[] = [];
    await putBlob(channel, BlobKind.slice, blob, { ...options, onProgress: (have) => void steps.push(have) });
    expect(steps[0]).toBeGreaterThan(15_000);
    expect(same(await getBlob(channel, BlobKind.update, options), blob)).toBe(true);
  });

  it("goes on where an interrupted get ended, and starts afresh for another blob", async () => {
    const channel = new FrameChannel(board());
    const first = noise(30_000, 31);
    await putBlob(channel, BlobKind.slice, first, options);
    const partial = emptyPartial();
    const halfway = async () => {
      const stop = new AbortController();
      const onProgress = (have: number) => have > 15_000 && stop.abort();
      const get = getBlob(channel, BlobKind.update, { ...options, signal: stop.signal, onProgress }, partial);
      await expect(get).rejects.toMatchObject({ code: "interrupted" });
    };
    await halfway();
    const from = partial.have;
    const before = channel.bytesUp;
    expect(same(await getBlob(channel, BlobKind.update, options, partial), first)).toBe(true);
    expect(channel.bytesUp - before).toBeLessThan((first.length - from) * 1.2 + 2000);
    partial.have = 0;
    await halfway();
    const second = noise(30_000, 32);
    await putBlob(channel, BlobKind.slice, second, options);
    expect(same(await getBlob(channel, BlobKind.update, options, partial), second)).toBe(true);
  });

  it("says that a board is silent when the link swallows everything", async () => {
    const channel = new FrameChannel(harmedPipe(board(), { share: 1, random: () => 0 }));
    channel.pipe.write = async () => {};
    const failed = putBlob(channel, BlobKind.slice, noise(500, 1), { ...options, patienceMs: 300 });
    await expect(failed).rejects.toMatchObject({
      code: "board-silent",
      message: expect.stringContaining("wrist-07: no answer in 300 ms"),
    });
  });

  it("passes on the board's refusal and names the board", async () => {
    const channel = new FrameChannel(board());
    await expect(putBlob(channel, BlobKind.kernels, noise(10, 1), options)).rejects.toMatchObject({
      code: "blob-kind",
      message: expect.stringContaining("wrist-07: there is no such kind of blob"),
    });
    await expect(getBlob(channel, BlobKind.update, options)).rejects.toMatchObject({ code: "blob-absent" });
    await expect(putBlob(channel, BlobKind.slice, noise((1 << 20) + 1, 1), options)).rejects.toMatchObject({
      code: "blob-long",
    });
  });

  it("ends with the link when the board dies in the middle", async () => {
    const pipe = board();
    const channel = new FrameChannel(pipe);
    const onProgress = (have: number) => have > 50_000 && void pipe.close();
    await expect(putBlob(channel, BlobKind.slice, noise(200_000, 1), { ...options, onProgress })).rejects.toMatchObject(
      { code: "link-gone" },
    );
  });
});
