// By which method a board is flashed at what it is pointed to.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { loadBoardConfig } from "../../../host/boards/config.ts";
import { linkAt, placeAt } from "../../../host/flash/places.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-places-"));
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ["feather-nrf52840", folder, "uf2"],
  ["feather-nrf52840", "/dev/ttyACM7", "adafruit-dfu"],
  ["feather-nrf52840", "COM7", "adafruit-dfu"],
  ["nrf52840-dk", "683012345", "jlink"],
  ["esp32-devkitc", "/dev/ttyUSB7", "esptool"],
  ["esp32-devkitc", folder, "esptool"], // which then says that this is no port
])("flashes a %s at %s by %s", (id, address, method) => {
  expect(placeAt(loadBoardConfig(id), address)).toEqual({ method, address });
});

it("knows a firmware's port where it is flashed by it, and none where the link is an adapter's", async () => {
  const at = (id: string, address: string) => {
    const board = loadBoardConfig(id);
    return linkAt(board, placeAt(board, address));
  };
  expect(await at("esp32-devkitc", "/dev/ttyUSB7")).toBe("/dev/ttyUSB7");
  expect(await at("feather-nrf52840", "/dev/ttyACM7")).toBeUndefined();
});
