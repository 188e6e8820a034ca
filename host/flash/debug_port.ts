// A chip's memory and access ports through a CMSIS-DAP probe: Arm's debug port, its MEM-AP and any other AP, over dapjs's packets. Knows no
// chip. dapjs's own ADI class is not used: it remembers SELECT and CSW across failures, and waits for power without an end.
//
// Sources: Arm Debug Interface Architecture Specification ADIv5 (IHI 0031), B2 (DP registers) and C2 (MEM-AP: CSW, TAR, DRW; TAR increments
// within 1 KiB); CMSIS-DAP 2.1, "DAP Commands", DAP_Transfer (match mask, match value) and DAP_TransferConfigure, with its reference
// firmware, Firmware/Include/DAP.h (request and response bits).

import type { DAPOperation, Transport } from "dapjs";

export const dp = { abort: 0x0, idr: 0x0, ctrlStat: 0x4, select: 0x8 } as const;
const memAp = { csw: 0x00, tar: 0x04, drw: 0x0c } as const;

const debugPort = 0;
const accessPort = 1;
const write = 0;
const read = 2;
const readUntilMatch = read | 0x10;
const writeMatchMask = 0x20;

const clearErrors = 0x1e;
const powerUp = 0x5000_0000; // CSYSPWRUPREQ, CDBGPWRUPREQ
const poweredUp = 0xa000_0000; // and their acknowledgements
/** HPROT: privileged data; debug master; TAR increments; 32 bits. */
const csw = 0x2300_0012;
/** Within which TAR is sure to increment. */
const incrementBytes = 1024;
const powerTries = 100;
const swdHz = 4_000_000; // nRF52: 8 MHz at most
const waitRetries = 100;
const matchRetries = 0xffff;

/** An operation with its bits as in DAP_Transfer's request byte; dapjs types them as enums of its own, which exist at compile time only. */
const operation = (port: number, mode: number, register: number, value = 0): DAPOperation =>
  ({ port, mode, register, value }) as DAPOperation;

/** What DebugPort uses of dapjs's CmsisDAP. */
interface Packets {
  operationCount: number;
  blockSize: number;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  configureTransfer(idleCycles: number, waitRetry: number, matchRetry: number): Promise<void>;
  transfer(operations: DAPOperation[]): Promise<Uint32Array>;
  transferBlock(port: number, register: number, count: number): Promise<Uint32Array>;
}

export class DebugPort {
  private constructor(private readonly packets: Packets) {}

  /** Opens the probe, selects SWD and powers the debug domain up. @throws Error, dapjs's or the probe's */
  static async open(transport: Transport): Promise<DebugPort> {
    const { CmsisDAP } = await import("dapjs");
    const swd = 1;
    const packets = new CmsisDAP(transport, swd, swdHz) as unknown as Packets;
    await packets.connect();
    const port = new DebugPort(packets);
    try {
      await packets.configureTransfer(0, waitRetries, matchRetries);
      await port.powerUp();
    } catch (error) {
      await transport.close().catch(() => {});
      throw error;
    }
    return port;
  }

  /** Lets the chip go. */
  async close(): Promise<void> {
    await this.packets.transfer([operation(debugPort, write, dp.ctrlStat, 0)]);
    await this.packets.disconnect();
  }

  private async powerUp(): Promise<void> {
    await this.packets.transfer([operation(debugPort, read, dp.idr)]); // ends the line's reset
    await this.packets.transfer([
      operation(debugPort, write, dp.abort, clearErrors),
      operation(debugPort, write, dp.select, 0),
      operation(debugPort, write, dp.ctrlStat, powerUp),
    ]);
    for (let tries = 0; tries < powerTries; tries++) {
      const [status] = await this.packets.transfer([operation(debugPort, read, dp.ctrlStat)]);
      if (((status ?? 0) & poweredUp) >>> 0 === poweredUp) return;
    }
    throw new Error("the chip's debug domain does not power up");
  }

  /** One register of access port `ap`. */
  async readAp(ap: number, register: number): Promise<number> {
    const values = await this.packets.transfer([select(ap, register), operation(accessPort, read, register & 0xc)]);
    return values[0]!;
  }

  async writeAp(ap: number, register: number, value: number): Promise<void> {
    await this.packets.transfer([select(ap, register), operation(accessPort, write, register & 0xc, value)]);
  }

  async readWord(address: number): Promise<number> {
    const values = await this.packets.transfer([...toMemory(address), operation(accessPort, read, memAp.drw)]);
    return values[0]!;
  }

  async writeWord(address: number, value: number): Promise<void> {
    await this.packets.transfer([...toMemory(address), operation(accessPort, write, memAp.drw, value)]);
  }

  /** `count` words from a word-aligned address. */
  async readWords(address: number, count: number): Promise<Uint32Array> {
    const words = new Uint32Array(count);
    for (let done = 0; done < count; ) {
      const at = address + 4 * done;
      if (done === 0 || at % incrementBytes === 0) await this.packets.transfer(toMemory(at));
      const untilWrap = (incrementBytes - (at % incrementBytes)) / 4;
      const take = Math.min(count - done, untilWrap, Math.floor(this.packets.blockSize / 4));
      words.set(await this.packets.transferBlock(accessPort, memAp.drw, take), done);
      done += take;
    }
    return words;
  }

  /**
   * Writes each word, and after each lets the probe read `ready` until its lowest bit is 1: many words in a packet, however long the chip
   * takes for one.
   */
  async writeWordsWhenReady(words: readonly { address: number; value: number }[], ready: number): Promise<void> {
    const perWord = 4;
    const batch = Math.max(1, Math.floor(this.packets.operationCount / perWord));
    await this.packets.transfer([...toMemory(ready), operation(accessPort, writeMatchMask, 0, 1)]);
    for (let at = 0; at < words.length; at += batch) {
      const writes = words
        .slice(at, at + batch)
        .flatMap(({ address, value }) => [
          operation(accessPort, write, memAp.tar, address),
          operation(accessPort, write, memAp.drw, value),
          operation(accessPort, write, memAp.tar, ready),
          operation(accessPort, readUntilMatch, memAp.drw, 1),
        ]);
      await this.packets.transfer(writes);
    }
  }
}

const select = (ap: number, register: number) =>
  operation(debugPort, write, dp.select, ((ap << 24) | (register & 0xf0)) >>> 0);

/** AP 0, word accesses, at `address`. */
const toMemory = (address: number): DAPOperation[] => [
  select(0, memAp.csw),
  operation(accessPort, write, memAp.csw, csw),
  operation(accessPort, write, memAp.tar, address),
];
