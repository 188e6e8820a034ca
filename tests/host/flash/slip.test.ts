// SLIP against RFC 1055's own words: what END and ESC become, and frames in any cut.
import fc from "fast-check";
import { expect, it } from "vitest";
import { encodeSlip, SlipDecoder } from "../../../host/flash/slip.ts";

it("escapes END and ESC as RFC 1055 says", () => {
  expect([...encodeSlip(Uint8Array.of(1, 0xc0, 2, 0xdb, 3))]).toEqual([1, 0xdb, 0xdc, 2, 0xdb, 0xdd, 3, 0xc0]);
});

it("gets frames back from bytes in any cut, with ENDs between and before", () => {
  const frame = fc.uint8Array({ minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 5 }), fc.integer({ min: 1, max: 7 }), (frames, cut) => {
      const stream = frames.flatMap((one) => [0xc0, ...encodeSlip(one)]);
      const decoder = new SlipDecoder();
      const found: Uint8Array[] = [];
      for (let at = 0; at < stream.length; at += cut)
        found.push(...decoder.push(Uint8Array.from(stream.slice(at, at + cut))));
      expect(found).toEqual(frames);
    }),
  );
});

it("leaves out a frame with a broken escape, and goes on with the next one", () => {
  const decoder = new SlipDecoder();
  expect(decoder.push(Uint8Array.of(1, 0xdb, 7, 2, 0xc0, 3, 0xdb, 0xc0, 4, 0xc0))).toEqual([Uint8Array.of(4)]);
});
