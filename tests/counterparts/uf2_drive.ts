// A folder that stands for a UF2 bootloader's drive: INFO_UF2.TXT and CURRENT.UF2 are in it, whatever is written into it goes block by block
// to uf2_device.ts, and when the image is complete the folder is gone, as the drive is when the board restarts. A fault's packet is a block.
//
// A folder is no drive: a client that still has a file open when it goes sees no error, where a real one would. `capacityBytes` makes it a
// file system of that size (Linux, as root), so that writing into it fails when it is full.
import { spawnSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type FaultPlan, PacketFaults } from "./faults.ts";
import { NorFlash } from "./nor_flash.ts";
import { blockBytes, currentUf2, Uf2Device, type Uf2Space } from "./uf2_device.ts";

export interface Uf2DriveOptions {
  folder: string;
  /** The nRF52840's, 0xada52840, when left out. */
  family?: number;
  boardId?: string;
  /** As INFO_UF2.TXT has it: "S140 6.1.1" when left out, "not found" without one. */
  softDevice?: string;
  capacityBytes?: number;
  /** The flash of a drive that left, for one that is plugged in again. */
  flash?: NorFlash;
  faults?: FaultPlan;
}

const flashBytes = 1 << 20;
const pageBytes = 4096;
const mbrBytes = 0x1000;
const userFlashEnd = 0xf4000 - 10 * pageBytes;
const ownFiles = new Set(["INFO_UF2.TXT", "CURRENT.UF2"]);
const lookMs = 5;

export class Uf2Drive {
  readonly flash: NorFlash;
  readonly device: Uf2Device;
  readonly violations: string[] = [];
  /** Resolves when the folder is gone, with why. */
  readonly left: Promise<"activated" | "unplugged">;
  private readonly faults: PacketFaults;
  private readonly taken = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;
  private resolveLeft!: (why: "activated" | "unplugged") => void;
  private gone = false;

  /** @throws Error when a capacity is asked for and nothing can be mounted here */
  constructor(private readonly options: Uf2DriveOptions) {
    const family = options.family ?? 0xada52840;
    const violation = (text: string) => void this.violations.push(text);
    this.left = new Promise((resolve) => {
      this.resolveLeft = resolve;
    });
    this.flash = options.flash ?? new NorFlash(flashBytes, pageBytes, options.faults?.flash);
    const space = { family, start: mbrBytes, end: userFlashEnd };
    this.device = new Uf2Device(this.flash, space, violation);
    this.faults = new PacketFaults(options.faults ?? {}, () => this.leave("unplugged"));
    mkdirSync(options.folder, { recursive: true });
    if (options.capacityBytes) mount(options.folder, options.capacityBytes);
    this.fill(space);
    this.timer = setInterval(() => this.look(), lookMs);
  }

  /** Takes the drive away, as if the board was unplugged. */
  unplug(): void {
    this.leave("unplugged");
  }

  private fill(space: Uf2Space): void {
    const { folder, boardId = "nRF52840-Test-v1", softDevice = "S140 6.1.1", capacityBytes } = this.options;
    const lines = [
      "UF2 Bootloader 0.9.2",
      "Model: Test",
      `Board-ID: ${boardId}`,
      "Date: Dec  1 2023",
      `SoftDevice: ${softDevice}`,
    ];
    writeFileSync(join(folder, "INFO_UF2.TXT"), lines.map((line) => `${line}\r\n`).join(""));
    if (!capacityBytes) writeFileSync(join(folder, "CURRENT.UF2"), currentUf2(this.flash, space));
  }

  private look(): void {
    for (const name of readdirSync(this.options.folder)) if (!ownFiles.has(name) && !this.gone) this.take(name);
  }

  /** The whole blocks that a file has got since the last look. */
  private take(name: string): void {
    const path = join(this.options.folder, name);
    const { size } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0 };
    const before = this.taken.get(name) ?? 0;
    let at = before <= size ? before : 0; // shorter: written anew
    if (at + blockBytes > size) return;
    const file = openSync(path, "r");
    for (; at + blockBytes <= size && !this.gone; at += blockBytes) {
      const block = Buffer.alloc(blockBytes);
      readSync(file, block, 0, blockBytes, at);
      this.faults.pass("in", block, ({ bytes }) => this.write(bytes));
    }
    closeSync(file);
    this.taken.set(name, at);
  }

  private write(block: Buffer): void {
    if (this.gone) return;
    this.device.write(block);
    if (this.device.complete) this.leave("activated");
  }

  private leave(why: "activated" | "unplugged"): void {
    if (this.gone) return;
    this.gone = true;
    clearInterval(this.timer);
    const { folder, capacityBytes } = this.options;
    if (capacityBytes) spawnSync("umount", ["-l", folder]);
    renameSync(folder, `${folder}.gone`); // at once, whatever is open in it
    rmSync(`${folder}.gone`, { recursive: true, force: true });
    this.resolveLeft(why);
  }
}

function mount(folder: string, bytes: number): void {
  const { status, stderr } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder]);
  if (status !== 0) throw new Error(`cannot mount a file system of ${bytes} bytes on ${folder}: ${stderr}`);
}
