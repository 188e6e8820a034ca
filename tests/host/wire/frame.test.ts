// The host's frames against the vectors that the C core also reads, and against damage.
import { readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFrame, encodeFrame, type Frame, FrameParser } from "../../../host/wire/frame.ts";
import { frameBodyMax, frameEncodedMax } from "../../../host/wire/spec.gen.ts";

interface Vectors {
  crc32: { bytes: string; crc: number }[];
  frames: { name: string; type: number; id: number; offset: number; body: string; encoded: string }[];
  bad: { name: string; encoded: string; error: string }[];
}
const vectors: Vectors = JSON.parse(readFileSync(new URL("../../vectors/wire.json", import.meta.url), "utf8"));
const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
const plain = (frame: Frame) => ({ ...frame, body: Buffer.from(frame.body).toString("hex") });

const anyFrame = fc.record({
  type: fc.integer({ min: 0, max: 255 }),
  id: fc.integer({ min: 0, max: 255 }),
  offset: fc.integer({ min: 0, max: 0xffffffff }),
  body: fc.uint8Array({ maxLength: frameBodyMax }),
});

describe("frames", () => {
  it.each(vectors.crc32)("has the checksum of $bytes", ({ bytes, crc }) => expect(crc32(hex(bytes))).toBe(crc));

  it.each(vectors.frames)("writes and reads: $name", ({ name: _, body, encoded, ...head }) => {
    expect(Buffer.from(encodeFrame({ ...head, body: hex(body) })).toString("hex")).toBe(encoded);
    expect(new FrameParser().push(hex(encoded)).map(plain)).toEqual([{ ...head, body }]);
  });

  it.each(vectors.bad)("refuses $name", ({ encoded, error }) => {
    expect(decodeFrame(hex(encoded).subarray(0, -1))).toBe(error);
    const parser = new FrameParser();
    expect(parser.push(hex(encoded))).toEqual([]);
    expect(parser.bad).toBe(1);
  });

  it("gives back any frame, however its bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 6 }), fc.integer({ min: 1, max: 400 }), (frames, step) => {
        const stream = Buffer.concat(frames.map(encodeFrame));
        const parser = new FrameParser();
        const got: Frame[] = [];
        for (let at = 0; at < stream.length; at += step) got.push(...parser.push(stream.subarray(at, at + step)));
        expect(got.map(plain)).toEqual(frames.map(plain));
        expect(parser.bad).toBe(0);
      }),
    );
  });

  it("rejects every single bit flip", () => {
    const encoded = encodeFrame({ type: 3, id: 7, offset: 4000, body: new Uint8Array(40).map((_, i) => i * 7) });
    for (let bit = 0; bit < encoded.length * 8; bit++) {
      const damaged = encoded.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const parser = new FrameParser();
      // A flip in the closing zero joins the frame with the next; a further zero ends that.
      expect([...parser.push(damaged), ...parser.push(Uint8Array.of(0))], `bit ${bit}`).toEqual([]);
      expect(parser.bad).toBeGreaterThan(0);
    }
  });

  it("finds the frame after any garbage and after a megabyte without a zero", () => {
    const frame = { type: 1, id: 2, offset: 3, body: Uint8Array.of(4, 0, 5) };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (garbage) => {
        const parser = new FrameParser();
        const got = [...parser.push(garbage), ...parser.push(Uint8Array.of(0)), ...parser.push(encodeFrame(frame))];
        expect(got.map(plain).at(-1)).toEqual(plain(frame));
      }),
    );
    const parser = new FrameParser();
    expect(parser.push(new Uint8Array(1 << 20).fill(0x55))).toEqual([]);
    expect(parser.push(Buffer.concat([Uint8Array.of(0), encodeFrame(frame)])).map(plain)).toEqual([plain(frame)]);
    expect(parser).toMatchObject({ good: 1, bad: 1 });
  });

  it("refuses to write a body that is too long", () => {
    const body = new Uint8Array(frameBodyMax + 1);
    expect(() => encodeFrame({ type: 1, id: 1, offset: 0, body })).toThrow(RangeError);
    expect(encodeFrame({ type: 1, id: 1, offset: 0, body: body.subarray(1).fill(1) }).length).toBeLessThanOrEqual(
      frameEncodedMax,
    );
  });
});
