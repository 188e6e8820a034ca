// Runs Nordic's nrfutil and reads the messages that it prints. Knows no board.
//
// Source: docs.nordicsemi.com, nRF Util, "Managing command output for scripting" (--json: a message a line; task_progress, task_end, info).

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

interface Message {
  type?: string;
  data?: {
    result?: string;
    message?: string;
    error?: { code?: unknown; description?: string };
    devices?: { serialNumber?: string }[];
    progress?: { totalProgressPercentage?: number; progressPercentage?: number };
  };
}

/**
 * Runs `nrfutil --json` with these words until it ends or `signal` ends it. Resolves to what went wrong, in its own words, or to undefined.
 * @param onShare how much of its work is done, 0 to 1
 */
export async function runNrfutil(
  nrfutil: string,
  words: string[],
  onShare: (share: number) => void,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const child = spawn(nrfutil, ["--json", ...words], { stdio: ["ignore", "pipe", "pipe"], ...(signal && { signal }) });
  const problems: string[] = [];
  let printed = "";
  child.stderr.on("data", (text: Buffer) => {
    printed += text;
  });
  const exit = new Promise<number | null>((resolve) => {
    child.on("close", resolve);
    child.on("error", (error) => problems.push(error.message)); // "close" follows
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const message = parse(line);
    tellShare(message, onShare);
    problems.push(...problemsOf(message));
  }
  const status = await exit;
  if (status !== 0 && problems.length === 0) problems.push(printed.trim() || `it ended with status ${status}`);
  return problems.length > 0 ? problems.join("; ") : undefined;
}

/** The serial numbers in what `nrfutil --json device list` printed. */
export const listedSerials = (output: string): string[] =>
  output
    .split("\n")
    .flatMap((line) => parse(line).data?.devices ?? [])
    .flatMap(({ serialNumber }) => serialNumber ?? []);

function tellShare({ type, data }: Message, onShare: (share: number) => void): void {
  const percent = data?.progress?.totalProgressPercentage ?? data?.progress?.progressPercentage;
  if (type === "task_progress" && typeof percent === "number") onShare(percent / 100);
}

function problemsOf({ type, data }: Message): string[] {
  if (type !== "task_end" || data?.result === "success") return [];
  const { code, description } = data?.error ?? {};
  return [[description ?? data?.message ?? "failed", code].filter((part) => part !== undefined).join(", ")];
}

/** What is no message is nobody's: nrfutil may print hints between them. */
function parse(line: string): Message {
  try {
    return JSON.parse(line) as Message;
  } catch {
    return {};
  }
}
