// Boards over BLE: the built command, the real noble and firmware, a virtual controller with an air that loses packets.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBoardConfig, virtualBoardArguments } from "../../host/boards/config.ts";
import { recorded, recordingFile } from "../../host/boards/recording.ts";
import { BoardSession } from "../../host/boards/session.ts";
import { VirtualBoard } from "../../host/boards/virtual.ts";
import { buildFirmware } from "../../host/build/firmware.ts";
import { csv } from "../../host/data/csv.ts";
import { elementsPerSample, packRecords, subset } from "../../host/data/dataset.ts";
import type { Dataset } from "../../host/data/types.ts";
import { openPipe } from "../../host/link/open.ts";
import { Peripheral } from "../ble/peripheral.ts";
import { behind, type VirtualRadio, virtualRadio } from "../ble/virtual_radio.ts";
import { openPatiently } from "./live_board.ts";
import { ftte, gestureProject, modelHash, resultOf } from "./project.ts";

const count = 20;
const folder = mkdtempSync(join(tmpdir(), "ftte-ble-"));
const boards: VirtualBoard[] = [];
const peripherals = Array.from(
  { length: count },
  (_, i) => new Peripheral({ address: `c0:ff:ee:00:00:${(0x10 + i).toString(16)}`, name: `wrist-${i}` }),
);
const inTheAir = peripherals.map(({ address }) => `ble:${address}`);
let radio: VirtualRadio;
let data: Dataset;

/** A project whose boards are at these ports. */
const projectOf = (ports?: string[]) =>
  gestureProject((text) =>
    text
      .replace(/fleet: .*/, `fleet: ${JSON.stringify([{ board: "virtual-64k", train: "head", ports }])},`)
      .replace("buffer: 2", "buffer: 10"),
  );

/** A board that has recorded what one person did. */
function board(program: string, index: number): VirtualBoard {
  const mine = Uint32Array.from(data.users.keys()).filter((i) => data.users[i] === index % 10);
  const samples = join(folder, `${index}.samples`);
  writeFileSync(
    samples,
    recordingFile(packRecords(subset(data, mine)), { type: data.type, elements: elementsPerSample(data) }),
  );
  const configArguments = virtualBoardArguments(loadBoardConfig("virtual-64k"));
  return new VirtualBoard({ name: `wrist-${index}`, program, folder, samples, configArguments, baudRate: 0 });
}

/** Factory-new boards, with their samples. */
async function begin(indices: readonly number[]): Promise<void> {
  const samplesOf = (i: number) => data.users.filter((user) => user === i % 10).length;
  const start = async (i: number) => {
    const each = boards[i]!;
    await each.erase();
    await each.start();
    await recorded({ id: each.chipId, address: each.address, name: each.name }, samplesOf(i), openPatiently);
  };
  await Promise.all(indices.map(start));
}

beforeAll(async () => {
  const path = join(gestureProject(), "imu.csv");
  data = csv({ path, columns: ["ax", "ay", "az"], label: "gesture", user: "person", window: 16, hop: 16 });
  const { path: program } = await buildFirmware({ port: "posix", engine: "wasm3" });
  for (let i = 0; i < count; i++) boards.push(board(program, i));
  // A small controller: packets of 27 bytes, and few buffers for all its connections.
  radio = await virtualRadio([...peripherals], { intervalMs: 15, pace: 4, loss: 0.05, packetBytes: 27 });
  process.env.FTTE_HCI_UART = radio.path;
});
afterAll(async () => {
  await radio.end();
  await Promise.all(boards.map((each) => each.kill()));
  rmSync(folder, { recursive: true });
});

/** A supervision time-out as soon as the peripheral has taken so many bytes. */
function fadeAfter(peripheral: Peripheral, bytes: number): void {
  let taken = 0;
  const ignore = peripheral.onData((value) => {
    taken += value.length;
    if (taken < bytes) return;
    ignore();
    radio.controller.fade(peripheral, 1000);
  });
}

