// Names of functions by address, from the symbol table of a program (ELF, little endian, 32 or 64 bits: System V ABI, chapter 4, "Sections" and
// "Symbol Table"); and which program of build/firmware a board runs. Reads no line numbers: that is what addr2line is for.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FtteError } from "../errors.ts";
import { root } from "./root.ts";

interface FunctionSymbol {
  at: number;
  bytes: number;
  name: string;
}

/** Offsets of the fields that differ between the two classes, and how wide addresses are. */
const layouts = {
  1: { wide: false, sections: 32, entryBytes: 46, count: 48, offset: 16, size: 20, link: 24, info: 12, value: 4, symbolSize: 8, symbolBytes: 16 }, // biome-ignore format: a table
  2: { wide: true, sections: 40, entryBytes: 58, count: 60, offset: 24, size: 32, link: 40, info: 4, value: 8, symbolSize: 16, symbolBytes: 24 }, // biome-ignore format: a table
} as const;
type Layout = (typeof layouts)[1 | 2];

const arm = 40; // e_machine EM_ARM: the lowest bit of a function's address says that it is Thumb
const symbolTable = 2; // sh_type SHT_SYMTAB
const functionType = 2; // st_info STT_FUNC, in the low four bits

export class Symbols {
  private constructor(private readonly functions: readonly FunctionSymbol[]) {}

  /** @throws FtteError "file-unreadable" when it is not there, or no program with symbols */
  static read(path: string): Symbols {
    try {
      return new Symbols(functionsOf(readFileSync(path)));
    } catch (cause) {
      throw new FtteError("file-unreadable", `${path} cannot be read as a program: ${(cause as Error).message}`, {
        cause,
      });
    }
  }

  /** The function whose code is at `address`; undefined where there is none. */
  at(address: number): string | undefined {
    const found = this.functions.findLast((symbol) => symbol.at <= address);
    return found && address < found.at + found.bytes ? found.name : undefined;
  }

  /** The function that made a call, by the address where it goes on: the call lies before that, which may be another function's first byte. */
  caller(returnAddress: number): string | undefined {
    return this.at(returnAddress - 2);
  }
}

/** By address. Assembly code states no size: it is taken to reach the next function. */
function functionsOf(elf: Buffer): FunctionSymbol[] {
  const layout = elf.readUInt32BE(0) === 0x7f454c46 && elf[5] === 1 ? layouts[elf[4] as 1 | 2] : undefined;
  if (!layout) throw new Error("it is no ELF file of a little-endian machine");
  const found = symbolsIn(elf, layout).sort((a, b) => a.at - b.at);
  return found.map((symbol, i) => ({ ...symbol, bytes: symbol.bytes || (found[i + 1]?.at ?? symbol.at) - symbol.at }));
}

function symbolsIn(elf: Buffer, layout: Layout): FunctionSymbol[] {
  const word = (at: number) => (layout.wide ? Number(elf.readBigUInt64LE(at)) : elf.readUInt32LE(at));
  const section = (i: number) => word(layout.sections) + i * elf.readUInt16LE(layout.entryBytes);
  const isArm = elf.readUInt16LE(18) === arm;
  const symbols: FunctionSymbol[] = [];
  for (let i = 0; i < elf.readUInt16LE(layout.count); i++) {
    const header = section(i);
    if (elf.readUInt32LE(header + 4) !== symbolTable) continue;
    const names = word(section(elf.readUInt32LE(header + layout.link)) + layout.offset);
    const end = word(header + layout.offset) + word(header + layout.size);
    for (let at = word(header + layout.offset); at < end; at += layout.symbolBytes) {
      if ((elf[at + layout.info]! & 15) !== functionType) continue;
      const code = word(at + layout.value);
      const name = zeroEnded(elf, names + elf.readUInt32LE(at));
      const start = isArm ? code - (code % 2) : code;
      if (code !== 0) symbols.push({ at: start, bytes: word(at + layout.symbolSize), name: plain(name) });
    }
  }
  return symbols;
}

const zeroEnded = (bytes: Buffer, at: number) => bytes.toString("latin1", at, bytes.indexOf(0, at));

/** Without what gcc appends to the names of copies and parts of a function. */
const plain = (name: string) => name.replace(/\.(?:constprop|isra|part|cold|lto_priv)(?:\.\d+)?/g, "");

/**
 * The program whose build a board says in its hello (`Hello.firmwareBuild`), of those that were built here.
 * @returns undefined when none was
 */
export function programOf(firmwareBuild: number, folder = join(root, "build", "firmware")): string | undefined {
  if (!existsSync(folder)) return undefined;
  for (const name of readdirSync(folder)) {
    const build = join(folder, name, "build");
    if (!existsSync(build) || Number(readFileSync(build, "utf8")) !== firmwareBuild) continue;
    const program = [`ftte-${name}.elf`, `ftte-${name}`].map((file) => join(folder, name, file)).find(existsSync);
    if (program !== undefined) return program;
  }
  return undefined;
}
