// The error bytes of the ESP32 loaders: the ROM's from "Serial Protocol", ROM Loader Errors, and for what it does not know
// ROM_INVALID_RECV_MSG of esptool's loader.py; the stub's from esp-flasher-stub, src/commands.h, `enum esp_response_code`, by the names
// there.
import type { DownloadError } from "./esp_download.ts";

export type EspError = DownloadError | "command" | "failed";

export const romErrors: Record<EspError, number> = {
  parameters: 0x05,
  sequence: 0x05,
  state: 0x06,
  checksum: 0x07,
  erase: 0x06,
  program: 0x08,
  inflate: 0x0b,
  length: 0x05,
  command: 0x05,
  failed: 0x06,
};
export const stubErrors: Record<EspError, number> = {
  parameters: 0xc0, // BAD_DATA_LEN
  sequence: 0xc9, // TOO_MUCH_DATA: the stub counts bytes
  state: 0xc6, // NOT_IN_FLASH_MODE
  checksum: 0xc1,
  erase: 0xc4, // FAILED_SPI_OP
  program: 0xc4,
  inflate: 0xc7,
  length: 0xc8, // NOT_ENOUGH_DATA
  command: 0xc3, // INVALID_COMMAND; 0xff in the legacy stub
  failed: 0xc4,
};
