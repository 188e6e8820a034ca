// `ftte flash` as a user types it: virtual boards, which have nothing to flash, and chips behind ptys, several at once, of which some fail.

import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBoardConfig } from "../../host/boards/config.ts";
import { buildFirmware, type Firmware } from "../../host/build/firmware.ts";
import { type Hello, wireVersion } from "../../host/wire/spec.gen.ts";
import type { EspRomOptions } from "../counterparts/esp_rom.ts";
import type { PtyLine } from "../counterparts/pty_line.ts";
import { Uf2Drive } from "../counterparts/uf2_drive.ts";
import { FlashableChip } from "./flashable_chip.ts";
import { ftte, ftteText, type Outcome, start } from "./project.ts";

const id = "esp32-devkitc";
const mac = "240ac4010203";
let firmware: Firmware;
const lines: PtyLine[] = [];
beforeAll(async () => {
  firmware = await buildFirmware({ board: loadBoardConfig(id), engine: "wasm3" });
});
afterAll(() => Promise.all(lines.map((line) => line.unplug())));

function helloOf(build: number): Hello {
  const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(16 - bytes.length)]);
  const numbers = [
    ...["guestAbi", "firmwareVersion", "features", "ramBytes", "flashFreeBytes", "windowBytes", "state", "battery"],
    ...[
      "resetReason",
      "reserved",
      "resets",
      "kernelsCrc",
      "planCrc",
      "frozenCrc",
      "sliceVersion",
      "sliceCrc",
      "samples",
    ],
    ...["task", "updateTask", "run", "residualTask", "errors"],
  ];
  const zeros = Object.fromEntries(numbers.map((name) => [name, 0]));
  const [chipId, boardClass] = [padded(Buffer.from(mac, "hex")), padded(Buffer.from("esp32"))];
  return { ...zeros, wireVersion, chipId, boardClass, firmwareBuild: build } as unknown as Hello;
}

async function plug(options: EspRomOptions = {}, build = firmware.build) {
  const chip = new FlashableChip(firmware, helloOf(build), options);
  const line = await chip.attach();
  lines.push(line);
  return { chip, port: line.path };
}

const outcomes = (outcome: Outcome) => (outcome.events.at(-1) as { boards?: object[] }).boards;
const flash = (ports: string[]) => ftte(tmpdir(), ["flash", "--board", id, "--port", ...ports]);

describe("ftte flash", { timeout: 240_000 }, () => {
  it("says of a virtual board that nothing is flashed, and shows that its program works", async () => {
    const { status, stdout } = ftteText(tmpdir(), ["flash", "--board", "virtual-256k"]);
    expect(stdout).toMatch(/nothing is flashed; a board that ran it for a moment said hello/);
    expect(status).toBe(0);
  });

  it("flashes several chips at once, until the new firmware's hello, while another is refused", async () => {
    const [one, two, other] = await Promise.all([plug(), plug(), plug({ chip: "esp32c3" })]);
    const outcome = await flash([one!.port, two!.port, other!.port]);
    const bytes = readFileSync(firmware.flashed!.path).length;
    const flashed = { ok: true, chipId: mac, build: firmware.build, flashed: { bytes, verified: "hash" } };
    expect(outcomes(outcome)).toMatchObject([flashed, flashed, { ok: false, code: "board-wrong" }]);
    expect([one!.chip.holdsImage, two!.chip.holdsImage, other!.chip.holdsImage]).toEqual([true, true, false]);
    expect(outcome.status).toBe(3);
    expect(outcome.stderr).toContain(`${id} at ${other!.port}: the chip at ${other!.port} is an ESP32-C3`);
    const stages = outcome.events.filter((event) => event.board === `${id} at ${one!.port}`).map(({ stage }) => stage);
    expect([...new Set(stages)]).toEqual(["connecting", "writing", "verifying", "restarting", "starting", "done"]);
  });

  it("flashes a board that runs firmware by the beginning of its chip id", async () => {
    const { chip, port } = await plug();
    chip.runAtOnce();
    const outcome = await ftte(tmpdir(), ["flash", mac.slice(0, 6), "--port", port]);
    expect(outcomes(outcome)).toMatchObject([{ board: mac.slice(0, 8), config: id, ok: true, chipId: mac }]);
    expect(chip.flash.erasedPages).toBeGreaterThan(0);
    expect(outcome.status).toBe(0);
  });

  it("flashes a bootloader's drive where --port is a folder, and says whose hello it did not wait for", async () => {
    const xiao = loadBoardConfig("xiao-nrf52840-sense");
    const { flashed } = await buildFirmware({ board: xiao, engine: "wasm3" });
    const folder = join(mkdtempSync(join(tmpdir(), "ftte-drive-")), xiao.flashing.volume!);
    const drive = new Uf2Drive({ folder, softDevice: "S140 7.3.0" });
    const outcome = await ftte(tmpdir(), ["flash", "--board", xiao.id, "--port", folder]);
    const image = readFileSync(flashed!.path);
    expect(outcomes(outcome)).toMatchObject([{ ok: true, flashed: { bytes: image.length, verified: "bootloader" } }]);
    expect(Buffer.from(drive.flash.read(0x27000, image.length)).equals(image)).toBe(true);
    expect(outcome.stderr).toMatch(/its link is elsewhere \(native USB only.*\): name the port with --link/);
    expect(outcome.status).toBe(0);
  });

  it("says what state a chip is in that was unplugged", async () => {
    const { port } = await plug({ faults: { packets: [{ harm: "unplug", direction: "in", packet: 29 }] } });
    const outcome = await flash([port]);
    expect(outcome.status).toBe(3);
    expect(outcomes(outcome)).toMatchObject([{ ok: false, code: "flash-failed" }]);
    expect(outcome.stderr).toMatch(/is gone .*; the board has its firmware partly overwritten; .*flash it again/);
  });

  it("says that another firmware answers than was flashed", async () => {
    const { chip, port } = await plug({}, firmware.build + 1);
    const outcome = await flash([port]);
    expect(chip.holdsImage).toBe(true);
    expect(outcomes(outcome)).toMatchObject([{ ok: false, code: "flash-failed" }]);
    expect(outcome.stderr).toMatch(
      /answered by firmware of another build.*; the board holds the new firmware; press its reset button/,
    );
  });

  it("ends at Ctrl-C, and says what it leaves", async () => {
    const { port } = await plug({ faults: { packets: [{ harm: "drop", direction: "in", packet: 29 }] } });
    const { child, done } = start(tmpdir(), ["flash", "--board", id, "--port", port]);
    let heard = "";
    child.stdout!.on("data", (text: Buffer) => {
      const before = heard;
      heard += text;
      if (heard.includes('"writing"') && !before.includes('"writing"')) child.kill("SIGINT"); // the second one ends at once
    });
    const outcome = await done;
    expect(outcome.status).toBe(130);
    expect(outcomes(outcome)).toMatchObject([{ ok: false, code: "interrupted" }]);
    expect(outcome.stderr).toMatch(/interrupted; the board has its firmware partly overwritten; .*flash it again/);
  });

  it.each([
    [["flash"], 2, /say which/],
    [["flash", "--board", id, "--port", "/dev/ttyNone9"], 3, /there is no such device/],
    [["flash", "ffff", "--port", "/dev/ttyNone9"], 2, /"ffff" is no board's name, chip id or port/],
  ] as const)("refuses %j", async (args, status, text) => {
    const outcome = await ftte(tmpdir(), [...args]);
    expect(outcome.status).toBe(status);
    expect(outcome.stderr).toMatch(text);
  });
});
