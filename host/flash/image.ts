// One contiguous image from a job's segments, for bootloaders that take a file and put it where they want. Pure.

import type { Segment } from "./method.ts";

export interface Image {
  /** Absolute, of the first byte. */
  address: number;
  bytes: Uint8Array;
}

/** Gaps and what is missing to a multiple of `unit` bytes are 0xff, as erased flash is. Without segments the image is empty, at 0. */
export function flatten(segments: readonly Segment[], unit = 4): Image {
  const address = segments[0]?.address ?? 0;
  const last = segments.at(-1);
  const length = last ? last.address + last.bytes.length - address : 0;
  const bytes = new Uint8Array(Math.ceil(length / unit) * unit).fill(0xff);
  for (const segment of segments) bytes.set(segment.bytes, segment.address - address);
  return { address, bytes };
}

/** For messages: 0x26000. */
export const hex = (value: number) => `0x${(value >>> 0).toString(16)}`;
