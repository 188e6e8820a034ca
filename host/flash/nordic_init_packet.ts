// The init packet of Nordic's Secure DFU: which firmware comes, and its hash; protobuf, unsigned, for bootloaders that ask for no signature
// (the nRF52840 Dongle's factory bootloader). Pure. A bootloader with a key refuses it, and says so.
//
// Sources: pc-nrfutil, nordicsemi/dfu/dfu-cc.proto (fields), init_packet_pb.py and package.py (values); nRF5 SDK 17.1,
// components/libraries/bootloader/dfu/nrf_dfu_ver_validation.c, `sd_req_ok` (SoftDevice 0: none is needed, and one that is there is
// overwritten; any other number must be that of the SoftDevice that is there, and none stands for all) and sdk_config.h of its bootloaders
// (hw_version 52 for all nRF52).

import { createHash } from "node:crypto";
import type { Image } from "./image.ts";

const varint = 0;
const lengthDelimited = 2;
const anyVersion = 0xffffffff;
const nrf52Hardware = 52;
const sha256 = 3;
const validateGeneratedCrc = 1;
const noSoftDevice = 0;
/** Where applications without a SoftDevice begin, the only ones that this packet is for: right after the master boot record. */
export const afterMbr = 0x1000;

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

const number = (field: number, value: number) => [...varintBytes((field << 3) | varint), ...varintBytes(value)];
const bytes = (field: number, value: Iterable<number>) => {
  const content = [...value];
  return [...varintBytes((field << 3) | lengthDelimited), ...varintBytes(content.length), ...content];
};

/** As `nrfutil pkg generate --hw-version 52 --sd-req 0x00 --debug-mode` makes it; the hash goes last byte first. */
export function initPacket(image: Pick<Image, "bytes">): Uint8Array {
  const hash = createHash("sha256").update(image.bytes).digest().reverse();
  const init = [
    ...number(1, anyVersion),
    ...number(2, nrf52Hardware),
    ...bytes(3, varintBytes(noSoftDevice)),
    ...number(4, 0), // an application
    ...number(5, 0),
    ...number(6, 0),
    ...number(7, image.bytes.length),
    ...bytes(8, [...number(1, sha256), ...bytes(2, hash)]),
    ...number(9, 1), // is_debug: bootloaders that were built for it compare no versions
    ...bytes(10, [...number(1, validateGeneratedCrc), ...bytes(2, [])]),
  ];
  const command = [...number(1, 1), ...bytes(2, init)];
  return Uint8Array.from(bytes(1, command));
}
