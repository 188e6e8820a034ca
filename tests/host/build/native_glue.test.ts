// The generator of the BLAS's boundary: what it refuses, and that the C which it writes for the real BLAS checks every pointer of every leaf.
// The judges are the module's own exports, and a reading of the sources that looks at names and types only.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { instantiateSync } from "@assemblyscript/loader";
import { describe, expect, it } from "vitest";
import { buildGuest } from "../../../host/build/guest.ts";
import { generateBlasGlue, generateLayersGlue } from "../../../host/build/native_glue.ts";
import { root } from "../../../host/build/root.ts";
import { FtteError } from "../../../host/errors.ts";
import { disassemble } from "../../core/wat.ts";

const leaf = (extents: string, parameters: string, result = "void") =>
  `//: ${extents}\nexport function sleaf(${parameters}): ${result} {\n}\n`;

const refusal = (source: string) => {
  try {
    generateBlasGlue([source]);
  } catch (error) {
    expect(error).toBeInstanceOf(FtteError);
    expect((error as FtteError).code).toBe("build-failed");
    return (error as FtteError).message;
  }
  throw new Error(`was not refused: ${source}`);
};

describe("a leaf is refused, by name,", () => {
  const cases: [what: string, source: string, message: RegExp][] = [
    [
      "with a pointer without an extent",
      leaf("const x[n]", "n: i32, x: usize, y: usize"),
      /no extent of its operand y/,
    ],
    ["with no extents at all", leaf("", "n: i32, x: usize"), /no extent of its operand x/],
    ["with an extent that is not closed", leaf("x[n y[n]", "n: i32, x: usize, y: usize"), /extent/],
    ["with an extent without a pointer", leaf("x[n] z[n]", "n: i32, x: usize"), /states an extent of z/],
    ["with an extent of a number", leaf("x[n] n[n]", "n: i32, x: usize"), /states an extent of n/],
    ["with an unknown type of elements", leaf("x:f64[n]", "n: i32, x: usize"), /its operand x a type of elements/],
    ["with a dimension that is none of its own", leaf("x[n*m]", "n: i32, x: usize"), /operand x by m/],
    ["with a pointer for a dimension", leaf("x[y] y[n]", "n: i32, x: usize, y: usize"), /operand x by y/],
    ["with a fraction for a dimension", leaf("x[k]", "n: i32, k: f32, x: usize"), /operand x by k/],
    [
      "with five dimensions multiplied",
      leaf("x[a*b*c*d*e]", "a: i32, b: i32, c: i32, d: i32, e: i32, x: usize"),
      /four/,
    ],
    ["with a parameter of 64 bits", leaf("x[n]", "n: i32, k: f64, x: usize"), /the type f64/],
    ["with a result of 64 bits", leaf("x[n]", "n: i32, x: usize", "i64"), /the type i64/],
  ];
  it.each(cases)("%s", (_what, source, message) => {
    expect(refusal(source)).toMatch(/^firmware\/assembly: sleaf /);
    expect(refusal(source)).toMatch(message);
  });
});

describe("a leaf that is right", () => {
  const source = leaf(
    "const w:i8[m*n] const s[m] mask:u8[(n+7)/8] y[m]",
    "m: i32,\n  n: i32,\n  k: f32, w: usize, s: usize, mask: usize, y: usize",
    "f32",
  );
  const { declarations, files } = generateBlasGlue([source, "export function helper(a: usize): void {}\n"]);

  it("is declared as an import with its own signature, and a helper without extents is not", () => {
    const lines = declarations.split("\n").filter((line) => line.startsWith("@external"));
    expect(lines).toEqual([
      '@external("blas", "sleaf") export declare function sleaf(m: i32, n: i32, k: f32, w: usize, s: usize, mask: usize, y: usize): f32;',
    ]);
  });

  it("has its dimensions checked first, then each operand with its size and access, then its work paid for", () => {
    const boundary = files["blas_boundary.h"]!;
    const order = [
      "ftte_check_sleaf(struct ftte_guest *guest, u32 m, u32 n, u32 *w, u32 *s, u32 *mask, u32 *y) {",
      "(m | n | 0) >> 15",
      "ftte_gate_pass(guest, w, (m*n), 0 | FTTE_GATE_READS)",
      "ftte_gate_pass(guest, s, 4 * (m), 3 | FTTE_GATE_READS)",
      "ftte_gate_pass(guest, mask, ((n+7)/8), 0)",
      "ftte_gate_pass(guest, y, 4 * (m), 3)",
      "ftte_guest_spend(guest, m + n + m*n + m + (n+7)/8 + m + 0)",
    ];
    const places = order.map((text) => boundary.indexOf(text));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });

  it("has its arguments taken in their order by either engine, and is entered after the check", () => {
    const { "blas_wasm3.h": wasm3 = "", "blas_native.h": aot = "" } = files;
    expect([...wasm3.matchAll(/m3ApiGetArg\((\w+), (\w+)\)/g)].map((m) => `${m[2]}:${m[1]}`)).toEqual(
      "m:u32 n:u32 k:f32 w:u32 s:u32 mask:u32 y:u32".split(" "),
    );
    expect(wasm3).toContain('{"blas", "sleaf", "f(iif****)", link_sleaf}');
    expect(aot).toContain("w2c_blas_sleaf(struct w2c_blas *blas, u32 m, u32 n, f32 k, u32 w, u32 s, u32 mask, u32 y)");
    for (const glue of [wasm3, aot]) {
      const checked = glue.indexOf("ftte_check_sleaf(guest, m, n, &w, &s, &mask, &y)");
      expect(checked).toBeGreaterThan(0);
      expect(glue.indexOf("ftte_leaf_sleaf(guest->memory, m, n, k, w, s, mask, y)")).toBeGreaterThan(checked);
    }
  });

  it("has an extent worked out in 64 bits where 32 do not hold it", () => {
    const boundary = (extent: string) =>
      generateBlasGlue([leaf(`x[${extent}]`, "m: i32, n: i32, k: i32, x: usize")]).files["blas_boundary.h"];
    expect(boundary("m*n")).toContain("ftte_gate_pass(guest, x, 4 * (m*n), 3)");
    expect(boundary("m*n*k")).toContain("ftte_gate_pass_wide(guest, x, 4 * ((uint64_t)m*(uint64_t)n*(uint64_t)k), 3)");
  });

  it("lets a lone length be longer than dimensions that are multiplied", () => {
    expect(generateBlasGlue([leaf("x[n]", "n: i32, x: usize")]).files["blas_boundary.h"]).toContain("(n | 0) >> 28");
  });
});

