// How a board over BLE is named where a serial board has its port: `ble:` and what the operating system calls it. That is its Bluetooth
// address (Linux, Windows) or, on macOS, which hides addresses, an id that CoreBluetooth made for it. Opens nothing.

import { FtteError } from "../errors.ts";

const scheme = "ble:";
const macAddress = /^[0-9a-f]{2}(:?[0-9a-f]{2}){5}$/i;
const coreBluetoothId = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

export const isBleAddress = (address: string): boolean => address.startsWith(scheme);

/** The address for `id`, 12 or 32 hexadecimal digits. */
export const bleAddress = (id: string): string => scheme + (id.length === 12 ? id.match(/../g)!.join(":") : id);

/**
 * "ble:C0:FF:EE:00:00:01" → "c0ffee000001", as noble calls it.
 * @throws FtteError "usage"
 */
export function bleId(address: string): string {
  const name = address.slice(scheme.length);
  if (!isBleAddress(address) || !(macAddress.test(name) || coreBluetoothId.test(name)))
    throw new FtteError(
      "usage",
      `"${address}" names no BLE board; write ble: and its address, such as ble:c0:ff:ee:00:00:01 (to find it: ftte boards --ble)`,
    );
  return name.replaceAll(/[:-]/g, "").toLowerCase();
}
