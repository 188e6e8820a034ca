// The ways of flashing a board, by the names that board configs call them. Each one's code, and the package behind it, is loaded only when
// it is used.

import type { BoardConfig } from "../boards/config.ts";
import { FtteError } from "../errors.ts";
import type { FlashMethod } from "./method.ts";

type Flashing = BoardConfig["flashing"];
export type MethodName = Flashing["method"] | NonNullable<Flashing["alternatives"]>[number];

const methods: Partial<Record<MethodName, () => Promise<FlashMethod>>> = {
  esptool: async () => (await import("./esptool.ts")).esptool(),
  uf2: async () => (await import("./uf2.ts")).uf2(),
  "adafruit-dfu": async () => (await import("./adafruit_dfu.ts")).adafruitDfu(),
  "nordic-dfu": async () => (await import("./nordic_dfu.ts")).nordicDfu(),
  jlink: async () => (await import("./jlink.ts")).jlink(),
  "cmsis-dap": async () => (await import("./cmsis_dap.ts")).cmsisDap(),
};

/** The methods that the board's config names, the usual one first. */
export const methodNames = ({ flashing }: BoardConfig): MethodName[] => [
  flashing.method,
  ...(flashing.alternatives ?? []),
];

/**
 * The board's usual method, or `name`, which must be one that its config names.
 * @throws FtteError "flash-method" when there is none by that name, or the board does not know it
 */
export async function flashMethod(board: BoardConfig, name: MethodName = board.flashing.method): Promise<FlashMethod> {
  const known = methodNames(board);
  const load = known.includes(name) ? methods[name] : undefined;
  if (load) return load();
  const list = known.filter((one) => methods[one]).join(", ");
  const remedy = list ? `; it is flashed by ${list}` : "";
  throw new FtteError("flash-method", `${board.id}: boards are not flashed by "${name}"${remedy}`);
}
