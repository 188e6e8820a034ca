// Requests to a Nordic Secure DFU bootloader, one at a time, each with its response. A silence, a refusal or an unexpected sum is a Setback,
// after which the bootloader's own words (select) say where to go on: that is nordic_dfu.ts's work.

import { crc32 } from "node:zlib";
import {
  createRequest,
  type ObjectType,
  op,
  parseResponse,
  type Response,
  resultText,
  setPrnRequest,
  success,
  writeBytes,
  writeRequest,
} from "./nordic_messages.ts";
import { encodeSlip } from "./slip.ts";
import type { SlipLine } from "./slip_line.ts";

/** One request did not do what it should; another try may. */
export class Setback extends Error {
  constructor(
    message: string,
    readonly refusal?: Response,
  ) {
    super(message);
  }
}

/** What the bootloader has of an object's type: for data, of the whole image; `maxSize` of one object, in bytes. */
export interface Selected {
  maxSize: number;
  offset: number;
  crc: number;
}

const pingTries = 3;
/** Of the patience: a ping makes the bootloader do nothing. */
const pingShare = 1 / 3;
/** Of the patience: the last object's execution sums up the whole image. */
const lastExecuteShare = 5;

export class NordicSession {
  private pingId = 0;
  private chunk = 0;

  /** @param patienceMs for each response; creating erases and executing verifies, so not less than a second on a board */
  constructor(
    private readonly line: SlipLine,
    private readonly patienceMs: number,
  ) {}

  /**
   * Agrees on where in the conversation both are: pings until one comes back, then sets what write requests look like. Responses to
   * earlier requests are passed over.
   * @throws Setback if no bootloader answers
   */
  async prepare(): Promise<void> {
    await this.ping();
    await this.ask("set packet receipt notification", setPrnRequest(0), 0);
    const mtu = (await this.ask("get MTU", Uint8Array.of(op.mtu), 2)).getUint16(0, true);
    this.chunk = writeBytes(mtu);
    if (this.chunk < 1) throw new Setback(`an MTU of ${mtu} bytes`);
  }

  private async ping(): Promise<void> {
    for (let sent = 0; sent < pingTries; sent++) {
      this.pingId = (this.pingId + 1) & 0xff;
      await this.send(Uint8Array.of(op.ping, this.pingId));
      // A bootloader older than ping refuses it, which is an answer too.
      const fits = ({ result, body }: Response) => result !== success || body[0] === this.pingId;
      const answer = await this.response(op.ping, fits, this.patienceMs * pingShare);
      if (answer) return;
    }
    throw new Setback("no answer to ping");
  }

  async select(type: ObjectType): Promise<Selected> {
    const body = await this.ask("select", Uint8Array.of(op.select, type), 12);
    return { maxSize: body.getUint32(0, true), offset: body.getUint32(4, true), crc: body.getUint32(8, true) };
  }

  async create(type: ObjectType, size: number): Promise<void> {
    await this.ask("create", createRequest(type, size), 0);
  }

  /**
   * Writes `whole` from `from` to `to` into the object and compares the sum that the bootloader has then, which is of all bytes to `to`.
   * @throws Setback if the sum or the offset differs: something got lost
   */
  async write(whole: Uint8Array, from: number, to: number): Promise<void> {
    for (let at = from; at < to; at += this.chunk)
      await this.send(writeRequest(whole.subarray(at, Math.min(at + this.chunk, to))));
    const body = await this.ask("CRC", Uint8Array.of(op.crc), 8);
    const [offset, sum] = [body.getUint32(0, true), body.getUint32(4, true)];
    if (offset !== to || sum !== crc32(whole.subarray(0, to)))
      throw new Setback(
        `the bootloader has ${offset} bytes with CRC ${sum.toString(16)}, not the ${to} that were sent`,
      );
  }

  /** @param isLast of the image's objects */
  async execute(isLast = false): Promise<void> {
    await this.ask("execute", Uint8Array.of(op.execute), 0, this.patienceMs * (isLast ? lastExecuteShare : 1));
  }

  private send(request: Uint8Array): Promise<void> {
    return this.line.write(encodeSlip(request));
  }

  /** The body of the response, `length` bytes. @throws Setback, LineGone */
  private async ask(
    what: string,
    request: Uint8Array,
    length: number,
    patienceMs = this.patienceMs,
  ): Promise<DataView> {
    this.line.discard();
    await this.send(request);
    const fits = ({ result, body }: Response) => result !== success || body.length === length;
    const answer = await this.response(request[0]!, fits, patienceMs);
    if (!answer) throw new Setback(`no answer to ${what}`);
    if (answer.result !== success) throw new Setback(`${what} refused: ${resultText(answer)}`, answer);
    return new DataView(answer.body.buffer, answer.body.byteOffset, answer.body.length);
  }

  /** Passes over what is no response to `request`, and responses that do not fit. */
  private async response(
    request: number,
    fits: (response: Response) => boolean,
    patienceMs: number,
  ): Promise<Response | undefined> {
    const until = performance.now() + patienceMs;
    for (;;) {
      const frame = await this.line.next(until - performance.now());
      if (!frame) return undefined;
      const response = parseResponse(frame);
      if (response && response.op === request && fits(response)) return response;
    }
  }
}
