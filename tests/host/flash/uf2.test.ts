// UF2: files judged by another decoder (npm uf2), drives by their INFO_UF2.TXT, and the copy to one.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeBlock, isUF2Block, UF2Flags } from "uf2";
import { afterAll, describe, expect, it } from "vitest";
import { loadBoardConfig } from "../../../host/boards/config.ts";
import { type DriveFile, uf2 } from "../../../host/flash/uf2.ts";
import { isDriveOf, isPresent, listUf2Drives, readUf2Drive } from "../../../host/flash/uf2_drives.ts";
import { uf2File } from "../../../host/flash/uf2_file.ts";
import type { PacketFault } from "../../counterparts/faults.ts";
import { Uf2Drive, type Uf2DriveOptions } from "../../counterparts/uf2_drive.ts";
import { firmware, jobFor } from "./job.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-uf2-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("a UF2 file", () => {
  const segments = [
    { address: 0x26000, bytes: firmware(700) },
    { address: 0x262c0, bytes: firmware(10, 2) }, // in the last block of the one before
    { address: 0x30010, bytes: firmware(300, 3) },
  ];
  const file = uf2File(segments, 0xada52840);
  const blocks = Array.from({ length: file.length / 512 }, (_, i) =>
    decodeBlock(file.subarray(512 * i, 512 * (i + 1))),
  );

  it("is whole blocks of the family, numbered, of 256 bytes at multiples of 256, ascending", () => {
    expect(file.length % 512).toBe(0);
    for (const [i, block] of blocks.entries()) {
      expect(isUF2Block(file.subarray(512 * i, 512 * (i + 1)))).toBe(true);
      expect(block).toMatchObject({
        flags: UF2Flags.familyIDPresent,
        boardFamily: 0xada52840,
        blockNumber: i,
        totalBlocks: 5,
      });
      expect(block.payload).toHaveLength(256);
    }
    expect(blocks.map(({ flashAddress }) => flashAddress)).toEqual([0x26000, 0x26100, 0x26200, 0x30000, 0x30100]);
  });

  it("holds every byte of every segment, and 0xff where there is none", () => {
    const expected = new Map<number, number>();
    for (const { address, bytes } of segments) for (const [i, byte] of bytes.entries()) expected.set(address + i, byte);
    for (const { flashAddress, payload } of blocks)
      for (const [i, byte] of payload.entries()) expect(byte).toBe(expected.get(flashAddress + i) ?? 0xff);
  });
});

describe("UF2 drives", () => {
  const feather =
    "UF2 Bootloader 0.9.2\r\nModel: Adafruit Feather nRF52840 Express\r\nBoard-ID: nRF52840-Feather-revE\r\nSoftDevice: S140 6.1.1\r\n";
  const drive = (name: string, info?: string) => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    if (info !== undefined) writeFileSync(join(path, "INFO_UF2.TXT"), info);
    return path;
  };

  it("are found on Linux among the mounts of FAT volumes, blanks in names too", () => {
    const found = drive("linux/MY BOARD", feather);
    const stick = drive("linux/STICK");
    const mounts = join(folder, "mounts");
    writeFileSync(
      mounts,
      `proc /proc proc rw 0 0\n/dev/sda ${found.replace(" ", "\\040")} vfat rw,uid=1000 0 0\n/dev/sdb1 ${stick} vfat rw 0 0\n`,
    );
    expect(listUf2Drives({ platform: "linux", mounts })).toEqual([
      {
        folder: found,
        label: "MY BOARD",
        model: "Adafruit Feather nRF52840 Express",
        boardId: "nRF52840-Feather-revE",
        softDevice: "S140 6.1.1",
      },
    ]);
  });

  it("are found on macOS among its volumes", () => {
    drive("volumes/Macintosh HD");
    const found = drive("volumes/FTHR840BOOT", feather);
    expect(listUf2Drives({ platform: "darwin", volumes: join(folder, "volumes") })).toMatchObject([{ folder: found }]);
  });

  it("are gone with their device, even while the system remembers the folder", () => {
    const path = drive("remembered", feather);
    const mounts = join(folder, "mounts-gone");
    writeFileSync(mounts, `${"/dev/ftte-no-such-disk"} ${path} vfat rw 0 0\n`);
    expect(isPresent(path, { platform: "linux", mounts })).toBe(false);
    expect(isPresent(path, { platform: "darwin" })).toBe(true);
  });

  it("belong to a board by label or by the bootloader's name for it", () => {
    const renamed = readUf2Drive(drive("E", feather))!;
    const labelled = readUf2Drive(drive("XIAO-SENSE", "UF2 Bootloader\r\n"))!;
    expect(isDriveOf(renamed, loadBoardConfig("feather-nrf52840"))).toBe(true);
    expect(isDriveOf(renamed, loadBoardConfig("xiao-nrf52840-sense"))).toBe(false);
    expect(isDriveOf(labelled, loadBoardConfig("xiao-nrf52840-sense"))).toBe(true);
    expect(labelled.softDevice).toBeUndefined();
  });
});

