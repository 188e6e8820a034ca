// Where a benchmark's data lies: in the folder that was named, or, when that holds the archive only, unpacked into .cache/ (which git
// ignores). Downloads nothing.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../host/build/root.ts";

export interface Archive {
  /** The cache folder's name. */
  name: string;
  /** What a folder that can be used holds. */
  marker: string;
  /** What can be unpacked instead, beside files that belong to it. */
  archive: string;
  /** Which data set this is and where it comes from, for whoever has neither. */
  source: string;
}

export const archives = {
  hapt: { name: "hapt", marker: "RawData", archive: "RawData.tar.xz", source: "HAPT, UCI 341" },
  mitbih: {
    name: "mit-bih",
    marker: "100.dat",
    archive: "dat.tar.xz",
    source: "MIT-BIH arrhythmia database, PhysioNet mitdb 1.0.0",
  },
} satisfies Record<string, Archive>;

/** The folder with `marker`, or undefined after saying why there is none. */
export function unpacked(folder: string, { name, marker, archive, source }: Archive): string | undefined {
  if (existsSync(join(folder, marker))) return folder;
  const cache = join(root, ".cache", name);
  if (existsSync(join(cache, marker))) return cache;
  if (!existsSync(join(folder, archive))) {
    console.error(`skipped: ${folder} holds neither ${marker} nor ${archive} (${source}); name its folder with --data`);
    return undefined;
  }
  const half = `${cache}.new`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { recursive: true });
  console.error(`unpacking ${join(folder, archive)} into ${cache}`);
  const { status, stderr } = spawnSync("tar", ["-xf", join(folder, archive), "-C", half], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${archive} cannot be unpacked (apt-get install xz-utils?): ${stderr}`);
  for (const file of readdirSync(folder, { withFileTypes: true }))
    if (file.isFile() && file.name !== archive) cpSync(join(folder, file.name), join(half, file.name));
  renameSync(half, cache);
  return cache;
}
