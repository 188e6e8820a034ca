// Flashes through a J-Link by Nordic's own command, `nrfutil device`, where it is installed; nrfutil brings SEGGER's library. Erases the
// pages that the firmware touches, and nothing else.
//
// Sources: docs.nordicsemi.com, nRF Util: "device program" (--firmware, --serial-number), "Programming options" (chip_erase_mode, verify,
// reset), "device recover" and "device list". What it prints is nrfutil.ts's.

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { approtectFailure, flashFailure } from "./failure.ts";
import type { FlashJob, FlashMethod, Segment } from "./method.ts";
import { listedSerials, runNrfutil } from "./nrfutil.ts";

export interface JlinkOptions {
  /** The command; "nrfutil" on the PATH by default. */
  nrfutil?: string;
}

const unchanged = "still has its old firmware";
const partly = "may have its firmware partly overwritten";
const again = "see that the board is powered and its debug probe connected, and flash it again";
const programming = "chip_erase_mode=ERASE_RANGES_TOUCHED_BY_FIRMWARE,verify=VERIFY_READ,reset=RESET_SYSTEM";

/** `address` of the job is the probe's serial number; empty for the only one there is. Verified by nrfutil's reading back. */
export function jlink(options: JlinkOptions = {}): FlashMethod {
  const nrfutil = options.nrfutil ?? "nrfutil";
  return async (job) => {
    job.onProgress("connecting", 0, 0);
    await requireNrfutil(job, nrfutil);
    const tool = { nrfutil, serial: job.address || (await onlySerial(job, nrfutil)) };
    const bytes = job.segments.reduce((sum, segment) => sum + segment.bytes.length, 0);
    const folder = await mkdtemp(join(tmpdir(), "ftte-flash-"));
    try {
      const path = join(folder, "firmware.hex");
      await writeFile(path, await intelHex(job.segments));
      await program(job, tool, path, bytes);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return { bytes, verified: "read-back" };
  };
}

async function requireNrfutil(job: FlashJob, nrfutil: string): Promise<void> {
  try {
    await promisify(execFile)(nrfutil, ["device", "--version"]);
  } catch (cause) {
    const absent = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw flashFailure(job, {
      code: "flash-method",
      what: absent
        ? "J-Link boards are flashed by Nordic's nrfutil, which is not on the PATH"
        : `nrfutil has no command "device"`,
      state: unchanged,
      next: absent
        ? "install it from nordicsemi.com (nRF Util) with SEGGER's J-Link software, then type: nrfutil install device"
        : "type: nrfutil install device",
      cause,
    });
  }
}

/** Its types say that a CommonJS module has a default export, which it has not. */
type IntelHex = { default: typeof import("nrf-intel-hex").default };

/** The file that nrfutil takes. */
async function intelHex(segments: readonly Segment[]): Promise<string> {
  const { default: MemoryMap } = (await import("nrf-intel-hex")) as unknown as IntelHex;
  return new MemoryMap(segments.map(({ address, bytes }) => [address, bytes] as [number, Uint8Array])).asHexString();
}

/** What went wrong, in nrfutil's words; undefined if nothing did. */
async function run(job: FlashJob, { nrfutil, serial }: Tool, command: string[], onShare: (share: number) => void) {
  const words = ["device", ...command, "--serial-number", serial];
  const failed = await runNrfutil(nrfutil, words, onShare, job.signal);
  if (!job.signal?.aborted) return failed;
  throw flashFailure(job, { code: "interrupted", what: "interrupted", state: partly, next: again });
}

interface Tool {
  nrfutil: string;
  serial: string;
}

async function program(job: FlashJob, tool: Tool, path: string, bytes: number): Promise<void> {
  const command = ["program", "--firmware", path, "--options", programming];
  const onShare = (share: number) => job.onProgress("writing", Math.floor(share * bytes), bytes);
  let failed = await run(job, tool, command, onShare);
  if (failed && isProtection(failed)) {
    await recover(job, tool);
    failed = await run(job, tool, command, onShare);
  }
  if (!failed) return job.onProgress("restarting", 0, 0);
  throw flashFailure(job, {
    code: /verif/i.test(failed) ? "flash-verify" : "flash-failed",
    what: `nrfutil device program: ${failed}`,
    state: partly,
    next: again,
  });
}

const isProtection = (text: string) => /protect/i.test(text);

async function recover(job: FlashJob, tool: Tool): Promise<void> {
  if (!job.recover) throw approtectFailure(job, unchanged);
  job.onProgress("erasing", 0, 0);
  const failed = await run(job, tool, ["recover"], () => {});
  if (!failed) return;
  throw flashFailure(job, { what: `nrfutil device recover: ${failed}`, state: "may be erased", next: again });
}

/** Without a serial number nrfutil would program every board that is attached. */
async function onlySerial(job: FlashJob, nrfutil: string): Promise<string> {
  const command = ["--json", "device", "list", "--traits", "jlink"];
  const list = await promisify(execFile)(nrfutil, command).catch((cause: Error) => {
    throw flashFailure(job, { code: "flash-method", what: cause.message, state: unchanged, next: again, cause });
  });
  const [serial, ...others] = listedSerials(list.stdout);
  if (serial !== undefined && others.length === 0) return serial;
  throw flashFailure(job, {
    code: "flash-method",
    what:
      serial === undefined
        ? "nrfutil lists no J-Link"
        : `several J-Links are attached: ${[serial, ...others].join(", ")}`,
    state: unchanged,
    next: serial === undefined ? again : "name the board's by its serial number",
  });
}
