// Writes the C, AssemblyScript and TypeScript views of firmware/spec/*.json. The JSON files are the only hand-written
// source of numbers that the languages share. `--check` fails when a written view differs from what would be written.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

type Field = [name: string, type: "u8" | "u16" | "u32" | "i32" | "f32" | "bytes", bytes?: number];
interface Spec {
  constants?: Record<string, number>;
  enums?: Record<string, Record<string, number>>;
  structs?: Record<string, Field[]>;
  ops?: Record<string, { code: number; args: string[]; does: string }>;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (name: string) => JSON.parse(readFileSync(`${root}firmware/spec/${name}.json`, "utf8"));
const errors = read("errors").errors as { name: string; code: number; text: string }[];
const specs: Spec[] = [read("wire"), read("plan")];
type LogLevel = "error" | "warning" | "info" | "debug";
const logMessages = read("log").messages as [name: string, code: number, level: LogLevel, text: string][];
const levelOf = (level: LogLevel): number => specs[0]!.enums!.LogLevel![level]!;
const size = { u8: 1, u16: 2, u32: 4, i32: 4, f32: 4 } as const;
const fieldBytes = ([, type, bytes]: Field) => (type === "bytes" ? bytes! : size[type]);
const structBytes = (fields: Field[]) => fields.reduce((sum, f) => sum + fieldBytes(f), 0);

const snake = (s: string) => s.replace(/[A-Z]/g, (c, i) => (i ? "_" : "") + c.toLowerCase()).replace(/-/g, "_");
const upper = (s: string) => snake(s).toUpperCase();
const note = "Generated from firmware/spec by scripts/generate_spec.ts; do not edit.";

/** Fields must lie on their natural alignment, so that a packed and an unpacked struct are the same bytes. */
function checkAlignment(name: string, fields: Field[]): void {
  let at = 0;
  for (const f of fields) {
    const bytes = fieldBytes(f);
    if (f[1] !== "bytes" && at % bytes) throw new Error(`${name}.${f[0]} lies at ${at}, not a multiple of ${bytes}`);
    at += bytes;
  }
}

function c(): string {
  const out = [`// ${note}`, "#ifndef FTTE_SPEC_H", "#define FTTE_SPEC_H", "", "#include <stdint.h>", ""];
  out.push("enum ftte_err {", "    FTTE_OK = 0,");
  for (const { name, code, text } of errors) out.push(`    FTTE_ERR_${upper(name)} = ${code}, // ${text}`);
  out.push("};", "");
  for (const spec of specs) {
    for (const [name, value] of Object.entries(spec.constants ?? {})) out.push(`#define FTTE_${upper(name)} ${value}u`);
    for (const [name, members] of Object.entries(spec.enums ?? {})) {
      out.push("", `enum ftte_${snake(name)} {`);
      for (const [k, v] of Object.entries(members)) out.push(`    FTTE_${upper(name)}_${upper(k)} = ${v},`);
      out.push("};");
    }
    for (const [name, fields] of Object.entries(spec.structs ?? {})) {
      checkAlignment(name, fields);
      out.push("", `struct ftte_${snake(name)} {`);
      for (const f of fields) {
        const type = {
          u8: "uint8_t",
          u16: "uint16_t",
          u32: "uint32_t",
          i32: "int32_t",
          f32: "float",
          bytes: "uint8_t",
        }[f[1]];
        out.push(`    ${type} ${snake(f[0])}${f[1] === "bytes" ? `[${f[2]}]` : ""};`);
      }
      out.push("};", `_Static_assert(sizeof(struct ftte_${snake(name)}) == ${structBytes(fields)}, "${name}");`);
    }
    out.push("");
  }
  out.push("// A message's level (enum ftte_log_level) in the byte above its code.", "enum ftte_log_message {");
  for (const [name, code, level, text] of logMessages)
    out.push(`    FTTE_LOG_${upper(name)} = ${levelOf(level) * 256 + code}, // ${text}`);
  out.push("};", "", "#endif", "");
  return out.join("\n");
}

function assemblyScript(): string {
  const out = [`// ${note}`];
  for (const { name, code } of errors) out.push(`export const ERR_${upper(name)}: i32 = ${code};`);
  const plan = specs[1]!;
  for (const [name, value] of Object.entries(plan.constants ?? {}))
    out.push(`export const ${upper(name)}: u32 = ${value};`);
  for (const [name, members] of Object.entries(plan.enums ?? {}))
    for (const [k, v] of Object.entries(members)) out.push(`export const ${upper(name)}_${upper(k)}: u32 = ${v};`);
  for (const [name, fields] of Object.entries(plan.structs ?? {})) {
    let at = 0;
    for (const f of fields) {
      out.push(`export const ${upper(name)}_${upper(f[0])}_AT: usize = ${at};`);
      at += fieldBytes(f);
    }
    out.push(`export const ${upper(name)}_BYTES: usize = ${at};`);
  }
  for (const [name, op] of Object.entries(plan.ops ?? {})) {
    out.push("", `/** ${op.does} */`, `export const OP_${upper(name)}: u32 = ${op.code};`);
  }
  return `${out.join("\n")}\n`;
}

/**
 * A function, not data: code is gone from the engine's memory when the plan was checked, data would stay in the guest's. In two steps, by 16
 * codes each: an interpreter may nest what stands in a row (guest/check.h).
 */
function assemblyScriptOps(): string {
  const all = Object.values(specs[1]!.ops ?? {});
  const rows = [...new Set(all.map(({ code }) => code >> 4))].flatMap((row) => [
    `  if (op >> 4 == ${row}) {`,
    ...all
      .filter(({ code }) => code >> 4 === row)
      .map(({ code, args }) => `    if (op == ${code}) return ${args.length};`),
    "    return -1;",
    "  }",
  ]);
  const head = [
    "/** Argument words of an op, by its code; -1 where there is none. */",
    "export function wordsOf(op: u32): i32 {",
  ];
  return `${[`// ${note}`, ...head, ...rows, "  return -1;", "}"].join("\n")}\n`;
}

function structFunctions(name: string, fields: Field[]): string[] {
  const type = (f: Field) => (f[1] === "bytes" ? "Uint8Array" : "number");
  const out = [`export interface ${name} {`, ...fields.map((f) => `  ${f[0]}: ${type(f)};`), "}"];
  out.push(`export const ${name}Bytes = ${structBytes(fields)};`);
  const get = { u8: "getUint8", u16: "getUint16", u32: "getUint32", i32: "getInt32", f32: "getFloat32" } as const;
  out.push(`/** Reads a ${name}; throws RangeError when fewer than ${structBytes(fields)} bytes are left. */`);
  out.push(`export function decode${name}(bytes: Uint8Array, at = 0): ${name} {`);
  out.push("  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);", "  return {");
  let at = 0;
  for (const f of fields) {
    const little = f[1] === "u8" ? "" : ", true";
    out.push(
      f[1] === "bytes"
        ? `    ${f[0]}: slice(bytes, at + ${at}, ${f[2]}),`
        : `    ${f[0]}: view.${get[f[1]]}(at + ${at}${little}),`,
    );
    at += fieldBytes(f);
  }
  out.push("  };", "}");
  out.push(`export function encode${name}(value: ${name}): Uint8Array {`);
  out.push(`  const bytes = new Uint8Array(${at});`, "  const view = new DataView(bytes.buffer);");
  at = 0;
  for (const f of fields) {
    const little = f[1] === "u8" ? "" : ", true";
    if (f[1] === "bytes") out.push(`  bytes.set(value.${f[0]}.subarray(0, ${f[2]}), ${at});`);
    else out.push(`  view.${get[f[1]].replace("get", "set")}(${at}, value.${f[0]}${little});`);
    at += fieldBytes(f);
  }
  out.push("  return bytes;", "}", "");
  return out;
}

function typeScript(): string {
  const out = [`// ${note}`, ""];
  out.push("export const boardErrors = {");
  for (const { name, code, text } of errors) out.push(`  "${name}": { code: ${code}, text: ${JSON.stringify(text)} },`);
  out.push("} as const;", "export type BoardErrorName = keyof typeof boardErrors;", "");
  for (const spec of specs) {
    for (const [name, value] of Object.entries(spec.constants ?? {})) out.push(`export const ${name} = ${value};`);
    for (const [name, members] of Object.entries(spec.enums ?? {})) {
      const body = Object.entries(members).map(([k, v]) => `${k}: ${v}`);
      out.push(`export const ${name} = { ${body.join(", ")} } as const;`);
      out.push(`export type ${name} = (typeof ${name})[keyof typeof ${name}];`);
    }
    out.push("");
    for (const [name, fields] of Object.entries(spec.structs ?? {})) out.push(...structFunctions(name, fields));
    if (!spec.ops) continue;
    out.push("export const ops = {");
    for (const [name, op] of Object.entries(spec.ops)) {
      const args = op.args.map((a) => `"${a.replace("f32 ", "")}"`).join(", ");
      const floats = op.args.filter((a) => a.startsWith("f32 ")).map((a) => `"${a.slice(4)}"`);
      out.push(
        `  /** ${op.does} */`,
        `  ${name}: { code: ${op.code}, args: [${args}], floats: [${floats.join(", ")}] },`,
      );
    }
    out.push("} as const;", `export type OpName = keyof typeof ops;`, "");
  }
  out.push("/** What a board's log says, by code. */");
  out.push("export const logMessages: Readonly<Record<number, { name: string; text: string }>> = {");
  for (const [name, code, , text] of logMessages)
    out.push(`  ${code}: { name: "${name}", text: ${JSON.stringify(text)} },`);
  out.push("};", "");
  out.push("function slice(bytes: Uint8Array, at: number, count: number): Uint8Array {");
  out.push(
    `  if (at + count > bytes.length) throw new RangeError(\`bytes \${at}..\${at + count} of \${bytes.length}\`);`,
  );
  out.push("  return bytes.slice(at, at + count);", "}", "");
  return out.join("\n");
}

const views: [path: string, text: string][] = [
  ["firmware/core/spec.gen.h", c()],
  ["firmware/assembly/spec.gen.ts", assemblyScript()],
  ["firmware/assembly/model/ops.gen.ts", assemblyScriptOps()],
  ["host/wire/spec.gen.ts", typeScript()],
];
let stale = 0;
for (const [path, text] of views) {
  if (!process.argv.includes("--check")) writeFileSync(root + path, text);
  else if (readFileSync(root + path, "utf8") !== text) {
    console.error(`${path} is not what firmware/spec says; run: npm run generate`);
    stale++;
  }
}
process.exitCode = stale ? 1 : 0;
