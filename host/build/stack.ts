// Worst-case native stack of a board's session, from the call graphs with frame sizes that gcc leaves beside a firmware's objects
// (firmware/Makefile, -fcallgraph-info=su). Every call through a pointer that the session can reach is listed here with whom it calls, and
// every recursion with what bounds it: a call or a recursion that is not is an error, never a guess. Runs nothing.
//
// wasm3 interprets on the native stack. What bounds it is firmware/core/guest: at every call of a function of the guest wasm3.c looks how
// deep the stack is, and check.h bounds what a function does before the next call. Where the compiler makes no tail calls that is the stack
// of its operations, which nest; check_body.c counts them by two numbers, and no operation here may take more than it is counted for.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FtteError } from "../errors.ts";
import type { Engine, Port } from "./port.ts";
import { root } from "./root.ts";

/** Of any function of the C library and of gcc's own: without a frame size in the graph. The largest that is met is memcpy's, or soft float's. */
const libraryBytes = 96;
const library =
  /^(__\w+|mem(cmp|cpy|move|set)|str(cmp|len|ncpy|tod|toul|toull)|setjmp|longjmp|abort|(ceil|floor|rint|sqrt|trunc)f?)$/;

/** Whom a function calls through a pointer. */
const pointers: Record<string, RegExp | "nobody"> = {
  ftte_command_run: /commands\.c:run_\w+$|^ftte_transfer_(put|get)_\w+$/,
  // The sensor's driver; firmware of boards without one has none, but for whoever says so.
  ftte_recorder_poll: /sensors\/\w+\.c:(probe|configure|read_rows|stop)$|^ftte_port_sensor$/,
  take_rows: /sensors\/\w+\.c:read_rows$|^ftte_port_sensor$/,
  read_rows: /:note(_given)?$/, // of replay.c, to the port
  ftte_guest_refuel: /:(late|expired)$/, // whoever gave guest.expired
  ftte_check_module: /wasm3\.c:signature_of$/,
  ParseModuleSection: /ParseSection_\w+$/,
  ParseSection_Custom: "nobody", // check.h lets no custom section pass
  m3_ParseModule: "nobody", // nor is there a handler for them
  ForEachModule: /v_FindFunction$/,
  CompileBlockStatements: /Compile_\w+$/,
  EvaluateExpression: /(^|:)op_(Const|SetSlot|CopySlot|GetGlobal|End)\w*$/,
  op_CallRawFunction: /wasm3\.c:link_\w+$/,
};

/** Functions of Espressif's ROMs, of which no source and no frame is public: an assumption, and far from the session's deepest calls. */
const romBytes = 1024;
/** Called through pointers by these on an ESP32-C3, and on an ESP32-S3 by one function of assembly, which has no frame in the graph either. */
const callsRom = /(^|:)(esp_(flash|soc|cache)_\w+|open_chip)$/;
const romCall = "esp_rom_call";

/** Frames whose size depends on a number that check.h bounds, and what comes on top at most. */
const variable: Record<string, string> = { ParseSection_Type: "FTTE_CHECK_PARAMETERS" };

/** What a module would need for it, check.h does not let pass: a start function. */
const never = ["m3_RunStart"];

/** Operations that check_body.c counts for FTTE_CHECK_LIGHT_BYTES; for the others it counts FTTE_CHECK_HEAVY_BYTES. */
const light =
  /^op_([iu]32_(?!Store|Trunc|Reinterpret|Wrap)|(Preserve)?(Copy|Set)Slot|SetRegister|[GS]etGlobal|Const|Select_i32|(Branch|If|ContinueLoop|Compile|MemSize))/;

/** The stack of what is not compiled here, all that it calls included. */
const outside = (title: string) => (title === romCall ? romBytes : library.test(title) ? libraryBytes : undefined);

const plain = (title: string) => title.replace(/^.*:/, "");
const isOperation = (title: string) => plain(title).startsWith("op_");

/** A number that a source states as `NAME = value`. */
function constant(path: string, name: string): number {
  const [, text] = new RegExp(`\\b${name} :?= ?(\\d+)`).exec(readFileSync(join(root, path), "utf8")) ?? [];
  if (text === undefined) throw new FtteError("build-failed", `${path} must say "${name} = " and a number`);
  return Number(text);
}

