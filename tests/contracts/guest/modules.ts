// Modules that are hostile as a whole, each with what must come of it. For hostile.c.

import { abiVersion, boardErrors } from "../../../host/wire/spec.gen.ts";
import { abiExports, assemble, assembleGuest } from "../../core/wat.ts";

const code = (name: "guest-load" | "guest-trap" | "guest-time" | "guest-bounds" | "guest-abi") =>
  boardErrors[name].code;
const [refused, trap, late] = [code("guest-load"), code("guest-trap"), code("guest-time")];

export interface Hostile {
  name: string;
  bytes: Uint8Array;
  error: number;
}

const abi = `(func (export "abi") (result i32) i32.const ${abiVersion})`;
const tick = '(import "blas" "tick" (func $tick))';
/** A module whose selfTest has this body; `rest` stands before, `imports` first of all. */
const guest = (body: string, rest = "", imports = "") =>
  `(module ${imports} (memory 1) ${rest} ${abi} (func (export "selfTest") (result i32) ${body}))`;
const returning = (body: string) => `${body} i32.const 0`;
const times = (count: number, text: string) => Array(count).fill(text).join(" ");
const nested = (depth: number) => times(depth, "(block ") + ")".repeat(depth);
const elses = (depth: number): string => (depth ? `(if (i32.const 0) (then) (else ${elses(depth - 1)}))` : "");

/** Loops that could turn for ever without the board being asked. */
const loops: Record<string, string> = {
  "a loop that turns for ever": guest("(loop br 0) i32.const 0"),
  "a loop that turns while a number is odd": guest(returning("(loop (br_if 0 (i32.load (i32.const 0))))")),
  "a loop behind br_table": guest(returning("(loop (br_table 0 1 (i32.const 0)))")),
  "a loop whose call is never made": guest(returning("(loop (if (i32.const 0) (then call $tick)) br 0)"), "", tick),
  "a loop whose call stands behind the way back": guest(
    returning("(loop (br_if 0 (i32.const 1)) call $tick)"),
    "",
    tick,
  ),
  "a loop that calls on one of two ways": guest(
    returning("(loop (if (i32.const 0) (then call $tick) (else (nop))) br 0)"),
    "",
    tick,
  ),
  "a loop that jumps over its call": guest(
    returning("(loop (block (br_if 0 (i32.const 1)) call $tick) br 0)"),
    "",
    tick,
  ),
  "an inner loop that never calls": guest(returning("(loop call $tick (loop br 0))"), "", tick),
  "an outer loop that calls in another block": guest(
    returning(
      "(loop $outer (block (br_if 0 (i32.const 1)) (loop $inner call $tick (br_if $outer (i32.const 1)))) br $outer)",
    ),
    "",
    tick,
  ),
};

