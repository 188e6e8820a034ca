// The virtual board's process itself: that it says why it ends, also when it ends in the depth of a flash write.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildFirmware } from "../../host/build/firmware.ts";

let folder: string;
let program: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ftte-process-"));
  program = (await buildFirmware({ port: "posix", engine: "wasm3" })).path;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]) => spawnSync(program, args, { encoding: "utf8", timeout: 20_000 });

it("names the file that is full, from the session's small stack", () => {
  const { status, stderr } = run("--flash", join(folder, "flash.bin"), "--flash-log", "/dev/full");
  expect(stderr).toBe("ftte-posix: cannot write /dev/full: No space left on device\n");
  expect(status).toBe(1);
});

it.each([
  [
    ["--flash", "/nowhere/flash.bin"],
    /^ftte-posix: cannot open \/nowhere\/flash.bin.panic: No such file or directory\n$/,
    1,
  ],
  [["--ram", "64K"], /^ftte-posix: --flash: is missing; see --help\n$/, 2],
  [["--flash", "x", "--speed", "0"], /^ftte-posix: --speed: must be above 0; see --help\n$/, 2],
  [["--flash", "x", "--watchdog", "-1"], /^ftte-posix: --watchdog: is not a number in range; see --help\n$/, 2],
])("refuses %j", (args, message, status) => {
  const ended = run(...args);
  expect(ended.stderr).toMatch(message);
  expect(ended.status).toBe(status);
});
