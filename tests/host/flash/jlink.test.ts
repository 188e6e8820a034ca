// Flashing through `nrfutil device`: a stand-in for the command, which takes the options and prints the messages that Nordic documents
// (nRF Util, "Programming options" and "Managing command output for scripting"), and keeps what it was asked to program.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { jlink } from "../../../host/flash/jlink.ts";
import type { FlashJob } from "../../../host/flash/method.ts";
import { firmware, jobFor } from "./job.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-nrfutil-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A shell script; `body` is what it does with any command but "device --version". */
const standIn = (name: string, body: string): string => {
  const path = join(folder, name);
  writeFileSync(
    path,
    `#!/bin/sh
     [ "$*" = "device --version" ] && exit 0
     file=; for one in "$@"; do case "$one" in *.hex) file=$one;; esac; done
     echo "$*" | sed "s#$file *##" >> ${path}.asked
     say() { printf '{"type":"%s","data":%s}\\n' "$1" "$2"; }
     end() { say task_end '{"task":{"id":"1","description":"Program"},"result":"success"}'; exit 0; }
     fail() { say task_end '{"task":{"id":"1","description":"Program"},"result":"fail","error":'"$1"'}'; exit 1; }
     ${body}`,
  );
  chmodSync(path, 0o755);
  return path;
};
const asked = (path: string) => readFileSync(`${path}.asked`, "utf8").trim().split("\n");

/** Data and addresses of an Intel HEX file (types 00, 01, 04), checksums checked. */
function readHex(text: string): Map<number, number> {
  const memory = new Map<number, number>();
  let base = 0;
  for (const line of text.trim().split("\n")) {
    const bytes = Buffer.from(line.trim().slice(1), "hex");
    expect(bytes.reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0);
    if (bytes[3] === 4) base = bytes.readUInt16BE(4) * 0x10000;
    if (bytes[3] === 0) for (let i = 0; i < bytes[0]!; i++) memory.set(base + bytes.readUInt16BE(1) + i, bytes[4 + i]!);
  }
  return memory;
}

const segments = [
  { address: 0, bytes: firmware(300) },
  { address: 0x1fff0, bytes: firmware(40, 2) },
];

describe("nrfutil", () => {
  it("gets the segments as Intel HEX and the probe by its serial number, and erases only what it touches", async () => {
    const nrfutil = standIn(
      "good",
      `say task_begin '{"task":{"id":"1"}}'; echo "a hint"
       say task_progress '{"progress":{"totalProgressPercentage":50}}'
       cp "$file" ${join(folder, "programmed.hex")}; end`,
    );
    const job = jobFor("nrf52840-dk", "1050012345", segments);
    expect(await jlink({ nrfutil })(job)).toEqual({ bytes: 340, verified: "read-back" });
    expect(job.stages).toEqual(["connecting", "writing", "restarting"]);
    expect(asked(nrfutil)).toEqual([
      "--json device program --firmware --options chip_erase_mode=ERASE_RANGES_TOUCHED_BY_FIRMWARE,verify=VERIFY_READ,reset=RESET_SYSTEM --serial-number 1050012345",
    ]);
    const memory = readHex(readFileSync(join(folder, "programmed.hex"), "utf8"));
    expect(memory.size).toBe(340);
    for (const { address, bytes } of segments)
      for (const [i, byte] of bytes.entries()) expect(memory.get(address + i)).toBe(byte);
  });

  it("is asked to recover a protected chip only when that was allowed", async () => {
    const opened = join(folder, "opened");
    const nrfutil = standIn(
      "protected",
      `case "$*" in *recover*) touch ${opened}; end;; esac
       [ -e ${opened} ] && end
       fail '{"code":"NotAvailableBecauseProtection","description":"The operation is unavailable due to readback protection"}'`,
    );
    const flash = jlink({ nrfutil });
    await expect(flash(jobFor("nrf52840-dk", "1", segments))).rejects.toMatchObject({
      code: "flash-protected",
      message: expect.stringMatching(
        /^wrist-07: .*protected.*the board still has its old firmware; .*--recover, which erases everything.*UICR/,
      ),
    });
    expect(asked(nrfutil).some((line) => line.includes("recover"))).toBe(false);
    const job = jobFor("nrf52840-dk", "1", segments, { recover: true });
    expect(await flash(job)).toMatchObject({ verified: "read-back" });
    expect(job.stages).toEqual(["connecting", "erasing", "restarting"]);
    expect(asked(nrfutil).slice(-2)[0]).toBe("--json device recover --serial-number 1");
  });

  it.each([
    [
      "a failure",
      `fail '{"code":"Generic","description":"could not connect to target"}'`,
      "flash-failed",
      /could not connect to target, Generic; the board may have its firmware partly overwritten; see that/,
    ],
    [
      "a failed verification",
      `fail '{"code":"VerifyError","description":"verification failed at 0x10"}'`,
      "flash-verify",
      /verification failed at 0x10/,
    ],
    ["a crash without a message", `echo "libjlink missing" >&2; exit 3`, "flash-failed", /libjlink missing/],
  ])("says what it says of %s", async (name, body, code, message) => {
    const flash = jlink({ nrfutil: standIn(name.replaceAll(" ", "-"), body) });
    await expect(flash(jobFor("nrf52-dk", "1050012345", segments))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it("is told the serial number of the only probe, and nothing when there are several", async () => {
    const one = standIn(
      "one",
      `case "$*" in *list*) say info '{"devices":[{"serialNumber":"1050077777"}]}'; exit 0;; esac; end`,
    );
    await jlink({ nrfutil: one })(jobFor("nrf52-dk", "", segments));
    expect(asked(one)).toEqual([
      "--json device list --traits jlink",
      expect.stringMatching(/device program .* --serial-number 1050077777$/),
    ]);
    const two = standIn("two", `say info '{"devices":[{"serialNumber":"1050077777"},{"serialNumber":"1050088888"}]}'`);
    await expect(jlink({ nrfutil: two })(jobFor("nrf52-dk", "", segments))).rejects.toMatchObject({
      code: "flash-method",
      message: expect.stringMatching(
        /several J-Links are attached: 1050077777, 1050088888; the board still has its old/,
      ),
    });
    expect(asked(two)).toHaveLength(1);
    const none = standIn("none", `say info '{"devices":[]}'`);
    await expect(jlink({ nrfutil: none })(jobFor("nrf52-dk", "", segments))).rejects.toThrow(/nrfutil lists no J-Link/);
  });

  it("is ended when flashing is interrupted", async () => {
    const slow = standIn("slow", `say task_progress '{"progress":{"totalProgressPercentage":10}}'; exec sleep 60`);
    const stop = new AbortController();
    const onProgress: FlashJob["onProgress"] = (stage) => stage === "writing" && stop.abort();
    const job = jobFor("nrf52-dk", "1", segments, { signal: stop.signal, onProgress });
    await expect(jlink({ nrfutil: slow })(job)).rejects.toMatchObject({
      code: "interrupted",
      message: expect.stringContaining("the board may have its firmware partly overwritten"),
    });
  });

  it("is asked for by name, with the line to type, where it is not installed", async () => {
    const flash = jlink({ nrfutil: join(folder, "nowhere") });
    await expect(flash(jobFor("nrf52-dk", "", segments))).rejects.toMatchObject({
      code: "flash-method",
      message: expect.stringMatching(/nrfutil, which is not on the PATH.*type: nrfutil install device/),
    });
  });
});