describe("the firmware's BLAS", async () => {
  await buildGuest();
  const folder = join(root, "firmware", "assembly", "blas");
  const sources = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  const { files, declarations } = generateBlasGlue(sources);
  const glue = Object.values(files).join("");
  const { exports } = instantiateSync(readFileSync(join(root, "build", "guest", "blas.wasm")));
  const exported = Object.keys(exports).filter((name) => typeof exports[name] === "function" && !name.startsWith("__"));

  /** A leaf's pointers, read from its source by name. */
  function pointersOf(name: string): string[] {
    const text = sources.map((s) => s.split(`export function ${name}(`)[1]).find((s) => s !== undefined)!;
    return [...text.slice(0, text.indexOf(")")).matchAll(/(\w+): usize/g)].map((m) => m[1]!);
  }

  it("has a link and a declaration for each of its exports, and for nothing else", () => {
    expect(exported.length).toBeGreaterThan(40);
    const linked = [...glue.matchAll(/\{"blas", "(\w+)", "[^"]+", link_\1\}/g)].map((m) => m[1]);
    expect(linked.toSorted()).toEqual(exported.toSorted());
    const declared = [...declarations.matchAll(/@external\("blas", "(\w+)"\)/g)].map((m) => m[1]);
    expect(declared.toSorted()).toEqual(exported.toSorted());
  });

  it.each(exported)("checks every pointer of %s, once", (name) => {
    const start = glue.indexOf(`static inline int ftte_check_${name}(`);
    const body = glue.slice(start, glue.indexOf("\n}\n", start));
    const checks = [...body.matchAll(/ftte_gate_pass(?:_wide)?\(guest, (\w+), /g)];
    expect(checks.map((m) => m[1]!).sort()).toEqual(pointersOf(name).sort());
    expect(body.match(/return FTTE_ERR_GUEST_BOUNDS/g)).toHaveLength(checks.length + 1); // and the dimensions
    expect(body).toContain("return ftte_guest_spend(guest, ");
  });

  it("is what the firmware was built with", () => {
    for (const [name, text] of Object.entries(files))
      expect(readFileSync(join(root, "build", "guest", name), "utf8")).toBe(text);
  });
});

describe("the firmware's layers", () => {
  const text = disassemble(readFileSync(join(root, "build", "guest", "layers.wasm")));

  it("have no data: linear memory is the guest's", () => {
    expect(text).not.toContain("(data");
  });

  it("are declared and linked as they are exported", () => {
    const source = readFileSync(join(root, "firmware", "assembly", "kernels", "index.ts"), "utf8");
    const { declarations, files } = generateLayersGlue(source);
    const exported = [...text.matchAll(/\(export "(\w+)" \(func/g)].map((m) => m[1]!);
    const declared = [...declarations.matchAll(/@external\("layers", "(\w+)"\)/g)].map((m) => m[1]!);
    const linked = [...files["layers_wasm3.h"]!.matchAll(/\{"layers", "(\w+)", "[^"]+", link_\1\}/g)].map((m) => m[1]!);
    expect(exported).toContain("run");
    expect(declared.toSorted()).toEqual(exported.toSorted());
    expect(linked.toSorted()).toEqual(exported.toSorted());
  });
});
