// The link's C against tests/vectors/wire.json, and its own damage tests.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { boardErrors } from "../../host/wire/spec.gen.ts";
import { root, sanitizers, testC } from "./c_program.ts";

interface Vectors {
  crc32: { bytes: string; crc: number }[];
  cobs: { decoded: string; encoded: string }[];
  frames: { type: number; id: number; offset: number; body: string; encoded: string }[];
  bad: { encoded: string; error: keyof typeof boardErrors }[];
}

// C reads no JSON: one vector per line.
const vectors: Vectors = JSON.parse(readFileSync(`${root}tests/vectors/wire.json`, "utf8"));
const lines = [
  ...vectors.crc32.map(({ bytes, crc }) => `crc ${crc} ${bytes || "-"}`),
  ...vectors.cobs.map(({ decoded, encoded }) => `cobs ${decoded} ${encoded}`),
  ...vectors.frames.map((f) => `frame ${f.type} ${f.id} ${f.offset} ${f.body || "-"} ${f.encoded}`),
  ...vectors.bad.map(({ encoded, error }) => `bad ${boardErrors[error].code} ${encoded}`),
];
mkdirSync(`${root}build/tests`, { recursive: true });
const path = `${root}build/tests/wire_vectors.txt`;
writeFileSync(path, `${lines.join("\n")}\n`);

const flags = [...sanitizers, "-Itests/core"];
testC({
  name: "link_frame",
  sources: ["tests/core/link_frame_test.c", "firmware/core/digest/crc32.c"],
  flags,
  args: [path],
});
testC({ name: "link_transfer", sources: ["tests/core/link_transfer_test.c", "firmware/core/link/transfer.c"], flags });
testC({
  name: "log_ring",
  sources: ["tests/core/log_ring_test.c", "firmware/core/link/log_ring.c", "firmware/core/digest/crc32.c"],
  flags,
});
testC({
  name: "digest",
  sources: ["tests/core/digest_test.c", "firmware/core/digest/crc32.c", "firmware/core/digest/sha256.c"],
  flags,
});
