import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { root } from "../../../host/build/root.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-makefile-"));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const objectOf = (out: string) => join(out, "obj/firmware/core/digest/crc32.o");
const writtenAt = (out: string) => statSync(objectOf(out), { bigint: true }).mtimeNs;

/** Makes one object of the posix port with these flags. Returns when it was written. */
function made(flags: string, out = join(folder, "out")): bigint {
  const variables = ["PORT=posix", `OUT=${out}`, `EXTRA_CFLAGS=${flags}`];
  const run = spawnSync("make", ["-s", "-f", "firmware/Makefile", ...variables, objectOf(out)], {
    cwd: root,
    encoding: "utf8",
  });
  expect(run).toMatchObject({ status: 0, stderr: "" });
  return writtenAt(out);
}

describe("the firmware's Makefile", () => {
  it("makes objects again that were compiled with other flags, and no others", () => {
    const flags = [`-DA='"a b"'`, "-DA=2"];
    const [first, same, other, again] = [flags[0]!, flags[0]!, flags[1]!, flags[0]!].map((given) => made(given));
    expect(same).toBe(first);
    expect(other).toBeGreaterThan(first!);
    expect(again).toBeGreaterThan(other!);
  });

  it("makes nothing again in a copy of the folder", () => {
    made("-DA=2");
    const copy = join(folder, "copy");
    cpSync(join(folder, "out"), copy, { recursive: true, preserveTimestamps: true });
    const copied = writtenAt(copy);
    expect(made("-DA=2", copy)).toBe(copied);
  });
});