/** Work without end, or deeper than any stack: ended while it runs. */
const endless: Record<string, [wat: string, error: number]> = {
  "a loop that asks for ever": [guest("(loop call $tick br 0) i32.const 0", "", tick), late],
  "a loop that calls an empty function for ever": [
    guest("(loop call $nothing br 0) i32.const 0", "(func $nothing)"),
    late,
  ],
  "a loop that calls on both of two ways": [
    guest("(loop (if (i32.const 0) (then call $tick) (else call $tick)) br 0) i32.const 0", "", tick),
    late,
  ],
  "two loops that enter each other": [
    guest("(loop $a (loop $b call $tick (br_if $a (i32.const 1)) br $b)) i32.const 0", "", tick),
    late,
  ],
  "a leaf that is called for ever": [
    guest(
      "(loop (call $fill (i32.const 1000) (f32.const 1) (i32.const 0)) br 0) i32.const 0",
      "",
      '(import "blas" "sfill" (func $fill (param i32 f32 i32)))',
    ),
    late,
  ],
  "a tree of calls, 2^20 of them": [
    guest(
      returning("call $tree0"),
      `${Array.from({ length: 10 }, (_, i) => `(func $tree${i} ${times(4, `call $tree${i + 1}`)})`).join(" ")} (func $tree10)`,
    ),
    late,
  ],
  "a function that calls itself": [guest(returning("call $self"), "(func $self call $self)"), trap],
  "a function that calls itself with 16 arguments": [
    guest(
      returning(`(call $self ${times(16, "(i64.const 1)")})`),
      `(func $self (param ${times(16, "i64")}) (call $self ${Array.from({ length: 16 }, (_, i) => `(local.get ${i})`).join(" ")}))`,
    ),
    trap,
  ],
  "a function that calls itself in 10 loops": [
    guest(returning("call $self"), `(func $self ${times(10, "(loop")} call $self ${")".repeat(10)})`),
    trap,
  ],
  "functions that call each other": [
    guest(returning("call $a"), "(func $a call $b) (func $b call $c) (func $c call $a)"),
    trap,
  ],
  "a function with many locals that calls itself": [
    guest(returning("call $self"), `(func $self (local ${times(32, "i64")}) call $self)`),
    trap,
  ],
  "120 functions, each translated inside 10 loops of the one before": [
    guest(
      returning("call $f0"),
      Array.from(
        { length: 121 },
        (_, i) =>
          `(func $f${i} ${i < 120 ? `${times(10, "(loop")} call $f${i + 1} ${")".repeat(10)}` : ""} ${elses(10)})`,
      ).join(" "),
    ),
    trap,
  ],
  "120 functions, each translated when the one before calls it": [
    guest(
      returning("call $f0"),
      Array.from({ length: 121 }, (_, i) => `(func $f${i} ${i < 120 ? `${nested(10)} call $f${i + 1}` : ""})`).join(
        " ",
      ),
    ),
    trap,
  ],
};

/**
 * Ways through a function whose operations lie on each other on the native stack where the compiler makes no tail calls (check.h). `row(n)`
 * is one operation and n more: 112 of them, and two for the result, are what fits.
 */
