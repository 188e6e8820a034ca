// Which boards can be flashed by what.

import { expect, it } from "vitest";
import { loadBoardConfig } from "../../../host/boards/config.ts";
import { flashMethod } from "../../../host/flash/methods.ts";

it("refuses boards that nothing flashes, by name", async () => {
  await expect(flashMethod(loadBoardConfig("virtual-64k"))).rejects.toMatchObject({
    code: "flash-method",
    message: expect.stringContaining('virtual-64k: boards are not flashed by "process"'),
  });
});

it("loads the method of an ESP32", async () => {
  expect(await flashMethod(loadBoardConfig("esp32-c3-devkitm"))).toBeTypeOf("function");
});
