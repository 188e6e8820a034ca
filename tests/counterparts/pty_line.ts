// Puts a counterpart behind a pty, so that a client with a real serial port can talk to it (pty_bridge.c is the line's far end). It knows
// no protocol.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, symlinkSync } from "node:fs";
import { compileC, root } from "../core/c_program.ts";
import type { SerialDevice } from "./counterpart.ts";

export interface PtyLine {
  /** Where a client opens it: the symbolic link that was asked for, else the pty. */
  path: string;
  /** Pulls the plug, and resolves when the line is gone. A fault that unplugs does the same. */
  unplug(): Promise<void>;
  /** Resolves when the line is gone. */
  gone: Promise<void>;
}

/**
 * @param link a symbolic link that stands while the line does
 * @throws Error when the bridge ends before it has a line
 */
export async function attachToPty(device: SerialDevice, link?: string): Promise<PtyLine> {
  const program = compileC({ name: "pty_bridge", sources: ["tests/counterparts/pty_bridge.c"], flags: [] });
  const child = spawn(program, [], { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => {}); // written to while it goes
  const gone = once(child, "close").then(() => {
    if (link) rmSync(link, { force: true });
  });
  const unplug = async () => {
    child.stdin.destroy();
    await gone;
  };
  device.onSend = (bytes) => child.stdin.write(bytes);
  device.onUnplug = () => void unplug();
  const path = await new Promise<string>((resolve, reject) => {
    const records = new RecordReader((type, body) => {
      if (type === "P") resolve(body.toString());
      else tell(device, type, body);
    });
    child.stdout.on("data", (bytes: Buffer) => records.push(bytes));
    void gone.then(() => reject(new Error("pty_bridge ended before it had a line")));
  });
  if (link) {
    rmSync(link, { force: true });
    symlinkSync(path, link);
  }
  return { path: link ?? path, unplug, gone };
}

function tell(device: SerialDevice, type: string, body: Buffer): void {
  if (type === "D") device.receive(body);
  else if (type === "R") device.lineRate?.(body.readUInt32LE(0));
  else if (type === "C") device.lineClosed?.();
}

/** Cuts the bridge's records out of its output. */
class RecordReader {
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly onRecord: (type: string, body: Buffer) => void) {}

  push(bytes: Buffer): void {
    this.rest = Buffer.concat([this.rest, bytes]);
    while (this.rest.length >= 3 && this.rest.length >= 3 + this.rest.readUInt16LE(1)) {
      const end = 3 + this.rest.readUInt16LE(1);
      const record = this.rest.subarray(0, end);
      this.rest = this.rest.subarray(end);
      this.onRecord(String.fromCharCode(record[0]!), record.subarray(3));
    }
  }
}
