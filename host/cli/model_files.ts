// A trained model as files: safetensors (Python, Rust), a C header (firmware), JSON (anything else). Pure: returns contents.

import type { Parameter } from "../plan/types.ts";

interface Tensors {
  name: string;
  version: number;
  parameters: Parameter[];
  values: Float32Array; // the flat vector
}

const valuesOf = (model: Tensors, p: Parameter) => model.values.subarray(p.offset, p.offset + p.count);

/**
 * The safetensors form: header length (u64), JSON header padded with spaces to a multiple of 8, the tensors' bytes.
 * Source: the format section of the safetensors README.
 */
export function safetensors(model: Tensors): Uint8Array {
  const header: Record<string, unknown> = {
    __metadata__: { model: model.name, version: String(model.version), producer: "ftte" },
  };
  for (const p of model.parameters)
    header[p.name] = { dtype: "F32", shape: p.shape, data_offsets: [p.offset * 4, (p.offset + p.count) * 4] };
  const text = JSON.stringify(header);
  const head = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const out = new Uint8Array(8 + head.length + model.values.length * 4);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(head.length), true);
  out.set(head, 8);
  model.values.forEach((value, i) => {
    view.setFloat32(8 + head.length + i * 4, value, true);
  });
  return out;
}

/** A C99 header with one constant array per tensor; hexadecimal floats, so that not a bit is lost. */
export function cHeader(model: Tensors): string {
  const name = model.name.replace(/\W/g, "_");
  const guard = `${name.toUpperCase()}_MODEL_H`;
  const arrays = model.parameters.map((p) => {
    const id = `${name}_${p.name.replace(/\W/g, "_")}`;
    const numbers = [...valuesOf(model, p)].map(hexFloat);
    const lines = Array.from(
      { length: Math.ceil(numbers.length / 6) },
      (_, i) => `    ${numbers.slice(i * 6, i * 6 + 6).join(", ")},`,
    );
    return `// shape (${p.shape.join(", ")})\nstatic const float ${id}[${p.count}] = {\n${lines.join("\n")}\n};\n`;
  });
  return `// ${model.name}, version ${model.version}, exported by ftte. Weights are (O,KH,KW,I), channels last.\n#ifndef ${guard}\n#define ${guard}\n\n${arrays.join("\n")}\n#endif\n`;
}

/** 0.15625 → "0x1.4p-3f" */
function hexFloat(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError("a model holds finite values only");
  if (value === 0) return Object.is(value, -0) ? "-0x0p+0f" : "0x0p+0f";
  const magnitude = Math.abs(value);
  const exponent = Math.floor(Math.log2(magnitude));
  const mantissa = Math.round((magnitude / 2 ** exponent) * 2 ** 24);
  const [m, e] = mantissa >= 2 ** 25 ? [mantissa / 2, exponent + 1] : [mantissa, exponent];
  const digits = (m - 2 ** 24).toString(16).padStart(6, "0").replace(/0+$/, "");
  return `${value < 0 ? "-" : ""}0x1${digits ? `.${digits}` : ""}p${e < 0 ? e : `+${e}`}f`;
}

export function modelJson(model: Tensors): string {
  const tensors = model.parameters.map((p) => ({ name: p.name, shape: p.shape, values: [...valuesOf(model, p)] }));
  return `${JSON.stringify({ name: model.name, version: model.version, tensors })}\n`;
}
