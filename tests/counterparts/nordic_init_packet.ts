// Nordic's init packet: what it says of the firmware that follows, and whether a device takes it. Source: nRF5 SDK 17, "Device Firmware
// Update process" (init packet, validation) and its dfu-cc.proto; components/libraries/bootloader/dfu/nrf_dfu_validation.c and
// nrf_dfu_ver_validation.c for the checks and their order, in a bootloader without NRF_DFU_DEBUG, which passes over is_debug, and with
// NRF_DFU_APP_DOWNGRADE_PREVENTION; nrf_dfu_handling_error.h for the extended errors. Hash and signature are stored with their bytes
// reversed (the signature in two halves).
import { type KeyObject, verify } from "node:crypto";
import { readMessage, readPacked } from "./protobuf.ts";

export interface InitPacket {
  fwVersion?: number;
  hwVersion?: number;
  sdReq: number[];
  /** 0 is an application. */
  type?: number;
  appSize?: number;
  /** 3 is SHA-256. */
  hashType?: number;
  hash: Buffer;
  signature?: { type: number; bytes: Buffer };
  /** What the signature is over. */
  command: Buffer;
}

export interface NordicIdentity {
  hwVersion: number;
  /** The firmware id of the SoftDevice that is there; 0: there is none. */
  softDevice: number;
  /** Of the application that is installed; an older one is refused. */
  appVersion: number;
  /** A bootloader with a key takes signed firmware only. */
  publicKey?: KeyObject;
}

/** Extended error codes (nrf_dfu_ext_error_code_t). */
export const extendedErrors = {
  initCommandInvalid: 0x04,
  fwVersion: 0x05,
  hwVersion: 0x06,
  sdVersion: 0x07,
  signatureMissing: 0x08,
  wrongHashType: 0x09,
  wrongSignatureType: 0x0b,
  verificationFailed: 0x0c,
} as const;
export type Refusal = keyof typeof extendedErrors | "signature";

const application = 0;
const sha256 = 3;
const ecdsaP256Sha256 = 0;

/** Undefined: not a packet with an init command in it. */
export function parseInitPacket(bytes: Buffer): InitPacket | undefined {
  const packet = fieldsOf(bytes);
  const signed = packet && fieldsOf(packet.get(2));
  const command = (signed ?? packet)?.get(1);
  const init = fieldsOf(fieldsOf(command)?.get(2));
  if (!init || !Buffer.isBuffer(command)) return undefined;
  const number = (field: number) => (typeof init.get(field) === "number" ? (init.get(field) as number) : undefined);
  const hash = fieldsOf(init.get(8));
  const signature = signed?.get(3);
  return {
    ...optional("fwVersion", number(1)),
    ...optional("hwVersion", number(2)),
    sdReq: Buffer.isBuffer(init.get(3)) ? (readPacked(init.get(3) as Buffer) ?? []) : [],
    ...optional("type", number(4)),
    ...optional("appSize", number(7)),
    ...optional("hashType", hash?.get(1) as number | undefined),
    hash: Buffer.isBuffer(hash?.get(2)) ? (hash?.get(2) as Buffer) : Buffer.alloc(0),
    ...(Buffer.isBuffer(signature) ? { signature: { type: Number(signed?.get(2) ?? 0), bytes: signature } } : {}),
    command,
  };
}

/** Why a device refuses it, in the order in which the bootloader looks; undefined when it does not. */
export function refusalOf(init: InitPacket, device: NordicIdentity): Refusal | undefined {
  const refusal = signatureRefusal(init, device.publicKey) ?? contentRefusal(init) ?? versionRefusal(init, device);
  return refusal ?? (init.appSize ? undefined : "initCommandInvalid");
}

function signatureRefusal({ signature, command }: InitPacket, key: KeyObject | undefined): Refusal | undefined {
  if (!key) return undefined;
  if (!signature) return "signatureMissing";
  if (signature.type !== ecdsaP256Sha256) return "wrongSignatureType";
  const halves = [signature.bytes.subarray(0, 32), signature.bytes.subarray(32)];
  const bytes = Buffer.concat(halves.map((half) => Buffer.from(half).reverse()));
  return verify("sha256", command, { key, dsaEncoding: "ieee-p1363" }, bytes) ? undefined : "signature";
}

function contentRefusal(init: InitPacket): Refusal | undefined {
  if (init.type !== application) return "initCommandInvalid";
  return init.hashType === sha256 ? undefined : "wrongHashType";
}

function versionRefusal(init: InitPacket, device: NordicIdentity): Refusal | undefined {
  if (init.hwVersion === undefined) return "initCommandInvalid";
  if (init.hwVersion !== device.hwVersion) return "hwVersion";
  if (!softDeviceFits(init, device.softDevice)) return "sdVersion";
  return init.fwVersion === undefined
    ? "initCommandInvalid"
    : init.fwVersion < device.appVersion
      ? "fwVersion"
      : undefined;
}

/** `sd_req_ok`: a list that begins with 0 is for an application that overwrites the SoftDevice, one of those that follow if any do. */
function softDeviceFits({ sdReq, fwVersion }: InitPacket, present: number): boolean {
  const overwrites = (sdReq[0] ?? 0) === 0;
  if (present === 0) return overwrites && fwVersion !== undefined;
  return (overwrites && sdReq.length < 2) || sdReq.includes(present);
}

/** The last value of each field, as the encoding's rules want it. */
function fieldsOf(bytes: number | Buffer | undefined): Map<number, number | Buffer> | undefined {
  const fields = Buffer.isBuffer(bytes) ? readMessage(bytes) : undefined;
  return fields && new Map(fields.map(({ number, value }) => [number, value]));
}

function optional<K extends string>(key: K, value: number | undefined): { [name in K]?: number } {
  return (value === undefined ? {} : { [key]: value }) as { [name in K]?: number };
}
