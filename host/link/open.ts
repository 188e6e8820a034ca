// Opens a board's pipe by its address: `ble:…` over the air, anything else as a serial device. The one place that chooses; what BLE needs is
// loaded with the first such board.

import { isBleAddress } from "./ble_address.ts";
import type { OpenPipe } from "./pipe.ts";
import { openSerial } from "./serial.ts";

/** @throws FtteError as openSerial or openBle does */
export const openPipe: OpenPipe = async (address, options) => {
  if (!isBleAddress(address)) return openSerial(address, options);
  const { openBle } = await import("./ble.ts");
  return openBle(address);
};
