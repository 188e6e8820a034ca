// Finds the drives that UF2 bootloaders show: by the INFO_UF2.TXT that each carries, whatever the system calls the drive. Writes nothing.
//
// Source: Microsoft's UF2 specification (github.com/microsoft/uf2, README, "Files exposed by bootloaders": Model, Board-ID). Adafruit's
// bootloader adds "SoftDevice: S140 6.1.1" or "not found" (Adafruit_nRF52_Bootloader, src/usb/uf2/ghostfat.c, uf2_init).

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { BoardConfig } from "../boards/config.ts";

export interface Uf2Drive {
  folder: string;
  /** The folder's last name, which Linux and macOS take from the volume's label. */
  label: string;
  model: string;
  boardId: string;
  /** "S140 6.1.1", "not found", or undefined if the bootloader does not tell. */
  softDevice: string | undefined;
}

/** Where a test looks for drives. */
export interface DriveFolders {
  platform?: NodeJS.Platform;
  /** Linux's list of mounts. */
  mounts?: string;
  /** macOS's folder of volumes. */
  volumes?: string;
}

const infoName = "INFO_UF2.TXT";

/** Every UF2 drive, sorted by folder. */
export function listUf2Drives(folders: DriveFolders = {}): Uf2Drive[] {
  return mountedFolders(folders)
    .map(readUf2Drive)
    .filter((drive) => drive !== undefined)
    .sort((a, b) => (a.folder < b.folder ? -1 : 1));
}

/** Undefined if there is none at `folder`, or none any more. */
export function readUf2Drive(folder: string): Uf2Drive | undefined {
  let info: string;
  try {
    info = readFileSync(join(folder, infoName), "latin1");
  } catch {
    return undefined;
  }
  const field = (name: string) => info.match(new RegExp(`^${name}: *(.*?) *\\r?$`, "m"))?.[1];
  return {
    folder,
    label: basename(folder),
    model: field("Model") ?? "",
    boardId: field("Board-ID") ?? "",
    softDevice: field("SoftDevice"),
  };
}

/** By the volume's label or by the bootloader's own name for the board. */
export function isDriveOf(drive: Uf2Drive, { flashing }: BoardConfig): boolean {
  const { volume, bootloaderId } = flashing;
  return drive.label === volume || (bootloaderId !== undefined && drive.boardId.startsWith(bootloaderId));
}

/** False once the device behind `folder` is gone, even while the system still shows what it remembers of it. */
export function isPresent(folder: string, folders: DriveFolders = {}): boolean {
  const { platform = process.platform, mounts = "/proc/self/mounts" } = folders;
  const mount = platform === "linux" ? linuxMounts(mounts).find((entry) => entry.folder === folder) : undefined;
  if (mount?.device.startsWith("/dev/") && !existsSync(mount.device)) return false;
  return readUf2Drive(folder) !== undefined;
}

function mountedFolders(folders: DriveFolders): string[] {
  const { platform = process.platform, mounts = "/proc/self/mounts", volumes = "/Volumes" } = folders;
  if (platform === "win32") return [..."DEFGHIJKLMNOPQRSTUVWXYZ"].map((letter) => `${letter}:\\`);
  if (platform === "darwin") return entries(volumes).map((name) => join(volumes, name));
  return linuxMounts(mounts)
    .filter(({ type }) => type === "vfat" || type === "msdos")
    .map(({ folder }) => folder);
}

/** See fstab(5): blanks in names are written as \040. */
function linuxMounts(path: string): { device: string; folder: string; type: string }[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  const plain = (field: string) =>
    field.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
  return text
    .split("\n")
    .map((line) => line.split(" ").map(plain))
    .filter((fields) => fields.length >= 3)
    .map(([device, folder, type]) => ({ device: device!, folder: folder!, type: type! }));
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
