// What `ftte doctor` says: of machines as records, one fault at a time; of a Linux as files; and of this machine, as it is and without a PATH.

import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { diagnose, isAtLeast, isReady } from "../../../host/cli/doctor/diagnose.ts";
import { bluetooth, holderOf, probes } from "../../../host/cli/doctor/linux.ts";
import type { Machine } from "../../../host/cli/doctor/machine.ts";
import { findingsText } from "../../../host/cli/doctor/text.ts";
import { root } from "../../core/c_program.ts";

const scratch = mkdtempSync(join(tmpdir(), "ftte-doctor-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const tool = (what: string, main: boolean) => ({
  what,
  main,
  why: "reasons",
  commands: [what],
  packages: [`${what}-package`],
});
const built = Date.UTC(2026, 10, 1);
const well: Machine = {
  platform: "linux",
  node: { version: "20.19.0", needed: "20.19" },
  modules: [{ name: "better-sqlite3", why: "runs" }],
  tools: [
    { tool: tool("gcc", true), place: "/usr/bin/gcc" },
    { tool: tool("arm-gcc", false), place: "/usr/bin/arm-gcc" },
  ],
  serial: [{ address: "/dev/ttyACM0", access: "open" }],
  probes: [{ what: "J-Link", vendor: "1366", access: "open" }],
  bluetooth: { adapters: ["hci0"], blocked: "no", mayOpen: true },
  clock: { nowMs: built + 1e9, newestMs: built },
  disks: [{ what: "the project", path: "/home/ann/wrist", freeBytes: 5e9, writable: true }],
};

describe("a machine", () => {
  it("that has everything is ready, and nothing is to be mended", () => {
    const findings = diagnose(well);
    expect(findings.map(({ state }) => state)).toEqual(Array(9).fill("ok"));
    expect(findings.some(({ mend }) => mend !== undefined)).toBe(false);
    expect(findingsText(findings)).toMatch(/virtual boards can run here$/);
  });

  const device = { address: "/dev/ttyACM0", access: "forbidden", group: "dialout", vendor: "10c4" } as const;
  const disk = well.disks[0]!;
  const faults: [fault: string, Partial<Machine>, state: "failed" | "limited", says: RegExp, mend: RegExp][] = [
    ["an old Node", { node: { version: "20.9.5", needed: "20.19" } }, "failed", /20\.9\.5/, /node@24/],
    [
      "a package that does not load",
      { modules: [{ name: "x", why: "runs are stored", error: "no\nat z" }] },
      "failed",
      /load: no$/,
      /npm rebuild/,
    ],
    [
      "no C compiler",
      { tools: [{ tool: tool("gcc", true) }] },
      "failed",
      /gcc missing/,
      /apt-get install -y gcc-package$/,
    ],
    [
      "no compiler for chips",
      { tools: [{ tool: tool("arm", false) }] },
      "limited",
      /arm missing/,
      /install -y arm-package$/,
    ],
    ["a full disk", { disks: [{ ...disk, freeBytes: 9e6 }] }, "failed", /0\.0 GB free/, /make room/],
    [
      "a folder of somebody else's",
      { disks: [{ ...disk, writable: false }] },
      "failed",
      /not be written/,
      /sudo chown \$USER \/home/,
    ],
    [
      "a clock at its beginning",
      { clock: { nowMs: 0, newestMs: built } },
      "limited",
      /1970-01-01/,
      /timedatectl set-ntp/,
    ],
    ["a clock far ahead", { clock: { nowMs: built * 2, newestMs: built } }, "limited", /2083/, /timedatectl set-ntp/],
    ["no serial port", { serial: [] }, "limited", /none/, /plug a board in/],
    ["a port that is forbidden", { serial: [device] }, "limited", /may not open/, /usermod -aG dialout.*"10c4"/s],
    [
      "a port that is busy",
      { serial: [{ ...device, access: "open", holder: "minicom (7)" }] },
      "limited",
      /minicom \(7\) has it open/,
      /close/,
    ],
    [
      "a probe that is forbidden",
      { probes: [{ what: "J", vendor: "1366", access: "forbidden" }] },
      "limited",
      /may not/,
      /SUBSYSTEM=="usb".*"1366"/,
    ],
    ["no Bluetooth", { bluetooth: { adapters: [], blocked: "no", mayOpen: true } }, "limited", /no adapter/, /plug/],
    [
      "Bluetooth switched off",
      { bluetooth: { adapters: ["hci0"], blocked: "soft", mayOpen: true } },
      "limited",
      /switched off$/,
      /^rfkill unblock bluetooth$/,
    ],
    [
      "Bluetooth off by a key",
      { bluetooth: { adapters: ["hci0"], blocked: "hard", mayOpen: true } },
      "limited",
      /key/,
      /at the machine/,
    ],
    [
      "Bluetooth for root only",
      { bluetooth: { adapters: ["hci0"], blocked: "no", mayOpen: false } },
      "limited",
      /may not open/,
      /setcap cap_net_raw/,
    ],
  ];
  it.each(faults)("with %s is told so, why it matters and what mends it", (_, fault, state, says, mend) => {
    const findings = diagnose({ ...well, ...fault });
    const wrong = findings.filter((finding) => finding.state !== "ok");
    expect(wrong).toMatchObject([{ state, found: expect.stringMatching(says), mend: expect.stringMatching(mend) }]);
    expect(wrong[0]!.why).toMatch(/\w{3}/);
    expect(isReady(findings)).toBe(state !== "failed");
    expect(findingsText(findings)).toMatch(
      state === "failed" ? /cannot run here: mend what FAILED/ : /can run here; limited: 1$/,
    );
  });

  it("of another system than Linux is asked for nothing of Linux's", () => {
    const findings = diagnose({ ...well, platform: "darwin", bluetooth: undefined, serial: [device] });
    expect(findings.filter(({ state }) => state !== "ok")).toMatchObject([
      { mend: expect.not.stringContaining("sudo") },
    ]);
  });
});