const row = (more: number) => `(i32.load (i32.const 8)) ${times(more, "i32.eqz")} drop`;
const zeros = (count: number) => times(count, "(i32.const 0)");
const untaken = "(i32.load (i32.const 8))"; // 0 there
const nests: Record<string, string> = {
  "112 operations": row(112),
  "112 operations in either arm": `(if ${untaken} (then ${row(100)}) (else ${row(100)}))`,
  "operations behind a branch that jumps over others": `(block (block (br_table 0 1 ${untaken})) ${row(100)} br 0) ${row(2)}`,
  "a loop of 100 operations that turns 1000 times": `(local i32) (loop call $tick ${row(90)}
      (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1000))))`,
  "62 constants": `${Array.from({ length: 60 }, (_, i) => `(drop (i32.const ${i + 1000}))`).join(" ")} ${row(112)}`,
};
const tooDeep: Record<string, string> = {
  "113 operations": row(113),
  "2000 operations": row(2000),
  "600 loads": `i32.const 8 ${times(600, "i32.load")} drop`,
  "113 operations in one of two arms": `(if ${untaken} (then ${row(112)}) (else ${row(2)}))`,
  "60 operations before an if and 60 in it": `${row(60)} (if ${untaken} (then ${row(60)}))`,
  "60 operations before an else and 60 in it": `${row(60)} (if ${untaken} (then) (else ${row(60)}))`,
  "60 operations in a loop and 60 behind it": `(loop call $tick ${row(60)} (br_if 0 ${untaken})) ${row(60)}`,
  "60 operations that a branch leaves and 60 where it goes": `(block ${row(60)} (br_if 0 ${untaken}) (block br 1)) ${row(60)}`,
  "60 operations that a table leaves and 60 where it goes": `(block (block ${row(60)} (br_table 0 1 ${untaken}))) ${row(60)}`,
  "60 operations before a return that is not taken and 60 behind it": `${row(60)} (if ${untaken} (then i32.const 0 return)) ${row(60)}`,
  "49 calls in a row": times(49, "call $tick"),
  "8 calls with 16 arguments": times(8, `(call $many ${zeros(16)})`),
  "20 times three values that make room for each other": times(20, `${times(3, untaken)} i32.add i32.add drop`),
  "120 copies": `(local i32) ${times(120, "(local.set 0 (local.get 0))")}`,
  "120 globals": times(120, "(drop (global.get 0))"),
  "120 memory sizes": times(120, "(drop (memory.size))"),
  "120 selections": `(local i32) ${times(120, "(drop (select (local.get 0) (local.get 0) (local.get 0)))")}`,
  "85 stores": `(local i32) ${times(85, "(i32.store (local.get 0) (local.get 0))")}`,
  "85 sums of f32": `(local f32) (local.get 0) ${times(85, "(local.get 0) f32.add")} drop`,
  "85 loops": times(85, "(loop)"),
  "60 ifs": times(60, "(if (i32.const 0) (then))"),
  "40 elses": times(40, "(if (i32.const 0) (then) (else nop))"),
  "60 results of blocks": times(60, "(drop (block (result i32) i32.const 0))"),
  "60 branches": `(block ${times(60, "(br_if 0 (i32.const 0))")})`,
  "40 tables": times(40, "(block (br_table 0 0 (i32.const 0)))"),
  "20 operands that 20 blocks copy": `${zeros(20)} ${nested(10)} ${nested(10)} ${times(20, "drop")}`,
  "180 constants": Array.from({ length: 180 }, (_, i) => `(drop (i32.const ${i + 1000}))`).join(" "),
  "120 wide constants": times(120, "(drop (i64.const 0))"),
};
const nesting = (body: string) =>
  guest(returning(body), `(global (mut i32) (i32.const 0)) (func $many (param ${times(16, "i32")}))`, tick);

/** As deep as the call guard and check.h together let a guest come, with a function to translate down there. */
const deepest: Record<string, string> = {
  "a function of 105 operations that calls itself": guest(
    returning("call $self"),
    `(func $self ${row(105)} call $self)`,
  ),
  "120 functions of 70 operations, each translated when the one before calls it": guest(
    returning("call $f0"),
    Array.from(
      { length: 121 },
      (_, i) => `(func $f${i} ${row(70)} ${i < 120 ? `call $f${i + 1}` : ""} ${elses(10)})`,
    ).join(" "),
  ),
};

/** Traps of ordinary instructions. */
const trapping: Record<string, string> = {
  unreachable: guest("unreachable"),
  "a division by zero": guest("(i32.div_s (i32.const 1) (i32.load (i32.const 8)))"),
  "an unsigned remainder by zero": guest("(i32.rem_u (i32.const 1) (i32.load (i32.const 8)))"),
  "a 64-bit division by zero": guest("(i32.wrap_i64 (i64.div_u (i64.const 1) (i64.load (i32.const 8))))"),
  "a quotient that overflows": guest("(i32.div_s (i32.const 0x80000000) (i32.const -1))"),
  "a conversion of NaN": guest("(i32.trunc_f32_s (f32.div (f32.const 0) (f32.load (i32.const 8))))"),
  "a conversion of infinity": guest("(i32.trunc_f32_u (f32.div (f32.const 1) (f32.load (i32.const 8))))"),
};

