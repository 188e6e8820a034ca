// The packets of Adafruit's nRF52 serial bootloader (Nordic's legacy DFU over HCI, nRF5 SDK 11). Pure coding; adafruit_dfu.ts sends them.
//
// Sources: adafruit-nrfutil, nordicsemi/dfu/dfu_transport_serial.py, dfu/util.py, dfu/crc16.py and dfu/init_packet.py; the other end in
// Adafruit_nRF52_Bootloader, lib/sdk/components/libraries/hci/hci_transport.c and src/dfu_init.c. An application for any board of theirs
// names device type 0x0052 and SoftDevice 0xfffe ("any"); the device revision only matters to bootloaders and SoftDevices.

import { encodeSlip } from "./slip.ts";

const deviceType = 0x0052;
const anyDeviceRevision = 0xffff;
const anyApplicationVersion = 0xffffffff;
const anySoftDevice = 0xfffe;
const updatesApplication = 4;

/** What a data packet may carry. */
export const dataBytes = 512;

/** CRC-16-CCITT, polynomial 0x1021, start 0xffff, as crc16.c of the SDK computes it. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc = ((crc >> 8) | (crc << 8)) & 0xffff;
    crc ^= byte;
    crc ^= (crc & 0xff) >> 4;
    crc ^= (crc << 12) & 0xffff;
    crc ^= (crc & 0xff) << 5;
  }
  return crc & 0xffff;
}

/** The byte that makes the sum of a header's four bytes 0. */
const headerChecksum = (a: number, b: number, c: number) => -(a + b + c) & 0xff;

/**
 * A reliable vendor packet (type 14) with integrity check, framed: header, payload (at most 4095 bytes), CRC-16 of both, between two ENDs.
 * @param sequence 0 to 7; the acknowledgement names the one after it
 */
export function hciPacket(sequence: number, payload: Uint8Array): Uint8Array {
  const first = sequence | (((sequence + 1) & 7) << 3) | 0x40 | 0x80;
  const second = 14 | ((payload.length & 0xf) << 4);
  const third = (payload.length >> 4) & 0xff;
  const packet = new Uint8Array(4 + payload.length + 2);
  packet.set([first, second, third, headerChecksum(first, second, third)]);
  packet.set(payload, 4);
  const crc = crc16(packet.subarray(0, -2));
  packet.set([crc & 0xff, crc >> 8], packet.length - 2);
  return Uint8Array.of(0xc0, ...encodeSlip(packet));
}

/** The sequence number that the bootloader expects next, from one unframed packet; undefined if it is no sound acknowledgement. */
export function acknowledged(frame: Uint8Array): number | undefined {
  if (frame.length !== 4) return undefined;
  const [first, second, third, checksum] = frame as unknown as [number, number, number, number];
  if (headerChecksum(first, second, third) !== checksum || (second & 0xf) !== 0) return undefined;
  return (first >> 3) & 7;
}

/** Every field is one little-endian word unless said otherwise. */
function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value, true);
  return bytes;
}

/** START: an application of `size` bytes, a multiple of 4, and neither SoftDevice nor bootloader. The board erases when it gets this. */
export const startPacket = (size: number) => words(3, updatesApplication, 0, 0, size);

/** INIT: for which device and SoftDevice the image is, and its CRC-16; two bytes of padding make it whole words. */
export function initPacket(image: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 1, true);
  view.setUint16(4, deviceType, true);
  view.setUint16(6, anyDeviceRevision, true);
  view.setUint32(8, anyApplicationVersion, true);
  view.setUint16(12, 1, true);
  view.setUint16(14, anySoftDevice, true);
  view.setUint16(16, crc16(image), true);
  return bytes;
}

/** DATA: at most `dataBytes` of the image, whole words. */
export function dataPacket(bytes: Uint8Array): Uint8Array {
  const packet = new Uint8Array(4 + bytes.length);
  packet.set(words(4));
  packet.set(bytes, 4);
  return packet;
}

/** STOP: the image is complete; the board checks its CRC-16 and starts it, or stays as it is. */
export const stopPacket = () => words(5);
