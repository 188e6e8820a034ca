// The UF2 drive against blocks laid out by hand from Microsoft's table, written with plain file calls.
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { Uf2Drive, type Uf2DriveOptions } from "./uf2_drive.ts";

const root = mkdtempSync(join(tmpdir(), "ftte-uf2-"));
afterAll(() => rmSync(root, { recursive: true }));
let drives = 0;

function drive(options: Partial<Uf2DriveOptions> = {}) {
  const folder = join(root, `drive-${drives++}`);
  return { folder, drive: new Uf2Drive({ folder, ...options }) };
}

const le = (value: number) => Buffer.from([value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24]);
const family = Buffer.from("4028a5ad", "hex"); // 0xada52840
function block(
  number: number,
  count: number,
  address: number,
  fill: number,
  { of = family, flags = 0x2000 } = {},
): Buffer {
  return Buffer.concat([
    Buffer.from("5546320a57515d9e", "hex"), // "UF2\n" and the second magic number
    le(flags),
    le(address),
    le(256),
    le(number),
    le(count),
    of,
    Buffer.alloc(256, fill),
    Buffer.alloc(220, 0xff),
    Buffer.from("306fb10a", "hex"),
  ]);
}
const image = (count: number) => Array.from({ length: count }, (_, i) => block(i, count, 0x26000 + 256 * i, i + 1));

describe("the UF2 drive", () => {
  it("tells what it is, and shows the application's flash", () => {
    const { folder, drive: here } = drive();
    expect(readFileSync(join(folder, "INFO_UF2.TXT"), "utf8")).toMatch(
      /^UF2 Bootloader .*\r\nModel: .*\r\nBoard-ID: nRF52840-.*\r\nDate: .*\r\nSoftDevice: S140 6.1.1\r\n$/,
    );
    const current = readFileSync(join(folder, "CURRENT.UF2"));
    expect(current.length).toBe(2 * (0xea000 - 0x1000));
    expect(current.subarray(0, 12).toString("hex")).toBe("5546320a57515d9e00200000");
    expect(current.readUInt32LE(512 + 12)).toBe(0x1100);
    here.unplug();
    expect(existsSync(folder)).toBe(false);
  });

  it("programs what is copied, in any order and twice, and leaves", async () => {
    const { folder, drive: here } = drive();
    const [first, ...others] = image(20);
    writeFileSync(join(folder, "fw.uf2"), Buffer.concat([...others.reverse(), others[0]!]));
    await vi.waitFor(() => expect(here.device.written.size).toBe(19), { timeout: 30_000 });
    expect(existsSync(folder)).toBe(true);
    appendFileSync(join(folder, "fw.uf2"), first!);
    expect(await here.left).toBe("activated");
    expect(existsSync(folder)).toBe(false);
    for (let i = 0; i < 20; i++) expect(here.flash.read(0x26000 + 256 * i, 256)).toEqual(Buffer.alloc(256, i + 1));
    expect(here.violations).toEqual([]);
  });

  it("disregards other families, comments and files that are none of its own", async () => {
    const { folder, drive: here } = drive();
    writeFileSync(join(folder, "other.uf2"), block(0, 1, 0x26000, 7, { of: Buffer.from("7a931e62", "hex") }));
    writeFileSync(join(folder, "none.uf2"), block(0, 1, 0x26000, 7, { flags: 0 }));
    writeFileSync(join(folder, "note.uf2"), block(0, 1, 0x26000, 7, { flags: 0x2001 }));
    writeFileSync(join(folder, ".metadata"), Buffer.alloc(1024, 1));
    await vi.waitFor(() => expect(here.device.strangers).toBe(2), { timeout: 30_000 });
    expect([existsSync(folder), here.device.written.size, here.violations]).toEqual([true, 0, []]);
    here.unplug();
  });

  it("notes blocks that are not 256 bytes at a multiple of 256 in the application", async () => {
    const { folder, drive: here } = drive();
    writeFileSync(
      join(folder, "a.uf2"),
      Buffer.concat([block(0, 3, 0x26010, 1), block(1, 3, 0xf4000, 1), block(3, 3, 0x26000, 1)]),
    );
    await vi.waitFor(() => expect(here.violations).toHaveLength(3), { timeout: 30_000 });
    here.unplug();
  });

  it("passes over the MBR, which a whole image may begin with", async () => {
    const { folder, drive: here } = drive();
    writeFileSync(join(folder, "a.uf2"), Buffer.concat([block(0, 2, 0, 1), block(1, 2, 0x1000, 2)]));
    await here.left;
    expect([here.flash.bytes[0], here.flash.bytes[0x1000], here.violations]).toEqual([0xff, 2, []]);
  });

  it("vanishes at the block that the fault names, and loses or harms others", async () => {
    const unplugged = drive({ faults: { packets: [{ harm: "unplug", direction: "in", packet: 17 }] } });
    writeFileSync(join(unplugged.folder, "fw.uf2"), Buffer.concat(image(20)));
    expect(await unplugged.drive.left).toBe("unplugged");
    expect([existsSync(unplugged.folder), unplugged.drive.device.written.size]).toEqual([false, 17]);
    expect(unplugged.drive.flash.read(0x27000, 4)).toEqual(Buffer.alloc(4, 0xff)); // its page was still in RAM
    const again = drive({ flash: unplugged.drive.flash });
    writeFileSync(join(again.folder, "fw.uf2"), Buffer.concat(image(20)));
    expect(await again.drive.left).toBe("activated");
    expect(unplugged.drive.flash.read(0x27000, 4)).toEqual(Buffer.alloc(4, 17));
    const lossy = drive({ faults: { packets: [{ harm: "drop", direction: "in", packet: 3 }] } });
    writeFileSync(join(lossy.folder, "fw.uf2"), Buffer.concat(image(5)));
    await vi.waitFor(() => expect(lossy.drive.device.written.size).toBe(4), { timeout: 30_000 });
    expect(existsSync(lossy.folder)).toBe(true);
    lossy.drive.unplug();
  });

  it("is full when it was made small", (context) => {
    if (process.getuid?.() !== 0) return context.skip("needs root, to mount a file system");
    const { folder, drive: here } = drive({ capacityBytes: 64 << 10 });
    expect(() => writeFileSync(join(folder, "fw.uf2"), Buffer.concat(image(400)))).toThrow(/ENOSPC/);
    here.unplug();
  });
});
