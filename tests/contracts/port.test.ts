// The port contract, on every port that runs here.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordingFile } from "../../host/boards/recording.ts";
import { testC } from "../core/c_program.ts";
import { testDevice } from "../core/device_program.ts";
import { flagsOf, sourcesOf } from "./port/program.ts";

/** A recording with one row of two elements. */
function sampleFile(folder: string): string {
  const path = join(folder, "samples.bin");
  const record = Buffer.from(Uint32Array.of(3, 0x11111111, 0x22222222).buffer);
  writeFileSync(path, recordingFile(record, { type: "f32", elements: 2 }));
  return path;
}

testC({
  name: "port_minimal",
  sources: sourcesOf("minimal", ["chip", "flash", "link", "sensor"]),
  flags: flagsOf("minimal"),
});

const replay = "firmware/sensors/replay.c";
const posix = [...sourcesOf("posix", ["chip", "fault", "flash", "link", "memory", "options", "sensor"]), replay];
const variants: [name: string, args: string[]][] = [
  ["port_posix", ["--samples"]],
  ["port_posix_nrf", ["--page-bytes", "4096", "--program-bytes", "4", "--baud", "115200", "--battery", "80"]],
  ["port_posix_wide", ["--page-bytes", "8192", "--program-bytes", "32", "--baud", "0", "--seed", "1"]],
  ["port_posix_watched", ["--watchdog", "0.3"]],
];

for (const [name, args] of variants) {
  const folder = mkdtempSync(join(tmpdir(), "ftte-port-"));
  const extra = args[0] === "--samples" ? ["--samples", sampleFile(folder)] : args;
  const partitions =
    "kernels=64K,plan=16K,frozen=64K,slice=32K,delta=16K,update=16K,checkpoint=64K,residual=32K,health=8K";
  const all = ["--flash", join(folder, "flash.bin"), "--partitions", partitions, ...extra];
  testC({ name, sources: posix, flags: [...flagsOf("posix"), "-DFTTE_STACK_BYTES=12288u"], args: all });
}

// In QEMU the two ends of the line are two UARTs, tied by a socket; the chip's id and a sample are loaded into its memory.
const folder = mkdtempSync(join(tmpdir(), "ftte-port-"));
const chip = join(folder, "chip.bin");
writeFileSync(chip, Buffer.from("an emulated chip, and then a seed of 32 bytes."));
const load = (path: string, at: string) => ["-device", `loader,file=${path},addr=${at},force-raw=on`];
const mps2 = (main: string) => [
  main,
  "firmware/core/digest/sha256.c",
  "firmware/ports/cortexm/fault.c",
  replay,
  ...["chip", "flash", "link", "memory", "sensor", "start"].map((name) => `firmware/ports/mps2/${name}.c`),
];
const variables = {
  PORT_STATIC_BYTES: "180000", // the contract's buffers
  EXTRA_CFLAGS: "-Itests/core -Itests/contracts/port -Ifirmware/ports/mps2",
};
testDevice(
  {
    name: "port_mps2",
    board: "mps2-nrf52840",
    sources: [...mps2("tests/contracts/port/mps2.c"), "tests/contracts/port/contract.c"],
    variables,
  },
  [
    ...["-serial", `unix:${folder}/line,server=on,wait=off`, "-serial", `unix:${folder}/line`],
    ...load(chip, "0x21400000"),
    ...load(sampleFile(folder), "0x21800000"),
  ],
);
testDevice(
  { name: "port_mps2_resets", board: "mps2-nrf52832", sources: mps2("tests/contracts/port/mps2_resets.c"), variables },
  ["-serial", "null"],
);
