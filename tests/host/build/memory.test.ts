// How a board's RAM is dealt out, and that a board is not built for what does not fit.
import { describe, expect, it } from "vitest";
import { boardIds, loadBoardConfig } from "../../../host/boards/config.ts";
import { memoryBudget, requireRoom } from "../../../host/build/memory.ts";

const boards = boardIds().map((id) => loadBoardConfig(id));

describe.each(["wasm3", "aot"] as const)("RAM with the engine %s", (engine) => {
  it.each(boards.map((board) => board.id))("is the sum of its parts on %s, and has room for an arena", (id) => {
    const budget = memoryBudget(loadBoardConfig(id), engine);
    expect(budget.static + budget.stack + budget.engine + budget.arena).toBe(budget.ram);
    expect(budget.arena).toBeGreaterThan(0);
  });

  it("holds an arena to the byte, and refuses a byte more with every part of it", () => {
    const board = loadBoardConfig("mps2-nrf52832");
    const { ram, static: fixed, stack, engine: pool, arena } = memoryBudget(board, engine);
    requireRoom(board, engine, arena);
    const refused = () => requireRoom(board, engine, arena + 1);
    expect(refused).toThrow(expect.objectContaining({ code: "plan-too-large" }));
    for (const part of [
      `an arena of ${arena + 1} bytes`,
      `mps2-nrf52832 has ${ram} bytes`,
      `${fixed} static`,
      `${stack} of native stack`,
      `${pool} for the ${engine} engine`,
      `${arena} are left`,
    ])
      expect(refused).toThrow(part);
  });

  it("refuses a board that the firmware alone fills", () => {
    const board = loadBoardConfig("mps2-nrf52832");
    const { ram, arena } = memoryBudget(board, engine);
    const small = { ...board, ramBytes: ram - arena };
    expect(() => requireRoom(small, engine, 1)).toThrow("0 are left");
    expect(() => requireRoom({ ...small, ramBytes: 1000 }, engine, 0)).toThrow("0 are left");
  });
});