/** Puts the boards behind their peripherals; returns what takes them off. */
async function lift(indices: readonly number[]): Promise<() => Promise<void>> {
  const leave = await Promise.all(indices.map((i) => behind(peripherals[i]!, boards[i]!.address)));
  return async () => {
    await Promise.all(leave.map((each) => each()));
  };
}
const all = () => [...boards.keys()];

it("trains 20 boards over a bad air, and loses and changes nothing", { timeout: 120_000 }, async () => {
  await begin(all());
  const wired = projectOf(boards.map(({ address }) => address));
  resultOf(await ftte(wired, ["train", "--deterministic"]));

  await begin(all());
  const land = await lift(all());
  fadeAfter(peripherals[7]!, 2000);
  const wireless = projectOf(inTheAir);
  const outcome = await ftte(wireless, ["train", "--deterministic"]);
  await land();
  expect(resultOf(outcome)).toMatchObject({ versions: 5, updates: { rejected: 0, lost: 0 } });
  expect(await modelHash(wireless)).toBe(await modelHash(wired));
  expect(outcome.events).toContainEqual(
    expect.objectContaining({
      ...{ type: "board", board: boards[7]!.chipId, activity: "offline" },
      note: expect.stringContaining("nothing heard of it for the supervision time-out"),
    }),
  );
  expect(radio.controller.lost).toBeGreaterThan(10);
  expect(peripherals.flatMap(({ violations }) => violations)).toEqual([]);
});

describe("boards that run already", () => {
  let land: () => Promise<void>;
  beforeAll(async () => {
    await begin([0, 1, 2, 3]);
    land = await lift([0, 1]);
    for (const far of peripherals.slice(2)) far.powered = false;
  });
  afterAll(() => land());

  it("are listed with --ble, by what answers behind each advertisement", { timeout: 60_000 }, async () => {
    const outcome = await ftte(folder, ["boards", "--ble", "1"], { XDG_STATE_HOME: folder });
    const { boards: listed } = resultOf(outcome) as { boards: { address: string }[] };
    const heard = listed.filter(({ address }) => address.startsWith("ble:"));
    expect(heard.toSorted((a, b) => (a.address < b.address ? -1 : 1))).toMatchObject(
      [0, 1].map((i) => ({
        ...{ address: inTheAir[i], chipId: boards[i]!.chipId, state: "idle" },
        ...{ kind: "ble", link: "ble", signal: -60, advertised: `wrist-${i}` },
      })),
    );
  });

  it("train together, some over BLE and some on serial ports", { timeout: 60_000 }, async () => {
    const ports = [inTheAir[0]!, boards[2]!.address, inTheAir[1]!, boards[3]!.address];
    const mixed = projectOf();
    const result = resultOf(await ftte(mixed, ["train", ...ports.flatMap((port) => ["--port", port])]));
    expect(result).toMatchObject({ versions: 5, updates: { rejected: 0, lost: 0 } });
  });

  it("go on with a transfer at the byte where the air took it away", async () => {
    const [far, { chipId }] = [peripherals[0]!, boards[0]!];
    const blob = Uint8Array.from({ length: 8192 }, (_, i) => i * 7 + (i >> 8));
    let taken = 0;
    const ignore = far.onData(({ length }) => {
      taken += length;
    });
    const put = async () => {
      const session = new BoardSession(await openPipe(inTheAir[0]!), { chipId });
      await session.hello();
      await session.put("frozen", blob).finally(() => session.close());
    };
    fadeAfter(far, 6000);
    await expect(put()).rejects.toMatchObject({ code: "link-gone" });
    await put();
    ignore();
    // Framing, two hellos and two beginnings, and one window that was on its way.
    expect(taken).toBeLessThan(blob.length * 1.06 + 960 + 600);
  });
});

it("says that no adapter is there, and what to do", async () => {
  const outcome = await ftte(folder, ["boards", "--ble"], { FTTE_HCI_UART: join(folder, "unplugged") });
  expect([outcome.status, outcome.events.at(-1)]).toMatchObject([3, { type: "error", code: "radio-absent" }]);
});
