// Flashes through a J-Link by Nordic's own command, `nrfutil device`, where it is installed; nrfutil brings SEGGER's library. Erases the
// pages that the firmware touches, and nothing else.
//
// Sources: docs.nordicsemi.com, nRF Util: "device program" (--firmware, --serial-number), "Programming options" (chip_erase_mode, verify,
// reset), "device recover", and "Managing command output for scripting" (--json: one message a line, task_progress and task_end).

import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { flashFailure } from "./failure.ts";
import type { FlashJob, FlashMethod, Segment } from "./method.ts";

export interface JlinkOptions {
  /** The command; "nrfutil" on the PATH by default. */
  nrfutil?: string;
}

const unchanged = "still has its old firmware";
const partly = "may have its firmware partly overwritten";
const again = "see that the board is powered and its debug probe connected, and flash it again";
const programming = "chip_erase_mode=ERASE_RANGES_TOUCHED_BY_FIRMWARE,verify=VERIFY_READ,reset=RESET_SYSTEM";

/** `address` of the job is the probe's serial number. Verified by nrfutil's reading back. */
export function jlink(options: JlinkOptions = {}): FlashMethod {
  const nrfutil = options.nrfutil ?? "nrfutil";
  return async (job) => {
    job.onProgress("connecting", 0, 0);
    await requireNrfutil(job, nrfutil);
    const bytes = job.segments.reduce((sum, segment) => sum + segment.bytes.length, 0);
    const folder = await mkdtemp(join(tmpdir(), "ftte-flash-"));
    try {
      const path = join(folder, "firmware.hex");
      await writeFile(path, await intelHex(job.segments));
      await program(job, nrfutil, path, bytes);
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

async function program(job: FlashJob, nrfutil: string, path: string, bytes: number): Promise<void> {
  const command = ["program", "--firmware", path, "--options", programming];
  const onShare = (share: number) => job.onProgress("writing", Math.floor(share * bytes), bytes);
  let failed = await run(job, nrfutil, command, onShare);
  if (failed && isProtection(failed)) {
    await recover(job, nrfutil);
    failed = await run(job, nrfutil, command, onShare);
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

async function recover(job: FlashJob, nrfutil: string): Promise<void> {
  if (!job.recover)
    throw flashFailure(job, {
      code: "flash-protected",
      what: "the chip is protected against reading (APPROTECT)",
      state: unchanged,
      next: "to lift that, flash it with --recover, which erases everything: firmware, samples, updates not yet sent, and UICR (pin reset, supply voltage, bootloader address)",
    });
  job.onProgress("erasing", 0, 0);
  const failed = await run(job, nrfutil, ["recover"], () => {});
  if (!failed) return;
  throw flashFailure(job, { what: `nrfutil device recover: ${failed}`, state: "may be erased", next: again });
}

interface Message {
  type?: string;
  data?: {
    result?: string;
    message?: string;
    error?: { code?: unknown; description?: string };
    progress?: { totalProgressPercentage?: number; progressPercentage?: number };
  };
}

/** What went wrong, in nrfutil's words; undefined if nothing did. */
async function run(job: FlashJob, nrfutil: string, command: string[], onShare: (share: number) => void) {
  const serial = job.address ? ["--serial-number", job.address] : [];
  const child = spawn(nrfutil, ["--json", "device", ...command, ...serial], { stdio: ["ignore", "pipe", "pipe"] });
  const interrupt = () => child.kill();
  job.signal?.addEventListener("abort", interrupt);
  const problems: string[] = [];
  let printed = "";
  child.stderr.on("data", (text: Buffer) => {
    printed += text;
  });
  const exit = new Promise<number | null>((resolve) => {
    child.on("close", resolve);
    child.on("error", (error) => problems.push(error.message));
  });
  for await (const line of createInterface({ input: child.stdout })) read(parse(line), problems, onShare);
  const status = await exit;
  job.signal?.removeEventListener("abort", interrupt);
  if (job.signal?.aborted)
    throw flashFailure(job, { code: "interrupted", what: "interrupted", state: partly, next: again });
  if (status !== 0 && problems.length === 0) problems.push(printed.trim() || `it ended with status ${status}`);
  return problems.length > 0 ? problems.join("; ") : undefined;
}

function read({ type, data }: Message, problems: string[], onShare: (share: number) => void): void {
  if (type === "task_progress") {
    const percent = data?.progress?.totalProgressPercentage ?? data?.progress?.progressPercentage;
    if (typeof percent === "number") onShare(percent / 100);
  }
  if (type !== "task_end" || data?.result === "success") return;
  const { code, description } = data?.error ?? {};
  problems.push([description ?? data?.message ?? "failed", code].filter((part) => part !== undefined).join(", "));
}

/** What is no message is nobody's: nrfutil may print hints between them. */
function parse(line: string): Message {
  try {
    return JSON.parse(line) as Message;
  } catch {
    return {};
  }
}
