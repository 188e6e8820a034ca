// How long flashing takes, beside what each protocol needs at its baud rate (limits.ts): the methods of `ftte flash` with real firmware,
// through a pty and a line that is paced in real time, to independent bootloaders (tests/counterparts), whose flash takes no time.

import { readFileSync } from "node:fs";
import { loadBoardConfig } from "../../../host/boards/config.ts";
import { buildFirmware } from "../../../host/build/firmware.ts";
import { adafruitDfu } from "../../../host/flash/adafruit_dfu.ts";
import { esptool } from "../../../host/flash/esptool.ts";
import { type OpenLine, openLine } from "../../../host/flash/line.ts";
import type { FlashJob, FlashMethod } from "../../../host/flash/method.ts";
import { nordicDfu } from "../../../host/flash/nordic_dfu.ts";
import { AdafruitBootloader } from "../../counterparts/adafruit_bootloader.ts";
import type { SerialDevice } from "../../counterparts/counterpart.ts";
import { EspRom } from "../../counterparts/esp_rom.ts";
import { NordicBootloader } from "../../counterparts/nordic_bootloader.ts";
import { attachToPty } from "../../counterparts/pty_line.ts";
import type { Figure } from "../host/measure.ts";
import { adafruitLimit, esptoolLimit, type Limit, nordicLimit } from "./limits.ts";
import { PacedLine } from "./paced_line.ts";

/** One way of flashing one kind of board. */
export interface FlashCase {
  name: string;
  board: string;
  /** Where the image goes. */
  address: number;
  /** A board in its bootloader. */
  device(): SerialDevice;
  method(address: string, openLine: OpenLine): FlashMethod;
  limit(image: Uint8Array): Limit;
}

const fastBaudRate = 921_600;
const bootloaderBaudRate = 115_200;

/** To a port that is its bootloader's already: no touch at 1200 baud. */
const inBootloader = (address: string) => async () => [
  { address, kind: "serial" as const, usb: { vendor: "239a", product: "0029", serial: "A1" } },
];

function adafruitBoard(): SerialDevice {
  const bootloader = new AdafruitBootloader({ erasePageMs: 85 });
  // The application's USB port is another one; the last acknowledgement is still on its way.
  bootloader.onActivated = () => setTimeout(() => bootloader.onUnplug(), 50);
  return bootloader;
}

const nordicCase = (mtu: number): FlashCase => ({
  name: `nordic-dfu, MTU ${mtu}, ${bootloaderBaudRate} baud`,
  board: "feather-nrf52840",
  address: 0x1000,
  device: () => new NordicBootloader({ mtu }),
  method: (_, openLine) => nordicDfu({ openLine }),
  limit: (image) => nordicLimit(image, mtu, bootloaderBaudRate),
});

const espCase = (by: "stub" | "rom"): FlashCase => ({
  name: `esptool, ${by === "rom" ? "ROM alone" : "stub"}, ${fastBaudRate} baud`,
  board: "esp32-devkitc",
  address: 0x1000,
  device: () => new EspRom({ stub: by === "rom" ? "refused" : "accepted" }),
  method: (_, openLine) => esptool({ openLine }),
  limit: (image) => esptoolLimit(image, by, fastBaudRate),
});

export const flashCases: FlashCase[] = [
  espCase("stub"),
  espCase("rom"),
  {
    name: `adafruit-dfu, ${bootloaderBaudRate} baud`,
    board: "feather-nrf52840",
    address: 0x26000,
    device: adafruitBoard,
    method: (address, openLine) => adafruitDfu({ listPorts: inBootloader(address), openLine }),
    limit: (image) => adafruitLimit(image, bootloaderBaudRate),
  },
  nordicCase(131),
  nordicCase(2051),
];

/** The firmware of the case's board, at most so many bytes of it: its beginning, which compresses as the whole does. */
export async function imageFor({ board }: FlashCase, mostBytes: number): Promise<Uint8Array> {
  const { flashed } = await buildFirmware({ board: loadBoardConfig(board), engine: "wasm3" });
  const whole = readFileSync(flashed!.path);
  const bytes = Math.min(whole.length, mostBytes) & ~3;
  return whole.subarray(0, bytes);
}

export const jobOf = (one: FlashCase, image: Uint8Array, address: string): FlashJob => ({
  board: loadBoardConfig(one.board),
  name: one.name,
  address,
  segments: [{ address: one.address, bytes: image }],
  recover: false,
  onProgress: () => {},
});

/** Seconds from the method's beginning to its end. */
async function secondsOf(one: FlashCase, image: Uint8Array): Promise<number> {
  const pty = await attachToPty(new PacedLine(one.device()));
  try {
    const startMs = performance.now();
    await one.method(pty.path, openLine)(jobOf(one, image, pty.path));
    return (performance.now() - startMs) / 1000;
  } finally {
    await pty.unplug();
  }
}

const times = async <T>(count: number, work: () => Promise<T>): Promise<T[]> => {
  const results: T[] = [];
  for (let i = 0; i < count; i++) results.push(await work());
  return results;
};

/** Each method alone, as a share of its protocol's limit: the quickest of `rounds`, since whatever else the machine does only adds. */
export async function flashFigures(rounds: number, mostBytes: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const one of flashCases) {
    const image = await imageFor(one, mostBytes);
    const seconds = Math.min(...(await times(rounds, () => secondsOf(one, image))));
    const { line, waits } = one.limit(image);
    const limit = line + waits;
    figures.push({
      row: `flash: ${one.name}`,
      what: `${image.length.toLocaleString("en")} bytes in ${seconds.toFixed(2)} s, limit ${limit.toFixed(2)} s`,
      value: (100 * limit) / seconds,
      unit: "% of the limit",
      goal: "at least 85",
    });
  }
  return figures;
}

/** Four boards at once, of which the slowest counts, beside one alone, in turn: the quickest of `rounds` of each. */
export async function parallelFigures(rounds: number, mostBytes: number): Promise<Figure[]> {
  const one = flashCases[0]!;
  const image = await imageFor(one, mostBytes);
  let alone = Number.POSITIVE_INFINITY;
  let four = Number.POSITIVE_INFINITY;
  for (let i = 0; i < rounds; i++) {
    alone = Math.min(alone, await secondsOf(one, image));
    const all = await Promise.all(Array.from({ length: 4 }, () => secondsOf(one, image)));
    four = Math.min(four, Math.max(...all));
  }
  return [
    {
      row: "flash: four boards at once",
      what: `${one.name}: ${four.toFixed(2)} s, one alone ${alone.toFixed(2)} s`,
      value: 100 * (four / alone - 1),
      unit: "% longer",
      goal: "at most 10",
    },
  ];
}
