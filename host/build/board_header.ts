// What a board's config says, as a C header for its port and for its linker script: macros only, so that C, assembly and the script's
// preprocessor read the same file. Pure: config in, text out.

import type { BoardConfig } from "../boards/config.ts";
import { BlobKind } from "../wire/spec.gen.ts";

/** "P1.11" is pin 43 of an nRF52 (32 to a port), "GPIO21" is 21. Pins of other names have none and are left out. */
function pinNumber(pin: string): number | undefined {
  const [, port, bit] = /^P(\d)\.(\d{2})$/.exec(pin) ?? [];
  if (port !== undefined) return Number(port) * 32 + Number(bit);
  const [, number] = /^GPIO(\d+)$/.exec(pin) ?? [];
  return number === undefined ? undefined : Number(number);
}

const macroName = (text: string) => text.toUpperCase().replace(/\W+/g, "_");

function pinMacros(prefix: string, pins: Record<string, string>): string[] {
  return Object.entries(pins).flatMap(([name, pin]) => {
    const number = pinNumber(pin);
    return number === undefined ? [] : [`${prefix}_${macroName(name)} ${number}`];
  });
}

const settingName = (text: string) => macroName(text.replace(/[A-Z]/g, (letter) => `_${letter}`));

function sensorMacros({ sensors }: BoardConfig): string[] {
  const driven = sensors.find(({ driver }) => driver !== undefined);
  if (!driven?.driver) return [];
  const { name, ...settings } = driven.driver;
  const values = Object.entries(settings).map(([setting, value]) => `FTTE_SENSOR_${settingName(setting)} ${value}`);
  const address = `FTTE_SENSOR_ADDRESS ${driven.address}`;
  return [`FTTE_SENSOR_${macroName(name)} 1`, address, ...values, ...pinMacros("FTTE_PIN_SENSOR", driven.pins ?? {})];
}

/**
 * Macros of the header:
 * - FTTE_BOARD_ID, FTTE_BOARD_CLASS (strings), FTTE_CHIP_<chip> (1)
 * - FTTE_RAM_AT, FTTE_RAM_BYTES: the first RAM region; FTTE_RAM_1_AT, FTTE_RAM_1_BYTES and so on: the others
 * - FTTE_FLASH_AT, _BYTES, _PAGE_BYTES, _PROGRAM_BYTES: the region that belongs to ftte; FTTE_FLASH_PARTITIONS: initialiser of
 *   struct ftte_flash_geometry.partition_bytes
 * - FTTE_APPLICATION_AT: where the image begins in flash, 0 without a bootloader
 * - FTTE_LINK_BAUD; FTTE_PIN_<NAME>: pin numbers as the chip counts them
 * - of the sensor that has a driver: FTTE_SENSOR_<DRIVER> (1), FTTE_SENSOR_ADDRESS, FTTE_SENSOR_<SETTING>, FTTE_PIN_SENSOR_<NAME>
 */
export function boardHeader(board: BoardConfig): string {
  const { flash, ram } = board;
  const partitions = Object.entries(flash.partitions).map(
    ([kind, bytes]) => `[${BlobKind[kind as keyof typeof flash.partitions]}] = ${bytes}`,
  );
  const regions = ram.flatMap(({ at, bytes }, i) => {
    const name = i === 0 ? "FTTE_RAM" : `FTTE_RAM_${i}`;
    return [`${name}_AT ${at}`, `${name}_BYTES ${bytes}`];
  });
  const macros = [
    `FTTE_BOARD_ID "${board.id}"`,
    `FTTE_BOARD_CLASS "${board.class}"`,
    `FTTE_CHIP_${macroName(board.chip)} 1`,
    ...regions,
    `FTTE_FLASH_AT ${flash.at}`,
    `FTTE_FLASH_BYTES ${flash.bytes}`,
    `FTTE_FLASH_PAGE_BYTES ${flash.pageBytes}`,
    `FTTE_FLASH_PROGRAM_BYTES ${flash.programBytes}`,
    `FTTE_FLASH_PARTITIONS {${partitions.join(", ")}}`,
    `FTTE_APPLICATION_AT ${board.flashing.applicationAt ?? "0"}`,
    `FTTE_LINK_BAUD ${board.link.baud}`,
    ...pinMacros("FTTE_PIN", board.pins),
    ...sensorMacros(board),
  ];
  return [
    `// Generated from board-configs/${board.id}.json by host/build/board_header.ts.`,
    "#ifndef FTTE_BOARD_CONFIG_H",
    "#define FTTE_BOARD_CONFIG_H",
    ...macros.map((macro) => `#define ${macro}`),
    "#endif",
    "",
  ].join("\n");
}
