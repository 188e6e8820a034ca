// Raw samples never come back over the wire: every frame type with every blob kind is asked of a board that holds samples, before and after
// training, and nothing that it says holds eight bytes in a row of any sample.

import { expect, it } from "vitest";
import { LocalFleet } from "../../host/boards/local_fleet.ts";
import { recorded } from "../../host/boards/recording.ts";
import type { FleetEvent } from "../../host/fl/fleet.ts";
import { openSerial } from "../../host/link/serial.ts";
import { encodeFrame } from "../../host/wire/frame.ts";
import { FrameType } from "../../host/wire/spec.gen.ts";
import { liveBoard } from "./live_board.ts";

/** Every frame that a curious host might send: each type, with bodies that begin with each small number, at several offsets. */
function questions(): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let type = 0; type < 256; type++) {
    if (type === FrameType.reset || type === FrameType.sampleClear) continue; // nothing is left to be told afterwards
    for (let kind = 0; kind < 16; kind++)
      for (const offset of [0, 64])
        for (const length of [0, 4, 16, 64]) {
          const body = new Uint8Array(length);
          body[0] = kind;
          if (length >= 8) new DataView(body.buffer).setUint32(4, 4096, true);
          frames.push(encodeFrame({ type, id: 1 + (frames.length % 255), offset, body }));
        }
  }
  return frames;
}

async function everythingSaid(address: string): Promise<Buffer> {
  const pipe = await openSerial(address);
  const said: Buffer[] = [];
  pipe.onData((bytes) => said.push(Buffer.from(bytes)));
  const frames = questions();
  for (let i = 0; i < frames.length; i += 20) {
    await pipe.write(Buffer.concat(frames.slice(i, i + 20)));
    if (i % 400 === 0) await new Promise((done) => setTimeout(done, 30)); // lets the board answer
  }
  await new Promise((done) => setTimeout(done, 1500));
  await pipe.close();
  return Buffer.concat(said);
}

/** COBS leaves runs without a zero byte as they are, and random floats have none, so that plain search finds what leaks. */
function leaks(said: Buffer, samples: Float32Array): number {
  const bytes = Buffer.from(samples.buffer);
  let found = 0;
  for (let at = 0; at + 8 <= bytes.length; at += 4) {
    const needle = bytes.subarray(at, at + 8);
    if (!needle.includes(0) && said.includes(needle)) found++;
  }
  return found;
}

it("no command reads a sample out of a board", { timeout: 180_000 }, async () => {
  const live = await liveBoard("secret", { further: ["--baud", "0"] });
  try {
    await recorded({ id: live.board.chipId, address: live.board.address, name: "secret" }, 12, openSerial);
    const before = await everythingSaid(live.board.address);
    await live.board.restart();
    const fleet = new LocalFleet({ boards: [{ id: live.board.chipId, address: live.board.address }] });
    await new Promise<void>((resolve, reject) => {
      void fleet.open((event: FleetEvent) => {
        if (event.type === "update") resolve();
        if (event.type === "refused") reject(new Error(event.reason));
      });
      fleet.dispatch(live.order(1));
    });
    await fleet.close();
    const after = await everythingSaid(live.board.address);
    expect(before.length).toBeGreaterThan(10_000);
    expect(after.length).toBeGreaterThan(10_000);
    expect(leaks(before, live.samples)).toBe(0);
    expect(leaks(after, live.samples)).toBe(0);
    console.log(
      `${questions().length} questions twice, ${before.length + after.length} bytes of answers, no sample among them`,
    );
  } finally {
    await live.end();
  }
});
