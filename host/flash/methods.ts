// The ways of flashing a board, by the names that board configs call them. Each one's code, and the package behind it, is loaded only when
// it is used.

import type { BoardConfig } from "../boards/config.ts";
import { FtteError } from "../errors.ts";
import type { FlashMethod } from "./method.ts";

type MethodName = BoardConfig["flashing"]["method"];

const methods: Partial<Record<MethodName, () => Promise<FlashMethod>>> = {
  esptool: async () => (await import("./esptool.ts")).esptool(),
};

/** The method of the board's config. @throws FtteError "flash-method" when there is none by that name */
export async function flashMethod(board: BoardConfig): Promise<FlashMethod> {
  const { method } = board.flashing;
  const load = methods[method];
  if (!load) throw new FtteError("flash-method", `${board.id}: boards are not flashed by "${method}"`);
  return load();
}
