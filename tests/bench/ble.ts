// Goodput of a blob's transfer to a virtual board over BLE, as a share of what the connection allows: so many full packets (of an MTU of 247) in
// each connection event. The real noble, HCI, protocol and firmware, a virtual controller (tests/ble) and its air. The board's window counts
// most: 960 bytes are what every port takes, 5760 what a radio's port with a larger buffer takes.
//
//     npm run bench:ble -- [--kilobytes 128] [--pace 0.5] [--json]

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadBoardConfig, virtualBoardArguments } from "../../host/boards/config.ts";
import { BoardSession } from "../../host/boards/session.ts";
import { VirtualBoard } from "../../host/boards/virtual.ts";
import { buildFirmware } from "../../host/build/firmware.ts";
import { root } from "../../host/build/root.ts";
import { percent, table } from "../../host/cli/view/text.ts";
import { seeded } from "../../host/data/random.ts";
import { openPipe } from "../../host/link/open.ts";
import { Peripheral } from "../ble/peripheral.ts";
import { behind, virtualRadio } from "../ble/virtual_radio.ts";

export interface BleCase {
  /** Bytes that may be on their way to the board. */
  windowBytes: 960 | 5760;
  intervalMs: number;
  packetsPerEvent: number;
  /** Chance that an exchange on the air is lost; the share is of what an air without loss allows. */
  loss: number;
}

export interface BleOptions {
  kilobytes: number;
  /** How many times as fast as the clock the air is; below 1, so that the machine's own speed does not count. */
  pace: number;
}

/** 15 ms hold six packets of 251 bytes at 1 Mbit/s, 7.5 ms three: 2.12 ms each, an empty answer of 0.08 and two gaps of 0.15. */
export const bleCases: BleCase[] = [
  { windowBytes: 960, intervalMs: 15, packetsPerEvent: 6, loss: 0 },
  { windowBytes: 5760, intervalMs: 15, packetsPerEvent: 6, loss: 0 },
  { windowBytes: 5760, intervalMs: 15, packetsPerEvent: 6, loss: 0.01 },
  { windowBytes: 5760, intervalMs: 7.5, packetsPerEvent: 3, loss: 0 },
];

const valueBytes = 244; // of a packet: an MTU of 247 without opcode and handle

/** The posix firmware, as a port with a buffer for this window would be built. */
async function programFor(windowBytes: number): Promise<string> {
  const { path } = await buildFirmware({ port: "posix", engine: "wasm3" });
  if (windowBytes === 960) return path;
  const out = `build/firmware/posix-window-${windowBytes}`;
  const variables = ["PORT=posix", `OUT=${out}`, `EXTRA_CFLAGS=-DFTTE_WINDOW_BYTES=${windowBytes}u`];
  const { status, stderr } = spawnSync("make", ["-C", "firmware", "-j2", ...variables], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return join(root, out, "ftte-posix");
}

/** Seconds of the air's time that a blob takes. */
async function transferSeconds(port: string, { kilobytes, pace }: BleOptions, air: BleCase): Promise<number> {
  const far = new Peripheral({ address: "c0:00:00:00:00:01", name: "wrist-01" });
  const leave = await behind(far, port);
  const { intervalMs, packetsPerEvent, loss } = air;
  const radio = await virtualRadio([far], { intervalMs, packetsPerEvent, loss, pace });
  process.env.FTTE_HCI_UART = radio.path;
  const session = new BoardSession(await openPipe(`ble:${far.address}`), { name: "wrist-01" });
  try {
    await session.hello();
    const random = seeded(1);
    const blob = Uint8Array.from({ length: kilobytes * 1024 }, () => random() * 256);
    const startMs = performance.now();
    await session.put("frozen", blob);
    return ((performance.now() - startMs) / 1000) * pace;
  } finally {
    await session.close();
    await leave();
    await radio.end();
  }
}

/** The blob's bytes per second as a share of what the connection's packets can carry. */
export async function bleGoodput(air: BleCase, options: BleOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "ftte-ble-"));
  const configArguments = virtualBoardArguments(loadBoardConfig("virtual-1m"));
  const program = await programFor(air.windowBytes);
  const board = new VirtualBoard({ name: "wrist-01", program, folder, baudRate: 0, configArguments });
  await board.start();
  try {
    const allowed = (air.packetsPerEvent * valueBytes * 1000) / air.intervalMs;
    return (options.kilobytes * 1024) / (await transferSeconds(board.address, options, air)) / allowed;
  } finally {
    await board.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kilobytes: { type: "string", default: "128" },
      pace: { type: "string", default: "0.5" },
      json: { type: "boolean" },
    },
  });
  const options = { kilobytes: Number(values.kilobytes), pace: Number(values.pace) };
  const rows: (BleCase & { goodput: number })[] = [];
  for (const air of bleCases) rows.push({ ...air, goodput: await bleGoodput(air, options) });
  if (values.json) return console.log(JSON.stringify({ type: "ble", ...options, rows }));
  const cells = rows.map((r) =>
    [r.windowBytes, r.intervalMs, r.packetsPerEvent, r.loss, percent(r.goodput)].map(String),
  );
  console.log(table(["window", "interval, ms", "packets", "loss", "goodput / allowed"], cells));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
