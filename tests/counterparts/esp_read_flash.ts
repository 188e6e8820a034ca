// The stub's READ_FLASH ("Serial Protocol", Reading Flash): after the usual response raw SLIP packets of data, each answered by the client
// with the total it has as a 32-bit word; at most so many unanswered; at the end the MD5 of everything.
import { createHash } from "node:crypto";

export class FlashReadout {
  private sent = 0;
  private acknowledged = 0;
  private inFlight = 0;
  private digestSent = false;

  constructor(
    private readonly data: Buffer,
    private readonly packetBytes: number,
    private readonly maxInFlight: number,
    private readonly send: (packet: Buffer) => void,
    private readonly violation: (text: string) => void,
  ) {}

  get done(): boolean {
    return this.digestSent;
  }

  /** Sends what the window allows; when all is acknowledged, the digest. */
  advance(): void {
    while (this.sent < this.data.length && this.inFlight < this.maxInFlight) {
      const packet = this.data.subarray(this.sent, this.sent + this.packetBytes);
      this.sent += packet.length;
      this.inFlight++;
      this.send(packet);
    }
    if (this.acknowledged < this.data.length || this.digestSent) return;
    this.digestSent = true;
    this.send(createHash("md5").update(this.data).digest());
  }

  /** The client's answer to one packet. */
  acknowledge(packet: Buffer): void {
    const expected = Math.min(this.acknowledged + this.packetBytes, this.data.length);
    if (packet.length !== 4 || packet.readUInt32LE(0) !== expected)
      this.violation(`READ_FLASH: acknowledged with ${packet.toString("hex")} where ${expected} bytes were due`);
    this.acknowledged = packet.length === 4 ? Math.min(packet.readUInt32LE(0), this.sent) : this.acknowledged;
    this.inFlight = Math.max(0, this.inFlight - 1);
    this.advance();
  }
}