const checkLimit = (name: string) => constant("firmware/core/guest/check.h", name);

/** What wasm3.c lets the guest's calls take before it ends them. */
function callGuard(tailCalls: boolean): number {
  const text = readFileSync(join(root, "firmware/core/guest/wasm3.c"), "utf8");
  const scale = /FTTE_NO_TAIL_CALLS\)\nenum \{ FRAME_SCALE = (\d+) \}/.exec(text)?.[1];
  const words = /NATIVE_STACK_BYTES = FRAME_SCALE \* (\d+) \* sizeof\(void \*\)/.exec(text)?.[1];
  if (!scale || !words)
    throw new FtteError("build-failed", "firmware/core/guest/wasm3.c does not say its NATIVE_STACK_BYTES");
  return (tailCalls ? 1 : Number(scale)) * Number(words) * 4;
}

/** Of the interpreter, in its own memory: inside the engine's share of the pool. */
export const interpreterStackBytes = (engine: Engine): number =>
  engine === "wasm3" ? constant("firmware/core/guest/guest.mk", "FTTE_WASM3_STACK_BYTES") : 0;

const unknown = (what: string, asked: string, path: string[]) =>
  new FtteError("build-failed", `${[...path.map(plain), what].join(" → ")}: host/build/stack.ts must be told ${asked}`);

class CallGraph {
  private readonly frames = new Map<string, number>();
  private readonly calls = new Map<string, Set<string>>();
  private readonly depths = new Map<string, number>();

