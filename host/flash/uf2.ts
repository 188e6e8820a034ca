// Flashes by copying a UF2 file to the drive of a bootloader. The file is uf2_file.ts's, the drive uf2_drives.ts's. The drive gives no
// answer but to leave when it has every block, so nothing is read back; a block has no checksum, so USB's are all there is.

import { open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { flashFailure } from "./failure.ts";
import { hex } from "./image.ts";
import type { FlashJob, FlashMethod } from "./method.ts";
import { isDriveOf, isPresent, readUf2Drive, type Uf2Drive } from "./uf2_drives.ts";
import { blockBytes, uf2File } from "./uf2_file.ts";

/** What the copy needs of a file; node:fs/promises' FileHandle is one. */
export interface DriveFile {
  write(bytes: Uint8Array): Promise<unknown>;
  /** Until the bytes are on the drive. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface Uf2Options {
  /** Creates the file. */
  openFile?: (path: string) => Promise<DriveFile>;
  /** How long the drive may take to leave after the copy, 10 s by default. */
  leaveMs?: number;
}

const fileName = "FTTE.UF2";
/** Between two syncs: large enough for a page of flash, small enough for a progress bar. */
const chunkBytes = 32 * 1024;
const pollMs = 50;
const again = "press its reset button twice, wait for the drive and flash it again";
const unchanged = "still has its old firmware";
const partly = "is in its bootloader, its firmware partly overwritten";

/** `address` of the job is the drive's folder. Verified by the bootloader, which leaves only when it has every block. */
export function uf2(options: Uf2Options = {}): FlashMethod {
  return async (job) => {
    job.onProgress("connecting", 0, 0);
    checkDrive(job);
    const file = uf2File(job.segments, Number(job.board.flashing.family));
    const bytes = job.segments.reduce((sum, segment) => sum + segment.bytes.length, 0);
    await copy(job, file, bytes, options.openFile ?? ((path) => open(path, "w")));
    job.onProgress("restarting", 0, 0);
    await seeItLeave(job, options.leaveMs ?? 10_000);
    return { bytes, verified: "bootloader" };
  };
}

function checkDrive(job: FlashJob): void {
  const drive = readUf2Drive(job.address);
  if (!drive)
    throw flashFailure(job, {
      code: "flash-method",
      what: `there is no UF2 drive at ${job.address}`,
      state: unchanged,
      next: "press its reset button twice and wait for the drive",
    });
  if (job.board.flashing.family === undefined || !isDriveOf(drive, job.board))
    throw flashFailure(job, {
      code: "board-wrong",
      what: `the drive at ${job.address} is that of "${drive.model}" (${drive.boardId}), not of ${job.board.name}`,
      state: unchanged,
      next: "name the board that it is",
    });
  checkApplicationStart(job, drive);
}

/** Where applications begin behind a SoftDevice S140, by its major version (its release notes, "memory requirements"). */
const behindSoftDevice: Record<string, number> = { "S140 6": 0x26000, "S140 7": 0x27000, "not found": 0x1000 };

/** The bootloader starts what lies behind its SoftDevice: firmware that was linked for another one would never run. */
function checkApplicationStart(job: FlashJob, { softDevice }: Uf2Drive): void {
  const begin = behindSoftDevice[softDevice?.split(".")[0] ?? ""];
  const address = job.segments[0]?.address;
  if (begin === undefined || address === undefined || address === begin) return;
  throw flashFailure(job, {
    code: "board-wrong",
    what: `its SoftDevice (${softDevice}) starts applications at ${hex(begin)}, the firmware begins at ${hex(address)}`,
    state: unchanged,
    next: `update its bootloader to one whose applications begin at ${hex(address)}`,
  });
}

async function copy(job: FlashJob, file: Uint8Array, bytes: number, create: Required<Uf2Options>["openFile"]) {
  let written = 0;
  try {
    const target = await create(join(job.address, fileName));
    try {
      while (written < file.length) {
        if (job.signal?.aborted) throw interrupted(job, written);
        job.onProgress("writing", Math.floor((written / file.length) * bytes), bytes);
        const end = chunkEnd(written, file.length);
        await target.write(file.subarray(written, end));
        await target.sync();
        written = end;
      }
      job.onProgress("writing", bytes, bytes);
    } finally {
      await closeQuietly(target);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) throw error;
    if (written >= file.length - blockBytes && !isPresent(job.address)) return; // it left at the last block, as it should
    throw copyFailure(job, code, written / file.length, error);
  }
}

/** The last block goes alone, so that a drive that leaves before it is told from one that leaves because of it. */
const chunkEnd = (written: number, length: number) =>
  written === length - blockBytes ? length : Math.min(written + chunkBytes, length - blockBytes);

/** What was to be said about the file was said by sync(). */
const closeQuietly = (file: DriveFile) => file.close().catch(() => {});

const interrupted = (job: FlashJob, written: number) =>
  flashFailure(job, {
    code: "interrupted",
    what: "interrupted",
    state: written > 0 ? partly : unchanged,
    next: again,
  });

function copyFailure(job: FlashJob, code: string, share: number, cause: unknown) {
  const state = share > 0 ? partly : unchanged;
  const at = `${Math.round(share * 100)} % of the copy`;
  if (code === "EROFS" || code === "EACCES" || code === "EPERM")
    return flashFailure(job, {
      what: `the drive at ${job.address} is read-only or forbidden`,
      state,
      next: "mount it writable for this user, then flash it again",
      cause,
    });
  if (code === "ENOSPC")
    return flashFailure(job, { what: `the drive at ${job.address} is full at ${at}`, state, next: again, cause });
  if (!isPresent(job.address))
    return flashFailure(job, { what: `the drive at ${job.address} vanished at ${at}`, state, next: again, cause });
  return flashFailure(job, { what: `${job.address}: ${code} at ${at}`, state, next: again, cause });
}

async function seeItLeave(job: FlashJob, leaveMs: number): Promise<void> {
  const until = performance.now() + leaveMs;
  while (isPresent(job.address)) {
    if (performance.now() > until)
      throw flashFailure(job, {
        what: `the drive at ${job.address} took the file, but is still there: the bootloader misses blocks`,
        state: partly,
        next: again,
      });
    await sleep(Math.min(pollMs, leaveMs));
  }
}
