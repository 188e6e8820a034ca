// The least time in which a flashing protocol can bring an image into a board: the bytes that it must carry in both directions, one after
// the other where one side waits for the other, ten bits each, and the waits that its documents prescribe. Computed from the image and the
// documents, not from what our clients send. What chips need to erase and program counts only where the client waits for it blindly: the
// counterparts' flash takes no time, so that where a client waits for an answer there is nothing to wait for. Pure.
//
// Sources: Espressif, esptool documentation, "Serial Protocol" (packets, commands) and esptool's reset.py and loader.py (waits); Adafruit,
// adafruit-nrfutil, nordicsemi/dfu/dfu_transport_serial.py (stop and wait, packets of 512 bytes, waits); Nordic, nRF5 SDK 17.1, "DFU transport:
// Serial" (requests, MTU); RFC 1055 (SLIP).

import { createRequire } from "node:module";
import { deflateSync } from "node:zlib";
import { lineSeconds } from "./paced_line.ts";

const slipEnd = 0xc0;
const slipEscape = 0xdb;

/** In seconds. */
export interface Limit {
  /** In which the line carries something. */
  line: number;
  /** In which it must not. */
  waits: number;
}

/** Bytes of a payload with its escapes, without the ENDs around it. */
export function escaped(payload: Uint8Array): number {
  let bytes = payload.length;
  for (const byte of payload) if (byte === slipEnd || byte === slipEscape) bytes++;
  return bytes;
}

const blocksOf = (bytes: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

const ends = 2; // of a SLIP frame
const espHeader = 8;
const espData = 16; // length, number and two zeros in front of a DATA command's bytes
const syncAnswers = 8;

/** Bytes of a request with so many bytes of parameters, and its answer's. */
const exchange = (parameters: number, status: number, answered = 0) =>
  ends + espHeader + parameters + ends + espHeader + answered + status;

/** Bytes of DATA commands for all of `bytes`, and their answers'. */
const dataExchanges = (bytes: Uint8Array, block: number, status: number) =>
  sum(blocksOf(bytes, block).map((one) => escaped(one) - one.length + exchange(espData + one.length, status)));

interface Stub {
  text: string;
  data: string;
}

/** SYNC, which chip, the stub's two segments, its greeting and a new baud rate: all at the ROM's first rate. */
function espConnectBytes(status: number, stub: Stub | undefined): number {
  const sync = exchange(36, status) + (syncAnswers - 1) * (ends + espHeader + status);
  const whichChip = exchange(4, status);
  const newRate = exchange(8, stub ? 2 : status);
  const segments = stub ? [stub.text, stub.data].map((base64) => Buffer.from(base64, "base64")) : [];
  const loads = segments.map((bytes) => exchange(16, status) + dataExchanges(bytes, 0x1800, status));
  const start = stub ? exchange(8, status) + ends + "OHAI".length : 0;
  return sync + whichChip + sum(loads) + start + newRate;
}

/** Attach, id, size, the image deflated, its MD5: at the fast rate. */
function espWriteBytes(image: Uint8Array, status: number, hasStub: boolean): number {
  const block = hasStub ? 0x4000 : 0x400;
  const prepare = exchange(hasStub ? 4 : 8, status) + exchange(4, status) + exchange(24, status);
  const md5 = exchange(16, status, hasStub ? 16 : 32);
  const finish = hasStub ? exchange(4, status) : 0;
  const packed = deflateSync(image, { level: 9 });
  return prepare + exchange(16, status) + dataExchanges(packed, block, status) + finish + md5;
}

/** In seconds: EN low, GPIO0 low, the UART's new rate, and EN low again at the end (reset.py, loader.py). */
const espWaits = 0.1 + 0.05 + 0.05 + 0.1;

/** Of esptool's protocol with an ESP32, by its stub or by its ROM alone. */
export function esptoolLimit(image: Uint8Array, by: "stub" | "rom", baudRate: number): Limit {
  const hasStub = by === "stub";
  const load = () => createRequire(import.meta.url)("esptool-js/lib/targets/stub_flasher/esp32.json") as Stub;
  const slow = espConnectBytes(4, hasStub ? load() : undefined);
  const fast = espWriteBytes(image, hasStub ? 2 : 4, hasStub);
  return { line: lineSeconds(slow, 115_200) + lineSeconds(fast, baudRate), waits: espWaits };
}

const pageBytes = 4096; // of the nRF52840
const hciAround = 4 + 2; // header and CRC-16
const hciAck = ends + 4;

/**
 * Of Adafruit's bootloader, from a board that is in it. It acknowledges packets and says nothing of its flash, so the client waits
 * out an erase of 89.7 ms a page and 1024 words of 41 µs each (nRF52840 Product Specification, NVMC: tERASEPAGE, tWRITE).
 */
export function adafruitLimit(image: Uint8Array, baudRate: number): Limit {
  const payloads = [20, 20, ...blocksOf(image, 512).map((block) => 4 + escaped(block)), 4]; // START, INIT, DATA, STOP
  const bytes = sum(payloads.map((payload) => ends + hciAround + payload + hciAck));
  const pages = Math.ceil(image.length / pageBytes);
  return { line: lineSeconds(bytes, baudRate), waits: pages * (0.0897 + 0.042) };
}

const nordicAnswer = 3 + 1; // mark, opcode, result, END
const nordicInit = 64; // the least that an init packet takes: a hash of 32 bytes and ten fields around it
/** Bytes of a request with its opcode and its answer's: this protocol sends one END. */
const nordicExchange = (request: number, answered = 0) => request + 1 + nordicAnswer + answered;

/** Of Nordic's Secure DFU: objects of a page, each made, written, summed and executed. */
export function nordicLimit(image: Uint8Array, mtu: number, baudRate: number): Limit {
  const chunk = Math.floor((mtu - 1) / 2) - 1; // the MTU counts escapes, which may double all, and END
  const writes = (bytes: Uint8Array) => sum(blocksOf(bytes, chunk).map((one) => 1 + escaped(one) + 1));
  const around = nordicExchange(6) + nordicExchange(1, 8) + nordicExchange(1); // create, CRC, execute
  const objects = sum(blocksOf(image, pageBytes).map((object) => around + writes(object)));
  const init = 2 * nordicExchange(2, 12) + around + nordicInit; // both selects
  const prepare = nordicExchange(2, 1) + nordicExchange(3) + nordicExchange(1, 2); // ping, PRN, MTU
  return { line: lineSeconds(prepare + init + objects, baudRate), waits: 0 };
}