  constructor(objects: string) {
    const names = readdirSync(objects, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ci"));
    if (names.length === 0) throw new FtteError("build-failed", `${objects}: no call graph; build the firmware again`);
    for (const name of names) this.read(readFileSync(join(objects, name), "utf8"));
  }

  private read(text: string): void {
    for (const [, title, bytes, kind] of text.matchAll(/^node: \{ title: "([^"]+)" .*\\n(\d+) bytes \(([^)]+)\)"/gm))
      this.frames.set(title!, Number(bytes) + (kind === "dynamic" ? this.variablePart(title!) : 0));
    for (const [, from, to] of text.matchAll(/^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"/gm))
      this.calls.set(from!, (this.calls.get(from!) ?? new Set()).add(to!));
  }

  private variablePart(title: string): number {
    const limit = variable[plain(title)];
    // Others are unreachable, or frame() says that they are not known.
    return limit === undefined ? Number.NaN : 2 * checkLimit(limit);
  }

  titled(pattern: RegExp): string {
    const [title, ...more] = this.titles(pattern);
    if (title === undefined || more.length > 0)
      throw new FtteError("build-failed", `no one function is called ${pattern}`);
    return title;
  }

  private titles(pattern: RegExp): string[] {
    return [...this.frames.keys()].filter((title) => pattern.test(title));
  }

  frame(title: string): number {
    const bytes = this.frames.get(title) ?? outside(title);
    if (bytes === undefined || Number.isNaN(bytes))
      throw unknown(`the frame of ${title} is not known`, "how large it is", []);
    return bytes;
  }

  private callees(title: string, path: string[] = []): string[] {
    const named = [...(this.calls.get(title) ?? [])];
    const direct = named.filter((name) => name !== "__indirect_call" && !never.includes(name));
    if (!named.includes("__indirect_call")) return direct;
    const pattern = pointers[plain(title)];
    if (callsRom.test(title)) return direct; // depth() adds the ROM's
    if (isOperation(title) && !pattern) return direct; // the next operation: afterCall()
    if (!pattern) throw unknown(`${title} calls through a pointer`, "whom", path);
    const called = pattern === "nobody" ? [] : this.titles(pattern);
    if (pattern !== "nobody" && called.length === 0)
      throw unknown(`${title} calls ${pattern}, which is not there`, "whom", path);
    return [...direct, ...called];
  }

  /** Stack of a call of the function, its own frame included. */
  depth(title: string, path: string[] = []): number {
    const known = this.depths.get(title);
    if (known !== undefined) return known;
    if (path.includes(title)) throw unknown(`${title} calls itself`, "how often", path);
    const below = [...path, title];
    const rom = callsRom.test(title) && this.calls.get(title)?.has("__indirect_call") ? romBytes : 0;
    const deepest = Math.max(rom, ...this.callees(title, path).map((callee) => this.depth(callee, below)));
    const bytes = this.frame(title) + deepest;
    this.depths.set(title, bytes);
    return bytes;
  }

  /** Says what a call takes that depth() cannot tell. */
  set(title: string, bytes: number): void {
    this.depths.set(title, bytes);
  }

  /** Of a function that is entered `times` times within itself at most; `name` without its file. */
  recursion(name: string, times: number): void {
    const head = this.titles(/./).find((title) => plain(title) === name);
    if (head === undefined) return; // inlined into a loop
    const before = new Map(this.depths);
    this.depths.set(head, 0);
    const innermost = this.frame(head) + Math.max(0, ...this.callees(head).map((callee) => this.depth(callee)));
    this.depths.clear(); // they count the head as nothing
    for (const [title, bytes] of before) this.depths.set(title, bytes);
    this.set(head, (times - 1) * this.round(head, head, new Set()) + innermost);
  }

  /** The most that lies on the stack between one entry of `head` and the next; below 0 when there is no way back to it. */
  private round(title: string, head: string, path: Set<string>): number {
    let most = Number.NEGATIVE_INFINITY;
    for (const callee of this.callees(title))
      if (callee === head) most = Math.max(most, 0);
      else if (!path.has(callee) && this.reaches(callee, head))
        most = Math.max(most, this.round(callee, head, new Set([...path, callee])));
    return most + this.frame(title);
  }

  private reaches(from: string, to: string, seen = new Set<string>()): boolean {
    seen.add(from);
    return this.callees(from).some((next) => next === to || (!seen.has(next) && this.reaches(next, to, seen)));
  }

  /** Below a function of the guest that was just entered, up to its next call. */
  afterCall(tailCalls: boolean): number {
    const operations = this.titles(/(^|:)op_\w+$/);
    const deepest = Math.max(...operations.map((title) => this.depth(title)));
    const frameOf = (name: string) => this.frame(operations.find((title) => plain(title) === name)!);
    if (tailCalls) return frameOf("op_Entry") + (checkLimit("FTTE_CHECK_DEPTH") - 1) * frameOf("op_Loop") + deepest;
    for (const title of operations) this.weigh(title, frameOf("op_Branch"));
    return frameOf("op_Entry") + checkLimit("FTTE_CHECK_NESTED_BYTES") + deepest;
  }

  /** Holds an operation, and the jump to another page of code that may stand before it, to what check_body.c counts for it. */
  private weigh(title: string, jump: number): void {
    const name = light.test(plain(title)) ? "FTTE_CHECK_LIGHT_BYTES" : "FTTE_CHECK_HEAVY_BYTES";
    const bytes = this.frame(title) + jump;
    if (bytes > checkLimit(name))
      throw new FtteError(
        "build-failed",
        `${plain(title)} takes ${bytes} bytes of stack: ${name} in check.h says less`,
      );
  }
}

function graphOf(folder: string, port: Port, engine: Engine): CallGraph {
  const graph = new CallGraph(join(folder, "obj"));
  if (engine === "aot") return graph;
  graph.recursion("CopyStackSlotsR", 2); // once for each result of a block and once more; check.h: one result at most
  graph.recursion("CompileBlockStatements", checkLimit("FTTE_CHECK_DEPTH"));
  graph.set("m3_Call", callGuard(port.tailCalls) + graph.afterCall(port.tailCalls));
  return graph;
}

/**
 * Of the session of a firmware that was built: its whole native stack, an interrupt's entry included.
 * @param folder build/firmware/<name>
 * @throws FtteError "build-failed" for a graph with calls that this file does not know
 */
export function sessionStackBytes(folder: string, port: Port, engine: Engine): number {
  const graph = graphOf(folder, port, engine);
  return graph.depth(graph.titled(/^firmware\/ports\/\w+\/main\.c:run$/)) + port.interruptBytes;
}

/** Of a call of the engine, in any program that was built with it. Throws as sessionStackBytes. */
export function engineStackBytes(folder: string, port: Port, engine: Engine): number {
  const graph = graphOf(folder, port, engine);
  return Math.max(graph.depth("ftte_guest_call"), graph.depth("ftte_guest_open"));
}