/** What a module may not be, by rule or by size. */
const refusals: Record<string, string> = {
  "memory.grow": guest("(memory.grow (i32.const 1))"),
  "memory.grow far beyond the limit": guest("(memory.grow (i32.const 0x7fffffff))"),
  "memory.copy": guest(returning("(memory.copy (i32.const 0) (i32.const 8) (i32.const 0x7fffffff))")),
  "memory.fill": guest(returning("(memory.fill (i32.const 0) (i32.const 8) (i32.const 0x7fffffff))")),
  "a start function": `(module (memory 1) ${abi} (func $run unreachable) (start $run))`,
  "a table": `(module (memory 1) (table 1 funcref) ${abi})`,
  "an indirect call": `(module (memory 1) (table 1 funcref) (type $t (func)) ${abi}
    (func (export "selfTest") (result i32) (call_indirect (type $t) (i32.const 99)) i32.const 0))`,
  "two memories": `(module (memory 1) (memory 1) ${abi})`,
  "no memory": `(module ${abi})`,
  "memory from outside": `(module (import "blas" "memory" (memory 1)) ${abi})`,
  "a global from outside": `(module (import "blas" "x" (global i32)) (memory 1) ${abi})`,
  "an import from another module": guest("i32.const 0", "", '(import "env" "tick" (func))'),
  "an import that the BLAS does not have": guest("i32.const 0", "", '(import "blas" "system" (func (param i32)))'),
  "a leaf with too few parameters": guest("i32.const 0", "", '(import "blas" "scopy" (func (param i32 i32)))'),
  "a leaf with too many parameters": guest("i32.const 0", "", '(import "blas" "scopy" (func (param i32 i32 i32 i32)))'),
  "a leaf with a result that it does not give": guest(
    "i32.const 0",
    "",
    '(import "blas" "scopy" (func (param i32 i32 i32) (result i32)))',
  ),
  "a leaf with parameters of another type": guest(
    "i32.const 0",
    "",
    '(import "blas" "scopy" (func (param i32 i64 i32)))',
  ),
  "an exported leaf": `(module ${tick} (memory 1) (export "abi" (func $tick)))`,
  "data behind the largest memory": `(module (memory 1) (data (i32.const 0x7fffffff) "x") ${abi})`,
  "data before the first byte": `(module (memory 1) (data (i32.const -1) "xx") ${abi})`,
  "data behind this memory": `(module (memory 1) (data (i32.const 4107) "xx") ${abi})`,
  "data placed by a global": `(module (memory 1) (global $g i32 (i32.const 0)) (data (global.get $g) "x") ${abi})`,
  "passive data": `(module (memory 1) (data "x") ${abi})`,
  "17 parameters": guest("i32.const 0", `(func (param ${times(17, "i32")}))`),
  "two results": guest("i32.const 0", "(func (result i32 i32) i32.const 0 i32.const 0)"),
  "33 locals": guest("i32.const 0", `(func (local ${times(33, "i32")}))`),
  "25 operands": guest("i32.const 0", `(func ${times(25, "i32.const 0")} ${times(25, "drop")})`),
  "12 blocks in each other": guest("i32.const 0", `(func ${nested(12)})`),
  "a body of 2100 bytes": guest("i32.const 0", `(func ${times(2100, "nop")})`),
  "65 types": guest("i32.const 0", Array.from({ length: 65 }, () => "(type (func))").join(" ")),
  "257 functions": guest("i32.const 0", times(257, "(func)")),
  "33 globals": guest("i32.const 0", times(33, "(global i32 (i32.const 0))")),
  "a block with parameters": guest("i32.const 0", "(func i32.const 0 (block (param i32) drop))"),
  "an immutable global that is set": guest("(global.set 0 (i32.const 1)) i32.const 0", "(global i32 (i32.const 0))"),
};

