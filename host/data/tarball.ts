// The files of an npm package as `npm pack` brings it: a gzipped tar whose paths begin with "package/". Reads the ustar header's name and
// size only (POSIX.1-2017, pax "ustar Interchange Format"): npm writes no links, and our data sets' names need no extension.

import { gunzipSync } from "node:zlib";
import { FtteError } from "../errors.ts";

const blockBytes = 512;

/**
 * Files by their path in the package, without "package/". They share the unpacked archive's memory.
 * @param name of the archive, for errors
 * @throws FtteError "data-invalid" when it is damaged or cut
 */
export function unpackTarball(bytes: Uint8Array, name: string): Map<string, Uint8Array> {
  const damaged = (cause?: unknown) =>
    new FtteError("data-invalid", `${name} is damaged or cut; fetch it again`, { cause });
  let tar: Uint8Array;
  try {
    tar = gunzipSync(bytes);
  } catch (cause) {
    throw damaged(cause);
  }
  const text = (at: number, length: number) =>
    new TextDecoder().decode(tar.subarray(at, at + length)).replace(/\0.*$/s, "");
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at < tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8); // octal
    const from = at + blockBytes;
    if (!(from + size <= tar.length)) throw damaged();
    files.set(text(at, 100).replace(/^package\//, ""), tar.subarray(from, from + size));
    at = from + Math.ceil(size / blockBytes) * blockBytes;
  }
  return files;
}
