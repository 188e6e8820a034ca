// Firmware over the air on a Cortex-M4F in QEMU with a boot stage of our own: the same outcomes as on a virtual board
// (firmware_over_the_air.test.ts), from real reset vectors and faults of the core. QEMU's UART takes 11 kB a second, so a whole image is received
// by a virtual board with the same flash, and the chip's boot stage finds what that one's power cut left.

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadBoardConfig, virtualBoardArguments } from "../../host/boards/config.ts";
import { EmulatedBoard } from "../../host/boards/emulated.ts";
import { VirtualBoard } from "../../host/boards/virtual.ts";
import { buildFirmware, type Firmware } from "../../host/build/firmware.ts";
import { ReturnReason } from "../../host/wire/spec.gen.ts";
import { hello, record, samples, session, train } from "./conversation.ts";
import { claimed, type FirmwareBlob, withNumber } from "./firmware_images.ts";
import { updated } from "./over_the_air.ts";

const config = loadBoardConfig("mps2-updatable");
const folder = mkdtempSync(join(tmpdir(), "ftte-chip-"));
const second = 2222222222;
let firmware: Firmware;
let image: Buffer;
let good: FirmwareBlob;
let board: EmulatedBoard;
beforeAll(async () => {
  firmware = await buildFirmware({ board: config, engine: "wasm3" });
  image = readFileSync(firmware.images[0]!);
  good = ofChip(withNumber(image, firmware.build, second));
  board = new EmulatedBoard({ name: "emulated", folder, program: firmware.path, board: config });
  await board.start();
}, 120_000);
afterAll(async () => {
  await board.kill();
  rmSync(folder, { recursive: true, force: true });
});

const ofChip = (bytes: Uint8Array) => claimed(bytes, second, config.class);
const build = async () => (await hello(board)).firmwareBuild;
const report = () => session(board, (open) => open.hello().then(() => open.trial()));

/** Starts the chip with the flash of a board that has received good firmware and was not reset yet. */
async function startStaged(trialSeconds: number): Promise<void> {
  const { path: program } = await buildFirmware({ port: "posix", engine: "wasm3" });
  const configArguments = [...virtualBoardArguments(config), "--baud", "0"];
  const receiver = new VirtualBoard({ name: "receiver", folder, program, configArguments });
  await receiver.start();
  await session(receiver, (open) => open.hello().then(() => open.put("firmware", good.bytes, { trialSeconds })));
  await receiver.kill();
  await board.kill();
  const chip = openSync(board.flash, "r+");
  writeSync(chip, readFileSync(receiver.flash), 0, config.flash.bytes, Number(config.flash.at));
  closeSync(chip);
  await receiver.erase();
  await board.start();
}

/** An image that has vectors and then stays where it is, its handlers too. */
function standing(): Buffer {
  const bytes = Buffer.alloc(128);
  const code = Number(config.flashing.applicationAt) + 64;
  bytes.writeUInt32LE(Number(config.ram[0]!.at) + 4096);
  for (let i = 1; i < 16; i++) bytes.writeUInt32LE(code | 1, 4 * i);
  bytes.writeUInt16LE(0xe7fe, 64); // b .
  return bytes;
}

it.each([
  ["without vectors", () => Buffer.from("no vectors at all")],
  ["cut off behind its vectors", () => image.subarray(0, 4096)],
] as const)("an image %s leaves the old firmware at work", async (_, bytes) => {
  const refused = await updated({ board }, ofChip(bytes()));
  expect(refused).toMatchObject({ outcome: "update-returned", message: expect.stringMatching(/the new one faulted/) });
  expect(await build()).toBe(firmware.build);
});

it("an image that stands still is gone after a power cut", async () => {
  await session(board, async (open) => {
    await open.hello();
    await open.put("firmware", ofChip(standing()).bytes, { trialSeconds: 60 });
    await open.reset("board");
  });
  const answers = () => session(board, (open) => open.hello({ patienceMs: 300 })).then(Boolean, () => false);
  await expect.poll(answers, { timeout: 20_000 }).toBe(false);
  await board.restart();
  await expect.poll(build, { timeout: 20_000 }).toBe(firmware.build);
  expect(await report()).toMatchObject({ returnedReason: ReturnReason.reset });
});

it("good firmware that nobody confirms gives way when its time is over", async () => {
  await startStaged(3);
  expect(await build()).toBe(second);
  await expect.poll(build, { timeout: 60_000 }).toBe(firmware.build);
  expect(await report()).toMatchObject({ returnedReason: ReturnReason.time });
});

it("good firmware is the chip's own once confirmed, trains, and stays through resets and power cuts", async () => {
  await startStaged(60);
  expect(await updated({ board }, good)).toMatchObject({ outcome: "updated" });
  expect(await record(board)).toBe(samples.length);
  expect(await train(board, 1)).not.toBe("");
  const { resets } = await hello(board);
  await session(board, (open) => open.hello().then(() => open.reset("board")));
  await expect.poll(async () => (await hello(board)).resets, { timeout: 20_000 }).toBe(resets + 1);
  expect(await build()).toBe(second);
  await board.restart();
  expect(await hello(board)).toMatchObject({ firmwareBuild: second, samples: samples.length });
});
