// Which boards can be flashed by what.

import { expect, it } from "vitest";
import { boardIds, loadBoardConfig } from "../../../host/boards/config.ts";
import { flashMethod, methodNames } from "../../../host/flash/methods.ts";

it("refuses boards that nothing flashes, by name", async () => {
  await expect(flashMethod(loadBoardConfig("virtual-64k"))).rejects.toMatchObject({
    code: "flash-method",
    message: expect.stringContaining('virtual-64k: boards are not flashed by "process"'),
  });
});

it("refuses a method that the board does not know, and names those that it does", async () => {
  await expect(flashMethod(loadBoardConfig("feather-nrf52840"), "cmsis-dap")).rejects.toMatchObject({
    code: "flash-method",
    message: 'feather-nrf52840: boards are not flashed by "cmsis-dap"; it is flashed by uf2, adafruit-dfu',
  });
});

it.each(boardIds().filter((id) => !["process", "emulator"].includes(loadBoardConfig(id).flashing.method)))(
  "loads every method that %s names",
  async (id) => {
    const board = loadBoardConfig(id);
    for (const name of methodNames(board)) expect(await flashMethod(board, name)).toBeTypeOf("function");
    expect(await flashMethod(board)).toBeTypeOf("function");
  },
);
