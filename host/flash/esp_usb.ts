// The USB Serial/JTAG controller inside later chips of Espressif's, where a board leads it to a port: how it is known, and which watchdogs
// go on through its resets. Pure; esptool-js does the reset itself (DTR, then through both to RTS), once it knows what is behind the port.
//
// Sources: esptool, esptool/targets/esp32c3.py and esp32s3.py, `disable_watchdogs` (registers, keys, order), and
// docs/en/troubleshooting.rst, "Leaving Download Mode in USB-Serial/JTAG Mode": its resets are of the core, and do not look at the boot
// pin.

import type { BoardConfig } from "../boards/config.ts";

type UsbId = Pick<BoardConfig["usb"][number], "vendor" | "product">;

export const isUsbSerialJtag = ({ vendor, product }: UsbId) => vendor === "303a" && product === "1001";

const key = 0x50d8_3aa1;
const superKey = 0x8f1d_312a;
/** SWD_CONF: the super watchdog is fed by itself. */
const feedsItself = 2 ** 31;

/** Of the RTC's watchdog and the super watchdog. */
const registers: Record<string, { protect: number; config: number; superProtect: number; superConfig: number }> = {
  "ESP32-C3": { protect: 0x600080a8, config: 0x60008090, superProtect: 0x600080b0, superConfig: 0x600080ac },
  "ESP32-S3": { protect: 0x600080b0, config: 0x60008098, superProtect: 0x600080b8, superConfig: 0x600080b4 },
};

/** Writes of whole registers, in order, but that only the bits in `mask` change; none for a chip that has no such controller. */
export function stopWatchdogs(chip: string): { address: number; value: number; mask: number }[] {
  const of = registers[chip];
  if (!of) return [];
  const all = 0xffff_ffff;
  return [
    { address: of.protect, value: key, mask: all },
    { address: of.config, value: 0, mask: all },
    { address: of.protect, value: 0, mask: all },
    { address: of.superProtect, value: superKey, mask: all },
    { address: of.superConfig, value: feedsItself, mask: feedsItself },
    { address: of.superProtect, value: 0, mask: all },
  ];
}
