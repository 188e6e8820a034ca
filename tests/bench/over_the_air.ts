// What an update of the kernels over the air costs: bytes on the line and seconds, from the hello before it until the board has said hello with
// the new kernels, was confirmed and read back. A virtual board of 256 KiB at 921,600 baud, the real firmware and the product's own code.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadBoardConfig, virtualBoardArguments } from "../../host/boards/config.ts";
import { KnownBoards } from "../../host/boards/names.ts";
import { BoardSession } from "../../host/boards/session.ts";
import { VirtualBoard } from "../../host/boards/virtual.ts";
import { buildFirmware } from "../../host/build/firmware.ts";
import { builtGuest } from "../../host/build/root.ts";
import { ConsoleBoard } from "../../host/cli/console/board.ts";
import { overTheAir } from "../../host/cli/over_the_air.ts";
import type { OpenPipe } from "../../host/link/pipe.ts";
import { openSerial } from "../../host/link/serial.ts";

export interface AirFigures {
  /** Of the kernels. */
  blobBytes: number;
  bytesToBoard: number;
  bytesToHost: number;
  seconds: number;
}

/** Counts what passes through the pipes that `open` opens. */
function counting(): { open: OpenPipe; sent: () => number; heard: () => number } {
  let sent = 0;
  let heard = 0;
  const open: OpenPipe = async (address, options) => {
    const pipe = await openSerial(address, options);
    const { closed } = pipe;
    const write = (bytes: Uint8Array) => {
      sent += bytes.length;
      return pipe.write(bytes);
    };
    const onData = (listener: (bytes: Uint8Array) => void) =>
      pipe.onData((bytes) => {
        heard += bytes.length;
        listener(bytes);
      });
    return { address, closed, write, onData, close: () => pipe.close() };
  };
  return { open, sent: () => sent, heard: () => heard };
}

/** One update of a board that has other kernels (those that bring layers of their own). */
export async function airFigures(): Promise<AirFigures> {
  const { path: program } = await buildFirmware({ port: "posix", engine: "wasm3" });
  const folder = mkdtempSync(join(tmpdir(), "ftte-air-"));
  const configArguments = virtualBoardArguments(loadBoardConfig("virtual-256k"));
  const virtual = new VirtualBoard({ name: "wrist-01", folder, program, configArguments });
  const bytes = readFileSync(builtGuest("kernels.wasm"));
  try {
    await virtual.start();
    await putBefore(virtual.address, readFileSync(builtGuest("kernels.layers.wasm")));
    return { blobBytes: bytes.length, ...(await measured(virtual.address, bytes)) };
  } finally {
    await virtual.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function putBefore(address: string, bytes: Uint8Array): Promise<void> {
  const session = new BoardSession(await openSerial(address));
  await session.hello();
  await session.put("kernels", bytes);
  await session.close();
}

async function measured(address: string, bytes: Uint8Array): Promise<Omit<AirFigures, "blobBytes">> {
  const { open, sent, heard } = counting();
  const ports = async () => [{ address, kind: "virtual" as const }];
  const board = await ConsoleBoard.find(address, { known: KnownBoards.read("/nonexistent"), ports, open });
  const before = { sent: sent(), heard: heard() };
  const start = performance.now();
  await overTheAir(board, { kind: "kernels", bytes }, { trialSeconds: 60, onStage: () => {} });
  const seconds = (performance.now() - start) / 1000;
  await board.close();
  return { bytesToBoard: sent() - before.sent, bytesToHost: heard() - before.heard, seconds };
}
