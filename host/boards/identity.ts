// How a board is named: by its chip's own id, never by the port it sits on.

import { FtteError } from "../errors.ts";
import { BoardState, type Hello } from "../wire/spec.gen.ts";

/** A chip id as everywhere in ftte: lower-case hexadecimal, the zero bytes that pad it to 16 left out. */
export function chipIdText(id: Uint8Array): string {
  let used = id.length;
  while (used > 1 && id[used - 1] === 0) used--;
  return Buffer.from(id.subarray(0, used)).toString("hex");
}

/**
 * The 16 bytes of a chip id in hexadecimal.
 * @throws FtteError "config-invalid"
 */
export function parseChipId(text: string): Uint8Array {
  if (!/^([0-9a-f]{2}){1,16}$/i.test(text))
    throw new FtteError("config-invalid", `"${text}" is not a chip id; write 2 to 32 hexadecimal digits, two per byte`);
  const id = new Uint8Array(16);
  id.set(Buffer.from(text, "hex"));
  return id;
}

export const boardClassText = (hello: Hello) => zeroEnded(hello.boardClass);

/** "0.1.0" of 0x000100: major, minor and patch in one byte each. */
export function firmwareText(version: number): string {
  return [version >>> 16, (version >>> 8) & 0xff, version & 0xff].join(".");
}

export function stateText(state: number): keyof typeof BoardState | "unknown" {
  for (const [name, value] of Object.entries(BoardState)) if (value === state) return name as keyof typeof BoardState;
  return "unknown";
}

function zeroEnded(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString("latin1");
}
