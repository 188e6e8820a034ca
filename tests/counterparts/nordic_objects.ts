// The two objects of Nordic's Secure DFU, command and data: created, written, checked, executed, and what of them outlives a power cut. Source:
// nRF5 SDK 17, "Device Firmware Update process" and nrf_dfu_req_handler.c. Offset and CRC are those of the whole so far; creating a data
// object goes back to the end of the last one executed. A bank of flash at the application's own place takes the image (the SDK's
// single-bank update); bootloader and SoftDevice updates are left out.
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { NorFlash } from "./nor_flash.ts";
import {
  extendedErrors,
  type InitPacket,
  type NordicIdentity,
  parseInitPacket,
  refusalOf,
} from "./nordic_init_packet.ts";

/** nrf_dfu_result_t. */
export const results = {
  success: 0x01,
  opCodeNotSupported: 0x02,
  invalidParameter: 0x03,
  insufficientResources: 0x04,
  invalidObject: 0x05,
  operationNotPermitted: 0x08,
  extendedError: 0x0b,
} as const;
export interface Outcome {
  result: keyof typeof results;
  extended?: number;
}

export interface Progress {
  offset: number;
  crc: number;
}

interface State {
  command: { size: number; bytes: Buffer };
  init: InitPacket | undefined;
  dataSize: number;
  data: Progress;
  /** At the end of the last data object that was executed. */
  executed: Progress;
}

export const commandMaxBytes = 512; // INIT_COMMAND_MAX_SIZE
export const dataMaxBytes = 4096; // one page of code
const fresh = (): State => ({
  command: { size: 0, bytes: Buffer.alloc(0) },
  init: undefined,
  dataSize: 0,
  data: { offset: 0, crc: 0 },
  executed: { offset: 0, crc: 0 },
});
const success: Outcome = { result: "success" };

export class NordicObjects {
  /** True once an image passed its hash. */
  activated = false;
  private state = fresh();
  private settings = fresh();

  constructor(
    private readonly flash: NorFlash,
    private readonly appStart: number,
    private readonly appBytes: number,
    private readonly identity: NordicIdentity,
    private readonly savesProgress: boolean,
  ) {}

  /** Power is lost and comes back: what was not saved in the settings page is gone. */
  powerCycle(): void {
    this.state = copyOf(this.settings);
  }

  commandProgress(): Progress {
    const { bytes } = this.state.command;
    return { offset: bytes.length, crc: crc32(bytes) };
  }

  dataProgress(): Progress {
    return this.state.data;
  }

  createCommand(size: number): Outcome {
    if (size === 0) return { result: "invalidParameter" };
    if (size > commandMaxBytes) return { result: "insufficientResources" };
    this.state = fresh();
    this.state.command.size = size;
    return success;
  }

  writeCommand(bytes: Buffer): Outcome {
    const { command } = this.state;
    if (command.bytes.length + bytes.length > command.size) return { result: "invalidParameter" };
    command.bytes = Buffer.concat([command.bytes, bytes]);
    return success;
  }

  executeCommand(): Outcome {
    const { command } = this.state;
    if (command.bytes.length !== command.size) return { result: "operationNotPermitted" };
    if (this.state.init) return success; // executed before: no effect
    const init = parseInitPacket(command.bytes);
    if (!init) return { result: "invalidObject" };
    const refusal = refusalOf(init, this.identity);
    const tooLarge = !refusal && init.appSize! > this.appBytes;
    if (refusal || tooLarge) {
      this.state = fresh();
      if (tooLarge) return { result: "insufficientResources" };
      return refusal === "signature" ? { result: "invalidObject" } : extended(extendedErrors[refusal!]);
    }
    this.state.init = init;
    this.settings = copyOf(this.state);
    return success;
  }

  createData(size: number): Outcome {
    const { init, executed } = this.state;
    if (!init) return { result: "operationNotPermitted" };
    if (size === 0 || (size % this.flash.pageBytes !== 0 && executed.offset + size !== init.appSize))
      return { result: "invalidParameter" };
    if (size > dataMaxBytes) return { result: "insufficientResources" };
    if (executed.offset + size > init.appSize!) return { result: "operationNotPermitted" };
    this.state.dataSize = size;
    this.state.data = { ...executed };
    const erased = this.flash.erase(this.appStart + executed.offset, size);
    return erased ? success : { result: "invalidObject" };
  }

  /** Flash that cannot be programmed does not count: the client sees it by the CRC. */
  writeData(bytes: Buffer): Outcome {
    const { init, data, executed, dataSize } = this.state;
    if (!init) return { result: "operationNotPermitted" };
    if (data.offset - executed.offset + bytes.length > dataSize) return { result: "invalidParameter" };
    if (!this.flash.program(this.appStart + data.offset, bytes)) return success;
    this.state.data = { offset: data.offset + bytes.length, crc: crc32(bytes, data.crc) };
    return success;
  }

  executeData(): Outcome {
    const { init, data, executed, dataSize } = this.state;
    if (!init || dataSize !== data.offset - executed.offset) return { result: "operationNotPermitted" };
    this.state.dataSize = 0;
    this.state.executed = { ...data };
    if (data.offset < init.appSize!) {
      if (this.savesProgress) this.settings = copyOf(this.state);
      return success;
    }
    this.activated = this.hashFits(init);
    this.state = fresh();
    this.settings = fresh();
    return this.activated ? success : extended(extendedErrors.verificationFailed);
  }

  private hashFits(init: InitPacket): boolean {
    const image = this.flash.read(this.appStart, init.appSize!);
    return createHash("sha256").update(image).digest().reverse().equals(init.hash);
  }
}

function extended(code: number): Outcome {
  return { result: "extendedError", extended: code };
}

/** The parsed packet and its bytes are never changed in place: they may be shared. */
function copyOf(state: State): State {
  return { ...state, command: { ...state.command }, data: { ...state.data }, executed: { ...state.executed } };
}
