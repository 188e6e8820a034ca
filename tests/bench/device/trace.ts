// What QEMU's log tells of a run, exact to the instruction: which blocks of code ran, in order (-d exec,nochain), and what each is made
// of (in_asm). QEMU begins a block and leaves it again when its time slice is used up, or before a device's register is read in its
// middle; the log says so, and such instructions are not counted. Text in, counts out.

import { type Cycles, cyclesOf } from "./cycles.ts";

export const traceOptions = ["-d", "exec,nochain,in_asm"];

interface Instruction {
  address: number;
  mnemonic: string;
  operands: string;
}
type Block = Instruction[];

/** From one function of interest to the next: blocks by how often they ran to their end and went on elsewhere, or to the next address. */
export interface Stage {
  entered: string; // the function; "" before the first one
  runs: Map<Block, { taken: number; straight: number }>;
}

/** The functions of a program by address (`nm`), without the suffixes that compilers give to clones. */
export class Symbols {
  private readonly sorted: [address: number, name: string][];

  constructor(nm: string) {
    this.sorted = [...nm.matchAll(/^([0-9a-f]+) [tTwW] ([\w.$]+)$/gm)]
      .map(([, address, name]): [number, string] => [Number.parseInt(address!, 16) & ~1, name!.split(".")[0]!])
      .filter(([, name]) => name !== "" && !name.startsWith("$"))
      .sort(([a], [b]) => a - b);
  }

  address(name: string): number {
    const found = this.sorted.find(([, other]) => other === name);
    if (!found) throw new Error(`the program has no function ${name}`);
    return found[0];
  }

  at(address: number): string {
    return this.sorted.findLast(([first]) => first <= address)?.[1] ?? "";
  }
}

/** Reads the log line by line and keeps the last call of one function, cut into stages. */
export class Trace {
  private readonly blocks = new Map<string, Block>(); // by QEMU's name for its translation
  private listing: Block = [];
  private running: Block | undefined;
  private call: { returnsTo: number } | undefined;
  private rest = "";
  stages: Stage[] = [];

  /**
   * @param entry address of the function whose last call is kept
   * @param marks functions that begin a stage, by address
   */
  constructor(
    private readonly entry: number,
    private readonly marks: ReadonlyMap<number, string> = new Map(),
  ) {}

  add(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop()!;
    for (const line of lines) this.line(line);
  }

  private line(line: string): void {
    if (line.startsWith("Trace ")) this.begin(line);
    else if (line.startsWith("0x")) this.list(line);
    else if (line.startsWith("IN:")) this.listing = [];
    else if (line.startsWith("Stopped execution")) this.running = undefined;
    else if (line.startsWith("cpu_io_recompile"))
      this.rewind(Number.parseInt(line.slice(line.lastIndexOf(" ") + 1), 16));
  }

  private list(line: string): void {
    const [, address, mnemonic, operands] =
      /^0x([0-9a-f]+): {2}[0-9a-f]{4}(?: [0-9a-f]{4})? +(\S+) *(.*)$/.exec(line) ?? [];
    if (address === undefined) throw new Error(`not an instruction: ${line}`);
    this.listing.push({ address: Number.parseInt(address, 16), mnemonic: mnemonic!, operands: operands! });
  }

  private begin(line: string): void {
    const name = line.slice(line.indexOf(": ") + 2, line.indexOf(" ["));
    const slash = line.indexOf("/");
    const pc = Number.parseInt(line.slice(slash + 1, line.indexOf("/", slash + 1)), 16);
    if (this.listing[0]?.address === pc) {
      this.blocks.set(name, this.listing);
      this.listing = [];
    }
    const block = this.blocks.get(name);
    if (block?.[0]?.address !== pc) throw new Error(`a block that was not listed: ${line}`);
    this.finish(pc);
    this.running = block;
  }

  /** Counts the block that ran until now; `pc` is where control went. */
  private finish(pc: number): void {
    const last = this.running?.at(-1);
    if (!this.running || !last) return;
    const isNext = pc === last.address + 2 || pc === last.address + 4;
    if (this.call) this.count(this.running, !isNext);
    if (pc === this.entry) {
      this.call = { returnsTo: last.address + 4 }; // behind the bl
      this.stages = [{ entered: "", runs: new Map() }];
    } else if (this.call?.returnsTo === pc) this.call = undefined;
    const mark = this.call && /^blx?$/.test(last.mnemonic) && this.marks.get(pc); // no loop around a function's first instruction
    if (mark) this.stages.push({ entered: mark, runs: new Map() });
  }

  private count(block: Block, taken: boolean): void {
    const { runs } = this.stages.at(-1)!;
    const run = runs.get(block) ?? { taken: 0, straight: 0 };
    run[taken ? "taken" : "straight"]++;
    runs.set(block, run);
  }

  private rewind(pc: number): void {
    const at = this.running?.findIndex(({ address }) => address === pc) ?? 0;
    this.running = at > 0 ? this.running!.slice(0, at) : undefined;
  }
}

export function instructionsOf(stages: Stage[]): number {
  let sum = 0;
  for (const { runs } of stages)
    for (const [block, { taken, straight }] of runs) sum += block.length * (taken + straight);
  return sum;
}

/** Instructions by function. */
export function functionsOf(stages: Stage[], symbols: Symbols): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { runs } of stages)
    for (const [block, { taken, straight }] of runs)
      for (const { address } of block) {
        const name = symbols.at(address);
        sums.set(name, (sums.get(name) ?? 0) + taken + straight);
      }
  return sums;
}

export function cyclesOfStages(stages: Stage[]): Cycles {
  const sum: Cycles = [0, 0];
  const add = ([fewest, most]: Cycles, times: number) => {
    sum[0] += fewest * times;
    sum[1] += most * times;
  };
  for (const { runs } of stages)
    for (const [block, { taken, straight }] of runs)
      block.forEach(({ mnemonic, operands }, i) => {
        if (i < block.length - 1) add(cyclesOf(mnemonic, operands, false), taken + straight);
        else {
          add(cyclesOf(mnemonic, operands, true), taken);
          add(cyclesOf(mnemonic, operands, false), straight);
        }
      });
  return sum;
}
