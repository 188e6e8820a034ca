// The draw that all runs hang on, against the same formula over the key written out as text: recorded runs are repeated only as long as both agree.

import { expect, test } from "vitest";
import { keyed } from "../../../host/fl/keyed.ts";

function writtenOut(...key: (number | string)[]): number {
  let h = 0x811c9dc5n;
  for (const byte of new TextEncoder().encode(key.join("/"))) h = ((h ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn;
  h = ((h ^ (h >> 16n)) * 0x85ebca6bn) & 0xffffffffn;
  h = ((h ^ (h >> 13n)) * 0xc2b2ae35n) & 0xffffffffn;
  return Number(h ^ (h >> 16n)) / 2 ** 32;
}

test("a number stands for its digits, whatever its size and sign", () => {
  const powers = Array.from({ length: 17 }, (_, i) => 10 ** i).flatMap((power) => [power - 1, power, power + 1]);
  const edges = [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, -1, -(2 ** 31), 0.5, 1e21, 1e-7];
  for (const value of [...powers, ...edges]) {
    expect(keyed("turn", 1, value), String(value)).toBe(writtenOut("turn", 1, value));
    expect(keyed(value), String(value)).toBe(writtenOut(value));
    expect(keyed("duration", String(value), 0), String(value)).toBe(keyed("duration", value, 0));
  }
});

test("draws are spread evenly, and near keys tell nothing of each other", () => {
  const draws = Array.from({ length: 20_000 }, (_, i) => keyed("turn", 7, i, i % 3));
  const tenths = new Array<number>(10).fill(0);
  for (const draw of draws) tenths[Math.floor(draw * 10)]!++;
  for (const count of tenths) expect(Math.abs(count - 2000)).toBeLessThan(200); // 4.7 standard deviations
  const above = draws.filter((draw, i) => i > 0 && draw > 0.5 === draws[i - 1]! > 0.5).length;
  expect(Math.abs(above / draws.length - 0.5)).toBeLessThan(0.02);
});
