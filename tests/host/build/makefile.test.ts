import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { root } from "../../../host/build/root.ts";

const out = mkdtempSync(join(tmpdir(), "ftte-makefile-"));
afterEach(() => rmSync(out, { recursive: true, force: true }));

/** Makes one object of the posix port with these flags. Returns when it was written. */
function made(flags: string): bigint {
  const object = join(out, "obj/firmware/core/digest/crc32.o");
  const variables = ["PORT=posix", `OUT=${out}`, `EXTRA_CFLAGS=${flags}`];
  const run = spawnSync("make", ["-s", "-f", "firmware/Makefile", ...variables, object], {
    cwd: root,
    encoding: "utf8",
  });
  expect(run).toMatchObject({ status: 0, stderr: "" });
  return statSync(object, { bigint: true }).mtimeNs;
}

describe("the firmware's Makefile", () => {
  it("makes objects again that were compiled with other flags, and no others", () => {
    const flags = [`-DA='"a b"'`, "-DA=2"];
    const [first, same, other, again] = [flags[0]!, flags[0]!, flags[1]!, flags[0]!].map(made);
    expect(same).toBe(first);
    expect(other).toBeGreaterThan(first!);
    expect(again).toBeGreaterThan(other!);
  });
});
