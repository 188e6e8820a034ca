// What this user's ftte knows of boards from before: the names they were given and the ports they were last seen on, by chip id. One small
// file in the user's state folder (XDG Base Directory Specification 0.8: $XDG_STATE_HOME, ~/.local/state by default). Talks to no board.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
import { FtteError } from "../errors.ts";
import { chipIdText, parseChipId } from "./identity.ts";

export interface KnownBoard {
  name?: string | undefined;
  /** The port where it last answered. */
  address?: string | undefined;
}

const known = z.strictObject({ name: z.string().optional(), address: z.string().optional() });
const fileSchema = z.strictObject({ boards: z.record(z.string(), known) });

/** Where the file is, by the environment. */
export function stateFolder(env: NodeJS.ProcessEnv = process.env): string {
  const given = env.XDG_STATE_HOME;
  return join(given && isAbsolute(given) ? given : join(homedir(), ".local", "state"), "ftte");
}

/** COM3 and a radio's address are no paths. */
const fromAnyFolder = (address: string) => (existsSync(address) ? resolve(address) : address);

export class KnownBoards {
  private constructor(
    private readonly path: string,
    private readonly boards: Map<string, KnownBoard>,
  ) {}

  /** @throws FtteError "file-unreadable" when the file is there and cannot be understood */
  static read(folder = stateFolder()): KnownBoards {
    const path = join(folder, "boards.json");
    return new KnownBoards(path, new Map(Object.entries(contentOf(path))));
  }

  get(id: string): KnownBoard | undefined {
    return this.boards.get(id);
  }

  /** Chip ids and what is known, sorted by name, boards without one last. */
  all(): [id: string, board: KnownBoard][] {
    const key = ([id, { name }]: [string, KnownBoard]) => (name === undefined ? `~${id}` : name);
    return [...this.boards].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  /** What messages call the board: its name, else the first 8 digits of its chip id. */
  nameOf(id: string): string {
    return this.boards.get(id)?.name ?? id.slice(0, 8);
  }

  /**
   * The chip id that `text` means: a name, a known chip id, or four and more of its first digits.
   * @returns undefined when no board is known by it
   * @throws FtteError "usage" when several begin so
   */
  find(text: string): string | undefined {
    const ids = [...this.boards.keys()];
    const exact = ids.find((id) => this.boards.get(id)?.name === text || id === text.toLowerCase());
    if (exact !== undefined) return exact;
    const begin = ids.filter((id) => beginsWith(id, text));
    if (begin.length > 1) throw new FtteError("usage", `"${text}" may be ${begin.join(" or ")}; write more of it`);
    return begin[0];
  }

  /**
   * Gives a board a name, or takes it away; in the file, too.
   * @param id a chip id, known or not
   * @throws FtteError "usage" for a name that another board has or that would be taken for something else; "file-unwritable"
   */
  setName(id: string, name: string | undefined): void {
    const chip = chipIdText(parseChipId(id));
    if (name !== undefined) this.checkName(chip, name);
    this.change(chip, { ...this.boards.get(chip), name });
  }

  /** Remembers where boards answered, from whichever folder. @throws FtteError "file-unwritable" */
  sawAt(seen: readonly { chipId: string; address: string }[]): void {
    for (const { chipId, address: told } of seen) {
      const address = fromAnyFolder(told);
      if (this.boards.get(chipId)?.address !== address) this.change(chipId, { ...this.boards.get(chipId), address });
    }
  }

  /** The port where a board answered last, when that was another than this one. */
  wasElsewhere(id: string, address: string): string | undefined {
    const last = this.boards.get(id)?.address;
    return last === fromAnyFolder(address) ? undefined : last;
  }

  private checkName(chip: string, name: string): void {
    if (!/^[A-Za-z0-9][\w.-]{0,31}$/.test(name) || /^[0-9a-f]{4,}$/i.test(name))
      throw new FtteError(
        "usage",
        `"${name}" is no name for a board; write up to 32 letters, digits, dots, dashes and underscores that are no chip id, like wrist-07`,
      );
    const other = this.find(name);
    if (other !== undefined && other !== chip) throw new FtteError("usage", `${name} is the name of board ${other}`);
  }

  private change(id: string, board: KnownBoard): void {
    this.boards.set(id, board);
    const scratch = `${this.path}.${process.pid}`; // renamed into place: who reads meanwhile reads the old file or the new one
    try {
      mkdirSync(join(this.path, ".."), { recursive: true });
      writeFileSync(scratch, `${JSON.stringify({ boards: Object.fromEntries(this.boards) }, null, 2)}\n`);
      renameSync(scratch, this.path);
    } catch (cause) {
      throw new FtteError("file-unwritable", `${this.path} cannot be written: ${(cause as Error).message}`, { cause });
    }
  }
}

/** True when `text` is four or more digits that the chip id begins with. */
export const beginsWith = (id: string, text: string): boolean =>
  /^[0-9a-f]{4,}$/i.test(text) && id.startsWith(text.toLowerCase());

function contentOf(path: string): Record<string, KnownBoard> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return {}; // nothing is known yet
  }
  try {
    return fileSchema.parse(JSON.parse(text)).boards;
  } catch (cause) {
    throw new FtteError("file-unreadable", `${path} is damaged; remove it and name the boards again`, { cause });
  }
}
