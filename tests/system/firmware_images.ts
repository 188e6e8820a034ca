// Posix firmware for boards to be updated with: the real one under another build number, and ones with something wrong in them.

import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildFirmware } from "../../host/build/firmware.ts";
import { root } from "../../host/build/root.ts";
import { firmwareBlob } from "../../host/cli/firmware_blob.ts";
import type { AirBlob } from "../../host/cli/over_the_air.ts";

export type FirmwareBlob = Extract<AirBlob, { kind: "firmware" }>;

export const boardClass = "virtual-1m";

/** Any bytes as firmware that claims to be `build`. */
export const claimed = (bytes: Uint8Array, build: number, forClass = boardClass): FirmwareBlob => ({
  kind: "firmware",
  bytes: firmwareBlob({ boardClass: forClass, build, version: 0x000200, bytes }),
  build,
});

/** A program of its own that claims to be `build`. @param text in C */
export function program(text: string, build: number): FirmwareBlob {
  const folder = mkdtempSync(join(tmpdir(), "ftte-program-"));
  try {
    execFileSync("cc", ["-x", "c", "-o", join(folder, "program"), "-"], { input: text });
    return claimed(readFileSync(join(folder, "program")), build);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An image in which each of the build numbers `own` is `build`. */
export function withNumber(image: Uint8Array, own: number, build: number): Buffer {
  const copy = Buffer.from(image);
  const number = Buffer.alloc(4);
  number.writeUInt32LE(own);
  let places = 0;
  for (let at = copy.indexOf(number); at >= 0; at = copy.indexOf(number, at + 1), places++)
    copy.writeUInt32LE(build, at);
  if (places === 0) throw new Error("the firmware's image does not hold its build number");
  return copy;
}

/** The real firmware that tells another build. */
export async function renumbered(build: number): Promise<FirmwareBlob> {
  const { images, build: own } = await buildFirmware({ port: "posix", engine: "wasm3" });
  return claimed(withNumber(readFileSync(images[0]!), own, build), build);
}

/** The real firmware with one function in place of its own, from tests/system/firmware; claims to be `build`. */
export async function spoilt(instead: "mute" | "no_guest" | "trapping_guest", build: number): Promise<FirmwareBlob> {
  await buildFirmware({ port: "posix", engine: "wasm3" });
  const out = mkdtempSync(join(tmpdir(), "ftte-spoilt-"));
  const wrapped = instead === "mute" ? "ftte_port_link_write" : "ftte_guest_open";
  try {
    cpSync(join(root, "build/firmware/posix"), out, { recursive: true, preserveTimestamps: true });
    rmSync(join(out, "ftte-posix"));
    const linked = `EXTRA_LDFLAGS=-Wl,--wrap=${wrapped} tests/system/firmware/${instead}.c`;
    const variables = ["PORT=posix", "ENGINE=wasm3", `OUT=${out}`, linked];
    execFileSync("make", ["-C", join(root, "firmware"), ...variables], { stdio: "pipe" });
    return claimed(readFileSync(join(out, "ftte-posix.image")), build);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