it("compares versions by number, not by letter", () => {
  for (const version of ["20.19.0", "20.19", "20.100.0", "22.0.0"])
    expect(isAtLeast(version, "20.19"), version).toBe(true);
  for (const version of ["20.9.9", "18.20.0", "20", "2.30.0"]) expect(isAtLeast(version, "20.19"), version).toBe(false);
});

describe("a Linux as files", () => {
  const linux = join(scratch, "root");
  const file = (path: string, text: string) => {
    mkdirSync(dirname(join(linux, path)), { recursive: true });
    writeFileSync(join(linux, path), text);
  };
  const status = (mask: string) =>
    file("proc/self/status", `Name:\tnode\nCapInh:\t0000000000002000\nCapEff:\t${mask}\n`);

  it("says nothing where nothing is", () => {
    const nothing = join(scratch, "none");
    expect(bluetooth(nothing)).toEqual({ adapters: [], blocked: "no", mayOpen: true }); // nothing forbids it
    expect(probes(nothing)).toEqual([]);
    expect(holderOf("/dev/ttyACM0", nothing)).toBeUndefined();
  });

  it("tells adapters, their switches and whether they may be opened", () => {
    mkdirSync(join(linux, "sys/class/bluetooth/hci0:11"), { recursive: true }); // a connection, no adapter
    mkdirSync(join(linux, "sys/class/bluetooth/hci0"));
    for (const [name, type, soft, hard] of [
      ["rfkill0", "wlan", "1", "1"],
      ["rfkill1", "bluetooth", "0", "0"],
    ])
      for (const [key, value] of Object.entries({ type, soft, hard }))
        file(`sys/class/rfkill/${name}/${key}`, `${value}\n`);
    status("0000000000000000");
    expect(bluetooth(linux)).toEqual({ adapters: ["hci0"], blocked: "no", mayOpen: false });
    status("0000000000002000"); // CAP_NET_RAW alone: 1 << 13
    file("sys/class/rfkill/rfkill1/soft", "1\n");
    expect(bluetooth(linux)).toEqual({ adapters: ["hci0"], blocked: "soft", mayOpen: true });
    file("sys/class/rfkill/rfkill1/hard", "1\n");
    status("000001ffffffdfff"); // all but CAP_NET_RAW
    expect(bluetooth(linux)).toEqual({ adapters: ["hci0"], blocked: "hard", mayOpen: false });
  });

  it("names the program that has a device open, and debug probes among other USB devices", () => {
    file("dev/ttyACM0", "");
    file("proc/123/comm", "minicom\n");
    mkdirSync(join(linux, "proc/123/fd"), { recursive: true });
    symlinkSync(join(linux, "dev/ttyACM0"), join(linux, "proc/123/fd/4"));
    expect(holderOf(join(linux, "dev/ttyACM0"), linux)).toBe("minicom (123)");
    expect(holderOf(join(linux, "dev/ttyACM1"), linux)).toBeUndefined();
    for (const [name, vendor, product] of [
      ["1-1", "0d28", "DAPLink CMSIS-DAP"],
      ["1-2", "10c4", "CP2102N"],
    ])
      for (const [key, value] of Object.entries({ idVendor: vendor, product, busnum: "1", devnum: "7" }))
        file(`sys/bus/usb/devices/${name}/${key}`, `${value}\n`);
    file("dev/bus/usb/001/007", "");
    expect(probes(linux)).toEqual([{ what: "DAPLink CMSIS-DAP", vendor: "0d28", access: "open" }]);
  });
});

describe("the one list of prerequisites", () => {
  const missing = (path: string, ...args: string[]) =>
    spawnSync(process.execPath, [join(root, "scripts/missing_packages.mjs"), ...args], {
      encoding: "utf8",
      env: { ...process.env, PATH: path },
    })
      .stdout.trim()
      .split(" ");
  const basics = ["gcc", "libc6-dev", "make", "util-linux", "g++", "python3"].concat(
    process.arch === "x64" ? ["gcc-multilib"] : [],
  );

  it("asks of a bare machine for what the ports' makefiles and the emulators need, each once", () => {
    expect(missing("").sort()).toEqual([...basics].sort());
    const arm = ["gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "qemu-system-arm"];
    expect(missing("", "posix", "nrf52", "nobody").sort()).toEqual([...basics, ...arm].sort());
    const c3 = ["gcc-riscv64-unknown-elf", "picolibc-riscv64-unknown-elf"];
    const esp32 = ["gcc-xtensa-lx106", "picolibc-xtensa-lx106-elf"];
    const tests = ["clang", "clang-format", "socat"];
    const all = [...basics, ...arm, ...c3, ...esp32, "qemu-system-misc", ...tests];
    expect(missing("", "test").sort()).toEqual(all.sort());
  });

  it("asks for a compiler's packages again when its library is not there", () => {
    const compiler = join(scratch, "arm-none-eabi-gcc");
    const asked = (script: string) => {
      writeFileSync(compiler, `#!/bin/sh\n${script}\n`);
      chmodSync(compiler, 0o755);
      return missing(scratch, "mps2");
    };
    expect(asked("exit 0")).not.toContain("libnewlib-arm-none-eabi");
    expect(asked(`case "$*" in *nano.specs*) exit 1; esac`)).toContain("libnewlib-arm-none-eabi");
  });
});