/** Bodies that are not valid: what an interpreter that trusts them would fall over. */
const invalid: Record<string, string> = {
  "an operand taken from an empty stack": "drop i32.const 0",
  "an operand taken from the block outside": "i32.const 0 (block drop)",
  "a result that is missing": "nop",
  "a result too many": "i32.const 0 i32.const 0",
  "a result of another type": "f32.const 0",
  "a 64-bit result in place of a 32-bit one": "i64.const 0",
  "arguments of other types": "(i32.add (i64.const 0) (f32.const 0))",
  "an f64 as an address": "(i32.load (f64.const 1e300))",
  "a select of two types": "(select (i32.const 0) (f64.const 0) (i32.const 0))",
  "an if with a result and no else": "(if (result i32) (i32.const 0) (then i32.const 0))",
  "branches that take different results":
    "(block (result i32) (block (br_table 0 1 (i32.const 0) (i32.const 0))) i32.const 0)",
  "a branch without its result": "(block (result i32) br 0)",
  "a branch out of the function": "br 1",
  "a branch 4 billion blocks up": "br 4294967295",
  "a local that is not there": "local.get 0",
  "a local far away": "local.get 4294967295",
  "a global that is not there": "global.get 0",
  "a call of a function that is not there": "call 99",
  "instructions behind a return": "i32.const 0 return i32.const 0",
  "instructions behind unreachable": "unreachable i32.const 0",
  "an alignment that an access does not have": "(i32.load align=8 (i32.const 0))",
};

const text = (all: Record<string, string>, error: number): Hostile[] =>
  Object.entries(all).map(([name, wat]) => ({ name, bytes: (error === trap ? assembleGuest : assemble)(wat), error }));

// ---- what no assembler writes ----

const leb = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >>> 7)]);
const vector = (items: number[][]): number[] => [...leb(items.length), ...items.flat()];
const sized = (bytes: number[]): number[] => [...leb(bytes.length), ...bytes];
const exported = (name: string, index: number) => [...sized([...Buffer.from(name)]), 0, index];
const names = Object.keys(abiExports);
const valueTypes = (text: string | undefined) =>
  vector((text?.match(/\w\d\d/g) ?? []).map((t) => [t === "f32" ? 0x7d : 0x7f]));
const types = Object.values(abiExports).map((text) => [
  0x60,
  ...valueTypes(/\(param ([^)]*)/.exec(text)?.[1]),
  ...valueTypes(/\(result ([^)]*)/.exec(text)?.[1]),
]);
/** Returns 0; abi, the first, returns the version. */
const stubs = Object.values(abiExports).map((text, i) =>
  text.includes("(result f32)") ? [0, 0x43, 0, 0, 0, 0, 0x0b] : [0, 0x41, i === 0 ? abiVersion : 0, 0x0b],
);
/** Every export is a function of its own, of a type of its own; selfTest, the last, has this body. */
const sections = (body: number[]): [id: number, bytes: number[]][] => [
  [1, vector(types)],
  [3, vector(names.map((_, i) => [i]))],
  [5, vector([[0, 1]])],
  [7, vector(names.map(exported))],
  [10, vector([...stubs.slice(0, -1), body].map(sized))],
];
const binary = (parts: [id: number, bytes: number[]][]) =>
  Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, ...parts.flatMap(([id, bytes]) => [id, ...sized(bytes)])]);
/** A module whose selfTest is this body, its locals in front; everything around it is in order. */
const withBody = (...body: number[]) => binary(sections(body));

