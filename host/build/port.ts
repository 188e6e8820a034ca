// What a port and an engine say of themselves to the host: the lines `NAME := words` of firmware/ports/<port>/port.mk and of
// firmware/core/guest/guest.mk whose names this file lists. make reads the same lines, so each fact has one home. Builds nothing.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { FtteError } from "../errors.ts";
import type { EspChip } from "./esp_image.ts";
import { makeFacts } from "./prerequisites.mjs";
import { root } from "./root.ts";

export type Engine = "wasm3" | "aot";

export interface Port {
  name: string; // a folder of firmware/ports
  /** Commands, in order of preference; the first on the PATH builds. */
  compilers: string[];
  /** Debian packages that bring one of them. */
  packages: string[];
  /** Ending of the program, e.g. ".elf"; may be empty. */
  suffix: string;
  /** Endings of further images, without the dot: "bin", "hex". */
  images: string[];
  /** A program (its ending) of which the image for this chip's ROM is made. */
  romImage?: { program: string; chip: EspChip };
  /** Native stack of the session. */
  stackBytes: number;
  /** Of it, what an interrupt's entry takes. */
  interruptBytes: number;
  /** False where the compiler makes none, so that the operations of an interpreter nest. */
  tailCalls: boolean;
  /** RAM beside stack and pool: the port's buffers, the C library's data. The port's linker script holds the image to it. */
  staticBytes: number;
}

/**
 * @param chip of the board, where a fact depends on it
 * @throws FtteError "usage" when there is no such port
 */
export function readPort(name: string, chip = ""): Port {
  const path = join(root, "firmware", "ports", name, "port.mk");
  if (!/^[a-z0-9]+$/.test(name) || !existsSync(path))
    throw new FtteError("usage", `there is no port "${name}" in firmware/ports`);
  const fact = factsOf(path);
  const ofChip = (key: string, otherwise?: string) => fact(`${key}_${chip}`, fact(key, otherwise));
  const [program, romChip] = words(fact("PORT_ROM_IMAGE", ""));
  return {
    name,
    compilers: words(fact("PORT_COMPILERS")),
    packages: words(fact("PORT_PACKAGES")),
    suffix: fact("PORT_SUFFIX", ""),
    images: words(fact("PORT_IMAGES", "")),
    ...(program === undefined ? {} : { romImage: { program, chip: romChip as EspChip } }),
    stackBytes: Number(ofChip("PORT_STACK_BYTES")),
    interruptBytes: Number(ofChip("PORT_INTERRUPT_BYTES", "0")),
    tailCalls: ofChip("PORT_NO_TAIL_CALLS", "") === "",
    staticBytes: Number(fact("PORT_STATIC_BYTES")),
  };
}

/** What an engine takes of the pool beside the arena. */
export function enginePoolBytes(engine: Engine): number {
  return Number(factsOf(join(root, "firmware/core/guest/guest.mk"))(`FTTE_${engine.toUpperCase()}_POOL_BYTES`));
}

const words = (text: string) => text.split(/\s+/).filter((word) => word !== "");

function factsOf(path: string): (name: string, otherwise?: string) => string {
  const facts = makeFacts(path);
  return (name, otherwise) => {
    const text = facts(name) ?? otherwise;
    if (text === undefined || text.includes("$"))
      throw new FtteError("build-failed", `${path} must say "${name} := " and plain words behind it`);
    return text;
  };
}
