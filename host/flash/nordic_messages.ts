// Requests and responses of Nordic's Secure DFU over a serial line. Pure coding; nordic_dfu.ts speaks it.
//
// Sources: nRF5 SDK 17.1, "DFU transport: Serial" (packet format), components/libraries/bootloader/dfu/nrf_dfu_req_handler.h (opcodes,
// results) and nrf_dfu_handling_error.h (extended errors), serial_dfu/nrf_dfu_serial.c and nrf_dfu_serial_usb.c (responses, SLIP_MTU);
// pc-nrfutil, nordicsemi/dfu/dfu_transport_serial.py and dfu_transport.py. All numbers are little-endian.

export const op = {
  create: 0x01,
  setPrn: 0x02,
  crc: 0x03,
  execute: 0x04,
  select: 0x06,
  mtu: 0x07,
  write: 0x08,
  ping: 0x09,
} as const;

export const objectType = { command: 1, data: 2 } as const;
export type ObjectType = (typeof objectType)[keyof typeof objectType];

const responseMark = 0x60;
export const success = 0x01;
const notPermitted = 0x08;
const extendedError = 0x0b;
/** The hash of what was received is not the init packet's. */
const verificationFailed = 0x0c;

const resultTexts: Record<number, string> = {
  0: "invalid opcode",
  2: "opcode not supported",
  3: "missing or invalid parameter",
  4: "not enough memory for the object",
  5: "the object does not match the firmware or the hardware",
  7: "not a type of object that can be made",
  8: "not permitted in this state",
  10: "operation failed",
  11: "extended error",
};

/** By the extended error's code. */
const extendedTexts = [
  "no error code set",
  "invalid error code",
  "wrong format of the command",
  "unknown command",
  "the init packet is invalid",
  "the firmware's version is too low",
  "the firmware is for other hardware",
  "the firmware is for another SoftDevice",
  "this bootloader takes signed firmware only",
  "the kind of hash is not supported",
  "the firmware's hash cannot be computed",
  "the kind of signature is not supported",
  "the firmware's hash is not the announced one",
  "there is no room for the firmware",
  "this firmware is there already",
];

export interface Response {
  op: number;
  result: number;
  /** After the result; for an extended error, its code. */
  body: Uint8Array;
}

/** From one unframed packet; undefined if it is no response. */
export function parseResponse(frame: Uint8Array): Response | undefined {
  if (frame.length < 3 || frame[0] !== responseMark) return undefined;
  return { op: frame[1]!, result: frame[2]!, body: frame.subarray(3) };
}

export function resultText({ result, body }: Response): string {
  const extended = result === extendedError ? extendedTexts[body[0] ?? 0] : undefined;
  return extended ?? resultTexts[result] ?? `result ${result}`;
}

export const isHashMismatch = ({ result, body }: Response) =>
  result === extendedError && body[0] === verificationFailed;

/** The firmware itself is refused: asking again would not help. */
export const isFinal = ({ result, body }: Response) =>
  result === extendedError && extendedTexts[body[0] ?? 0] !== undefined;

export const isNotPermitted = ({ result }: Response) => result === notPermitted;

/** `size` bytes of the object that follow in write requests. */
export function createRequest(type: ObjectType, size: number): Uint8Array {
  const bytes = new Uint8Array(6);
  bytes.set([op.create, type]);
  new DataView(bytes.buffer).setUint32(2, size, true);
  return bytes;
}

/** A response after every `packets` write requests; none for 0. */
export const setPrnRequest = (packets: number) => Uint8Array.of(op.setPrn, packets & 0xff, packets >> 8);

export const writeRequest = (bytes: Uint8Array) => Uint8Array.of(op.write, ...bytes);

/** How many bytes a write request may carry: the MTU counts SLIP's bytes, which may double all, and its END. */
export const writeBytes = (mtu: number) => Math.floor((mtu - 1) / 2) - 1;
