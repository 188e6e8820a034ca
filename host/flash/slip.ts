// SLIP (RFC 1055): frames on a byte stream, as both of Nordic's serial bootloaders use it. Pure; knows nothing of what is in a frame.

const end = 0xc0;
const escapeNext = 0xdb;
const escapedEnd = 0xdc;
const escapedEscape = 0xdd;

/** The payload with END and ESC escaped, and END after it; none before it, which some bootloaders would take for an empty frame. */
export function encodeSlip(payload: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (const byte of payload) {
    if (byte === end) out.push(escapeNext, escapedEnd);
    else if (byte === escapeNext) out.push(escapeNext, escapedEscape);
    else out.push(byte);
  }
  out.push(end);
  return Uint8Array.from(out);
}

/** Collects frames from bytes in any cut. Empty frames, and those with an escape that means nothing, are left out. */
export class SlipDecoder {
  private bytes: number[] = [];
  private escaping = false;
  private broken = false;

  push(received: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (const byte of received) {
      if (byte === end) {
        if (!this.broken && !this.escaping && this.bytes.length > 0) frames.push(Uint8Array.from(this.bytes));
        this.bytes = [];
        this.escaping = false;
        this.broken = false;
      } else if (this.escaping) this.unescape(byte);
      else if (byte === escapeNext) this.escaping = true;
      else this.bytes.push(byte);
    }
    return frames;
  }

  private unescape(byte: number): void {
    this.escaping = false;
    if (byte === escapedEnd) this.bytes.push(end);
    else if (byte === escapedEscape) this.bytes.push(escapeNext);
    else this.broken = true;
  }
}