describe("the copy to a UF2 drive", () => {
  const image = firmware(100_000);
  const segments = [{ address: 0x26000, bytes: image }];
  let drives = 0;

  function bench(options: Partial<Uf2DriveOptions> = {}) {
    const path = join(folder, `drive-${drives++}`);
    const drive = new Uf2Drive({ folder: path, boardId: "nRF52840-Feather-revE", ...options });
    const job = jobFor("feather-nrf52840", path, segments);
    const written = () => Buffer.compare(drive.flash.bytes.subarray(0x26000, 0x26000 + image.length), image) === 0;
    return { path, drive, job, written };
  }

  it("ends when the board has every block and leaves with its drive", async () => {
    const { drive, job, written } = bench();
    expect(await uf2()(job)).toEqual({ bytes: image.length, verified: "bootloader" });
    expect(await drive.left).toBe("activated");
    expect(written()).toBe(true);
    expect(job.stages).toEqual(["connecting", "writing", "restarting"]);
    expect(drive.violations).toEqual([]);
  });

  it("tells a drive that vanishes in the middle from one that leaves", async () => {
    const { path, drive, job } = bench();
    const openFile = async (name: string) => vanishing(await open(name, "w"), 2, () => drive.unplug());
    await expect(uf2({ openFile })(job)).rejects.toMatchObject({
      code: "flash-failed",
      message: `wrist-07: the drive at ${path} vanished at 16 % of the copy; the board is in its bootloader, its firmware partly overwritten; press its reset button twice, wait for the drive and flash it again`,
    });
  });

  it("does not take a drive that stays for flashed: a block got lost", async () => {
    const lost: PacketFault = { harm: "drop", direction: "in", packet: 17 };
    const { drive, job } = bench({ faults: { packets: [lost] } });
    try {
      await expect(uf2({ leaveMs: 400 })(job)).rejects.toThrow(
        /took the file, but is still there: the bootloader misses blocks; the board is in its bootloader, its firmware partly/,
      );
    } finally {
      drive.unplug();
    }
  });

  it.each([
    ["EROFS", "is read-only or forbidden; the board still has its old firmware; mount it writable"],
    ["ENOSPC", "is full at 0 % of the copy; the board still has its old firmware; press its reset button twice"],
    ["EIO", "EIO at 0 % of the copy; the board still has its old firmware; press its reset button twice"],
  ])("says what %s means", async (code, message) => {
    const { drive, job } = bench();
    const openFile = () => Promise.reject(Object.assign(new Error(code), { code }));
    await expect(uf2({ openFile })(job)).rejects.toThrow(message);
    drive.unplug();
  });

  it("writes nothing to another board's drive, nor to a folder that is none", async () => {
    const { drive, path, job } = bench({ boardId: "nRF52840-SeeedXiaoSense-v1" });
    await expect(uf2()(job)).rejects.toMatchObject({
      code: "board-wrong",
      message: expect.stringMatching(
        /is that of "Test" \(nRF52840-SeeedXiaoSense-v1\), not of .*Feather.*; the board still has/,
      ),
    });
    drive.unplug();
    await drive.left;
    await expect(uf2()(job)).rejects.toMatchObject({
      code: "flash-method",
      message: expect.stringContaining(`there is no UF2 drive at ${path}`),
    });
  });

  it("refuses firmware that the board's SoftDevice would not start", async () => {
    const { drive, path, job } = bench();
    writeFileSync(join(path, "INFO_UF2.TXT"), "Board-ID: nRF52840-Feather-revE\r\nSoftDevice: S140 7.3.0\r\n");
    await expect(uf2()(job)).rejects.toThrow(
      /S140 7\.3\.0\) starts applications at 0x27000, the firmware begins at 0x26000/,
    );
    drive.unplug();
  });
});

/** As a mounted drive does, every call fails with EIO once the device is gone; that is after `chunks` of them. */
function vanishing(file: DriveFile, chunks: number, unplug: () => void): DriveFile {
  let left = chunks;
  const gone = () => Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO" });
  return {
    write: (bytes) => file.write(bytes),
    sync: async () => {
      if (--left > 0) return file.sync();
      unplug();
      throw gone();
    },
    close: () => file.close(),
  };
}