const good = [0, 0x41, 0, 0x0b];
const memory = sections(good)[2]!;
const raw: Record<string, Uint8Array> = {
  "2^32 - 1 locals": withBody(1, 255, 255, 255, 255, 15, 0x7f, 0x41, 0, 0x0b),
  "two groups of 2^31 locals": withBody(2, 128, 128, 128, 128, 8, 0x7f, 128, 128, 128, 128, 8, 0x7f, 0x41, 0, 0x0b),
  "a number in six bytes": withBody(0, 0x41, 128, 128, 128, 128, 128, 0, 0x0b),
  "a number with bits beyond its 32": withBody(0, 0x41, 128, 128, 128, 128, 0x10, 0x0b),
  "a local's index with bits beyond its 32": withBody(1, 1, 0x7f, 0x20, 128, 128, 128, 128, 0x10, 0x0b),
  "a thousand blocks in each other": withBody(
    0,
    ...Array(1000).fill([2, 0x40]).flat(),
    ...Array(1000).fill(0x0b),
    ...good.slice(1),
  ),
  "a body without its end": withBody(0, 0x41, 0),
  "bytes behind a body's end": withBody(...good, 0x0b),
  "an empty body": withBody(),
  "an else without an if": withBody(0, 0x05, 0x41, 0, 0x0b),
  "an else in a block": withBody(0, 2, 0x40, 0x05, 0x0b, ...good.slice(1)),
  "two elses": withBody(0, 0x41, 0, 4, 0x40, 5, 5, 0x0b, ...good.slice(1)),
  "an unknown instruction": withBody(0, 0x06, 0x0b),
  "an unknown instruction with a prefix": withBody(0, 0xfc, 99, 0x0b),
  "a vector instruction": withBody(0, 0xfd, 0, 0x0b),
  "a block whose type is a function's": withBody(0, 2, 0, 0x41, 0, 0x0b, 0x0b),
  "a body longer than its section": binary([
    ...sections(good).slice(0, 4),
    [10, [stubs.length, ...stubs.slice(0, -1).flatMap(sized), 99, ...good]],
  ]),
  "a section longer than the module": Buffer.concat([withBody(...good), Uint8Array.of(11, 99)]),
  "a section whose length overflows": Buffer.concat([withBody(...good), Uint8Array.of(11, 255, 255, 255, 255, 15)]),
  "the same section twice": binary([...sections(good).slice(0, 3), memory, ...sections(good).slice(3)]),
  "sections out of order": binary([...sections(good).slice(1, 3), sections(good)[0]!, ...sections(good).slice(3)]),
  "functions without bodies": binary(sections(good).slice(0, 4)),
  "fewer bodies than functions": binary([...sections(good).slice(0, 4), [10, vector([sized(good)])]]),
  "a function of a type that is not there": binary([
    sections(good)[0]!,
    [3, vector(names.map((_, i) => [i === 5 ? 99 : i]))],
    ...sections(good).slice(2),
  ]),
  "an export of a function that is not there": binary([
    ...sections(good).slice(0, 3),
    [7, vector([exported("abi", 99)])],
    sections(good)[4]!,
  ]),
  "an export with a name of 4 billion bytes": binary([
    ...sections(good).slice(0, 3),
    [7, [1, 255, 255, 255, 255, 15, 0, 0]],
    sections(good)[4]!,
  ]),
  "4 billion exports": binary([...sections(good).slice(0, 3), [7, [255, 255, 255, 255, 15]], sections(good)[4]!]),
  "a custom section called name": Buffer.concat([withBody(...good), Uint8Array.of(0, 7, 4, 110, 97, 109, 101, 1, 0)]),
  "an unknown section": Buffer.concat([withBody(...good), Uint8Array.of(13, 0)]),
  "a shared memory": binary([...sections(good).slice(0, 2), [5, [1, 3, 1, 1]], ...sections(good).slice(3)]),
};

export const hostileModules: Hostile[] = [
  ...text(loops, refused),
  ...Object.entries(endless).map(([name, [wat, error]]) => ({ name, bytes: assembleGuest(wat), error })),
  ...text(deepest, trap),
  ...text(trapping, trap),
  ...text(refusals, refused),
  ...Object.entries(invalid).map(([name, body]) => ({
    name: `invalid: ${name}`,
    bytes: assembleGuest(guest(body)),
    error: refused,
  })),
  ...Object.entries(nests).map(([name, body]) => ({ name, bytes: assembleGuest(nesting(body)), error: 0 })),
  ...Object.entries(tooDeep).map(([name, body]) => ({ name, bytes: assembleGuest(nesting(body)), error: refused })),
  { name: "a good module, as a control", bytes: assembleGuest(guest("i32.const 0")), error: 0 },
  { name: "good bytes, as a control", bytes: withBody(...good), error: 0 },
  ...Object.entries(raw).map(([name, bytes]) => ({ name, bytes, error: refused })),
];
