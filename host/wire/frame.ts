// Frames: COBS(type, id, offset32, body <= 240, crc32) 0x00, as in firmware/core/link/frame.c and pinned with it by
// tests/vectors/wire.json. A pure transform, bytes in, frames out: no I/O, no protocol, no time.

import { crc32 } from "node:zlib";
import { frameBodyMax, frameCrcBytes, frameEncodedMax, frameHeaderBytes } from "./spec.gen.ts";

export interface Frame {
  type: number; // 0..255
  id: number; // 0..255
  offset: number; // 0..2^32-1
  body: Uint8Array; // at most frameBodyMax bytes
}

export type FrameDefect = "frame" | "frame-crc" | "frame-long";

const rawMin = frameHeaderBytes + frameCrcBytes;
const rawMax = rawMin + frameBodyMax;

/** Every byte that a blob costs on a line without losses: the frames around its chunks too, their COBS byte and closing zero included. */
export const framedBytes = (bytes: number): number => bytes + Math.ceil(bytes / frameBodyMax) * (rawMin + 2);

/**
 * The frame as it goes over the wire, its closing 0x00 included; at most frameEncodedMax bytes.
 * @throws RangeError when the body is too long
 */
export function encodeFrame(frame: Frame): Uint8Array {
  const count = rawMin + frame.body.length;
  if (count > rawMax) throw new RangeError(`a frame's body holds ${frameBodyMax} bytes, not ${frame.body.length}`);
  const raw = new Uint8Array(count);
  const view = new DataView(raw.buffer);
  raw[0] = frame.type;
  raw[1] = frame.id;
  view.setUint32(2, frame.offset, true);
  raw.set(frame.body, frameHeaderBytes);
  view.setUint32(count - frameCrcBytes, crc32(raw.subarray(0, count - frameCrcBytes)), true);
  return stuff(raw);
}

/** COBS (Cheshire and Baker, 1999) with the closing 0x00. At most 250 bytes go in, so one code byte spans any run. */
function stuff(raw: Uint8Array): Uint8Array {
  const out = new Uint8Array(raw.length + 2);
  let codeAt = 0;
  for (let i = 0; i < raw.length; i++) {
    if (raw[i] === 0) {
      out[codeAt] = i + 1 - codeAt;
      codeAt = i + 1;
    } else out[i + 1] = raw[i]!;
  }
  out[codeAt] = raw.length + 1 - codeAt;
  return out;
}

/** Undoes COBS; undefined when a code byte points behind the end. */
function unstuff(stuffed: Uint8Array): Uint8Array | undefined {
  const out = new Uint8Array(stuffed.length);
  let used = 0;
  for (let at = 0; at < stuffed.length; ) {
    const code = stuffed[at]!;
    if (code === 0 || at + code > stuffed.length) return undefined;
    out.set(stuffed.subarray(at + 1, at + code), used);
    used += code - 1;
    at += code;
    if (code !== 0xff && at < stuffed.length) out[used++] = 0;
  }
  return out.subarray(0, used);
}

/** Reads the bytes of one frame, without the closing 0x00. The body is a copy. */
export function decodeFrame(stuffed: Uint8Array): Frame | FrameDefect {
  if (stuffed.length >= frameEncodedMax) return "frame-long";
  const raw = unstuff(stuffed);
  if (!raw || raw.length < rawMin || raw.length > rawMax) return "frame";
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const end = raw.length - frameCrcBytes;
  if (crc32(raw.subarray(0, end)) !== view.getUint32(end, true)) return "frame-crc";
  return { type: raw[0]!, id: raw[1]!, offset: view.getUint32(2, true), body: raw.slice(frameHeaderBytes, end) };
}

/** Cuts a byte stream into frames. Survives any bytes: garbage costs at most the frame that it hits. Memory is bounded. */
export class FrameParser {
  /** Frames that were whole, and pieces between two 0x00 that were not. */
  good = 0;
  bad = 0;
  private readonly rest = new Uint8Array(frameEncodedMax);
  private used = 0;

  /** Takes any bytes and returns the good frames that they complete, in order. */
  push(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let from = 0;
    for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, from)) {
      this.keep(bytes.subarray(from, end));
      const frame = this.finish();
      if (frame) frames.push(frame);
      from = end + 1;
    }
    this.keep(bytes.subarray(from));
    return frames;
  }

  /** Forgets an unfinished frame (the link was opened again). */
  reset(): void {
    this.used = 0;
  }

  /** A full buffer marks a piece that is too long; the rest of it needs no room. */
  private keep(piece: Uint8Array): void {
    const taken = piece.subarray(0, this.rest.length - this.used);
    this.rest.set(taken, this.used);
    this.used += taken.length;
  }

  private finish(): Frame | undefined {
    if (this.used === 0) return undefined;
    const result = decodeFrame(this.rest.subarray(0, this.used));
    this.used = 0;
    if (typeof result === "string") {
      this.bad++;
      return undefined;
    }
    this.good++;
    return result;
  }
}
