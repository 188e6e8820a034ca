// A UF2 file from segments. Pure; uf2.ts puts it on a drive.
//
// Source: Microsoft's UF2 specification (github.com/microsoft/uf2, README, "File format"): 512-byte blocks of 32-bit little-endian words.
// Payloads are 256 bytes at multiples of 256, as Adafruit_nRF52_Bootloader, src/usb/uf2/ghostfat.c (is_uf2_block) demands.

import type { Segment } from "./method.ts";

export const blockBytes = 512;
const payloadBytes = 256;
const headerBytes = 32;
const firstMagic = 0x0a324655; // "UF2\n"
const secondMagic = 0x9e5d5157;
const lastMagic = 0x0ab16f30;
const familyPresent = 0x2000;

/** One block for each 256 bytes that a segment touches; what no segment fills of a block is 0xff. */
export function uf2File(segments: readonly Segment[], family: number): Uint8Array {
  const payloads = alignedPayloads(segments);
  const file = new Uint8Array(payloads.size * blockBytes);
  let number = 0;
  for (const [address, payload] of payloads) {
    const view = new DataView(file.buffer, number * blockBytes, blockBytes);
    const header = [firstMagic, secondMagic, familyPresent, address, payloadBytes, number, payloads.size, family];
    for (const [i, word] of header.entries()) view.setUint32(4 * i, word, true);
    file.set(payload, number * blockBytes + headerBytes);
    view.setUint32(blockBytes - 4, lastMagic, true);
    number++;
  }
  return file;
}

/** By address, ascending as the segments are. */
function alignedPayloads(segments: readonly Segment[]): Map<number, Uint8Array> {
  const payloads = new Map<number, Uint8Array>();
  for (const { address, bytes } of segments)
    for (let at = address; at < address + bytes.length; at = nextPayload(at)) {
      const base = nextPayload(at) - payloadBytes;
      const payload = payloads.get(base) ?? new Uint8Array(payloadBytes).fill(0xff);
      const part = bytes.subarray(at - address, nextPayload(at) - address);
      payload.set(part, at - base);
      payloads.set(base, payload);
    }
  return payloads;
}

const nextPayload = (address: number) => (Math.floor(address / payloadBytes) + 1) * payloadBytes;
