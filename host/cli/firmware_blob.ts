// The blob that carries firmware over the air: struct FirmwareHeader of firmware/spec/wire.json, then the image as the board's boot stage
// takes it. Pure; what the board checks of it is firmware/core/session/install.c, what it does with it docs/over-the-air.md.

import { FtteError } from "../errors.ts";
import { encodeFirmwareHeader, firmwareMagic } from "../wire/spec.gen.ts";

export interface FirmwareImage {
  /** Of the boards that it is for, at most 15 characters. */
  boardClass: string;
  /** What the board will say in its hello. */
  build: number;
  /** Major, minor and patch in one byte each. */
  version: number;
  bytes: Uint8Array;
}

/** @throws FtteError "config-invalid" for a class that no board can have */
export function firmwareBlob({ boardClass, build, version, bytes }: FirmwareImage): Uint8Array {
  if (!/^[\x21-\x7e]{1,15}$/.test(boardClass))
    throw new FtteError("config-invalid", `"${boardClass}" is no board class; write 1 to 15 characters`);
  const padded = new Uint8Array(16);
  padded.set(Buffer.from(boardClass, "latin1"));
  const header = { magic: firmwareMagic, imageBytes: bytes.length, version, build, boardClass: padded };
  return Buffer.concat([encodeFirmwareHeader(header), bytes]);
}
