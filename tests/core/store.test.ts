// The store on simulated flash: its promises, then a power cut at every byte.
import { sanitizers, testC } from "./c_program.ts";

const sources = ["crc32", "sha256"]
  .map((name) => `firmware/core/digest/${name}.c`)
  .concat(
    ["flash", "slot", "store", "receive", "samples", "samples_write"].map((name) => `firmware/core/store/${name}.c`),
  )
  .concat("tests/core/nor_flash.c");
const flags = [...sanitizers, "-Itests/core"];

testC({ name: "store", sources: ["tests/core/store_test.c", ...sources], flags });
// Small pages: every byte, at full speed; then a sample of both under the sanitizers. FTTE_SWEEP=1 tries every byte of all.
const power = ["tests/core/store_power_test.c", ...sources];
const every = process.env.FTTE_SWEEP ? ["1", "1"] : ["1", "293"];
testC({
  name: "store_power",
  sources: power,
  flags: ["-O2", "-Itests/core"],
  args: every,
  timeoutMs: process.env.FTTE_SWEEP ? 3_600_000 : 120_000,
});
testC({ name: "store_power_sanitized", sources: power, flags, args: ["31", "997"] });
