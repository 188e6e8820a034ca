import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { cHeader, modelJson, safetensors } from "../../../host/cli/model_files.ts";
import type { Parameter } from "../../../host/plan/types.ts";

const parameters: Parameter[] = [
  { name: "dense1.weights", layer: 0, role: "weights", shape: [2, 3], offset: 0, count: 6 },
  { name: "dense1.bias", layer: 0, role: "bias", shape: [2], offset: 6, count: 2 },
];
const model = (values: number[]) => ({ name: "tiny-model", version: 7, parameters, values: Float32Array.from(values) });
const eight = [1, -2.5, 0.1, -0, 3e-39, 65504, 1 / 3, -1.1754943508222875e-38];

it("writes safetensors whose header describes every byte", () => {
  const bytes = safetensors(model(eight));
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  expect(length % 8).toBe(0);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  expect(header["dense1.weights"]).toEqual({ dtype: "F32", shape: [2, 3], data_offsets: [0, 24] });
  expect(header["dense1.bias"].data_offsets).toEqual([24, 32]);
  expect(bytes.length).toBe(8 + length + 32);
  expect([...new Float32Array(bytes.slice(8 + length).buffer)]).toEqual([...Float32Array.from(eight)]);
});

it("writes a C header that a compiler reads back bit for bit", () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 8, maxLength: 8 }),
      (values) => {
        const folder = mkdtempSync(join(tmpdir(), "ftte-header-"));
        writeFileSync(join(folder, "model.h"), cHeader(model(values)));
        writeFileSync(
          join(folder, "print.c"),
          '#include <stdio.h>\n#include "model.h"\nint main(void) { fwrite(tiny_model_dense1_weights, 4, 6, stdout); fwrite(tiny_model_dense1_bias, 4, 2, stdout); return 0; }\n',
        );
        execFileSync("cc", ["-std=c99", "-Wall", "-Werror", "-o", join(folder, "print"), join(folder, "print.c")]);
        const out = execFileSync(join(folder, "print"));
        expect(Buffer.compare(out, Buffer.from(Float32Array.from(values).buffer))).toBe(0);
      },
    ),
    { numRuns: 10, examples: [[eight]] },
  );
});

it("writes JSON that holds every tensor", () => {
  const json = JSON.parse(modelJson(model(eight)));
  expect(json).toMatchObject({ name: "tiny-model", version: 7 });
  expect(json.tensors[1]).toEqual({
    name: "dense1.bias",
    shape: [2],
    values: [...Float32Array.from(eight).subarray(6)],
  });
});
