// L2CAP's basic frames (Bluetooth Core 5.4, volume 3, part A, 3.1): a length, a channel, a PDU; cut into the link layer's packets and put
// together again. Only fixed channels, as BLE without connection-oriented ones has them.

import { u16 } from "./hci.ts";

export const channel = { att: 4, signaling: 5, security: 6 } as const;

const headerBytes = 4;

/** The PDU in pieces of at most `longest` bytes. */
export function fragments(cid: number, pdu: Buffer, longest: number): Buffer[] {
  const frame = Buffer.concat([u16(pdu.length), u16(cid), pdu]);
  return Array.from({ length: Math.ceil(frame.length / longest) }, (_, i) =>
    frame.subarray(i * longest, (i + 1) * longest),
  );
}

/** Puts one direction's pieces together. */
export class Reassembly {
  private frame: Buffer = Buffer.alloc(0);

  /** The PDU that this piece completes. Pieces that go on with nothing are dropped. */
  push(begins: boolean, piece: Buffer): { cid: number; pdu: Buffer } | undefined {
    if (!begins && this.frame.length === 0) return undefined;
    this.frame = begins ? piece : Buffer.concat([this.frame, piece]);
    if (this.frame.length < headerBytes) return undefined;
    const bytes = headerBytes + this.frame.readUInt16LE(0);
    if (this.frame.length < bytes) return undefined;
    const whole = this.frame.subarray(0, bytes);
    this.frame = Buffer.alloc(0);
    return { cid: whole.readUInt16LE(2), pdu: whole.subarray(headerBytes) };
  }
}
