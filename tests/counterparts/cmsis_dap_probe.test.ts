// The probe and the chip behind it against packets written by hand from Arm's CMSIS-DAP pages and the nRF52840's register tables: identity,
// power-up, memory, flash by NVMC, the core's debug registers, protection and its end.
import { describe, expect, it } from "vitest";
import { type CmsisDapOptions, CmsisDapProbe } from "./cmsis_dap_probe.ts";

const le = (value: number) =>
  [0, 8, 16, 24].map((shift) => ((value >>> shift) & 255).toString(16).padStart(2, "0")).join("");

function wire(options: CmsisDapOptions = {}) {
  const probe = new CmsisDapProbe(options);
  let heard = "";
  probe.onSend = (bytes) => {
    heard += bytes.toString("hex");
  };
  /** A command and its answer in hexadecimal; `bytes` of the answer's 64. */
  const ask = (command: string, bytes = 64): string => {
    heard = "";
    probe.receive(Buffer.from(command.replace(/\s/g, ""), "hex"));
    return heard.slice(0, 2 * bytes);
  };
  return { probe, ask };
}

/** Connected, line reset, DPIDR read, powered; and the bus by AP 0: word accesses, TAR moving on. */
function debuggerOn(options: CmsisDapOptions = {}) {
  const { probe, ask } = wire(options);
  ask("02 01");
  ask("12 38 ffffffffffffff");
  ask("05 00 01 02");
  ask("05 00 01 04 00000050");
  ask("05 00 02 08 00000000 01 12000023");
  const write = (at: number, value: number) => ask(`05 00 02 05 ${le(at)} 0d ${le(value)}`, 3);
  const read = (at: number): number | string => {
    const answer = ask(`05 00 02 05 ${le(at)} 0f`, 7);
    return answer.startsWith("050201") ? Buffer.from(answer.slice(6), "hex").readUInt32LE() : answer.slice(0, 6);
  };
  const ctrl = (register: number) =>
    Buffer.from(
      ask(
        `05 00 02 08 ${le(0x01000000 + (register & 0xf0))} ${(3 + (register & 12)).toString(16).padStart(2, "0")}`,
        7,
      ).slice(6),
      "hex",
    ).readUInt32LE();
  const setCtrl = (register: number, value: number) =>
    ask(`05 00 02 08 00000001 ${(1 + register).toString(16).padStart(2, "0")} ${le(value)}`, 3);
  const selectBus = () => ask("05 00 01 08 00000000", 3);
  return { probe, ask, write, read, ctrl, setCtrl, selectBus };
}

const dhcsr = 0xe000edf0;
const halt = 0xa05f0003;
const config = 0x4001e504;
const erasePage = 0x4001e508;
const ready = 0x4001e400;

describe("the CMSIS-DAP probe", () => {
  it("tells its packet size and capabilities, and what it does not know", () => {
    const { ask } = wire({ serial: "A1" });
    expect(ask("00 ff", 4)).toBe("00024000");
    expect(ask("00 f0", 3)).toBe("000111");
    expect(ask("00 03", 5)).toBe("0003413100");
    expect(ask("00 05", 2)).toBe("0000");
    expect(ask("17 00", 1)).toBe("ff");
    expect(ask("00 ff")).toHaveLength(128);
  });

  it("answers on the wire only after connecting, a line reset and a read of DPIDR", () => {
    const { probe, ask } = wire();
    expect(ask("05 00 01 02", 3)).toBe("050007");
    expect(ask("02 02", 2)).toBe("0200");
    expect(ask("02 01", 2)).toBe("0201");
    expect(ask("05 00 01 02", 3)).toBe("050007");
    expect(ask("12 33 ffffffffffffff", 2)).toBe("1200");
    expect(ask("05 00 01 06", 3)).toBe("050007");
    expect(probe.violations).toHaveLength(3);
    expect(ask("05 00 01 02", 7)).toBe("0501017714a02b");
    expect(ask("05 00 02 04 00000050 06", 7)).toBe("050201000000f0");
    expect(ask("05 00 02 08 f0000000 0f", 7)).toBe("05020111007724"); // AHB-AP's IDR, 0x24770011
    expect(ask("05 00 02 08 f0000001 0f", 7)).toBe("05020100008802"); // CTRL-AP's, 0x02880000
    expect(ask("05 00 02 08 f0000002 0f", 7)).toBe("05020100000000");
  });

  it("runs several commands of one packet", () => {
    const { ask } = wire();
    expect(ask("7f 03 0201 12 38 ffffffffffffff 05000102", 12)).toBe("7f03020112000501017714a0");
  });

  it("moves words by blocks, round the end of 1 KiB", () => {
    const { ask, read } = debuggerOn();
    ask(`05 00 01 05 ${le(0x200003fc)}`);
    expect(ask(`06 00 0200 0d ${le(0x11111111)} ${le(0x22222222)}`, 4)).toBe("06020001");
    expect([read(0x200003fc), read(0x20000000), read(0x20000400)]).toEqual([0x11111111, 0x22222222, 0]);
    ask(`05 00 01 05 ${le(0x200003fc)}`);
    expect(ask("06 00 0200 0f", 12)).toBe("060200011111111122222222");
  });

  it("faults where there is nothing, until ABORT clears the error", () => {
    const { ask, read } = debuggerOn();
    expect(read(0x30000000)).toBe("050104");
    expect(read(0x20000000)).toBe("050004");
    expect(ask("05 00 01 06", 7)).toBe("050101200000f0");
    expect(ask("08 00 04000000", 2)).toBe("0800");
    expect(read(0x10000100)).toBe(0x52840);
  });

  it("wants everything anew after it was unplugged, and has its flash", () => {
    const faults = { packets: [{ harm: "unplug", direction: "in", packet: 7 }] } as const;
    const { probe, ask, write, read } = debuggerOn({ faults });
    write(config, 1);
    write(0x1000, 0x1234);
    expect(ask("00 fe")).toBe("");
    probe.replug();
    expect(ask("05 00 01 02", 3)).toBe("050007");
    ask("02 01");
    ask("12 38 ffffffffffffff");
    expect(ask("05 00 01 02", 7)).toBe("0501017714a02b");
    ask("05 00 01 04 00000050");
    ask("05 00 01 01 12000023");
    expect([read(0x1000), read(config)]).toEqual([0x1234, 0]);
  });

  it("matches a value with a mask, and says when it does not come", () => {
    const { ask } = debuggerOn();
    expect(ask(`04 00 0000 0200`, 2)).toBe("0400");
    expect(ask(`05 00 03 05 ${le(0x10000100)} 20 ${le(0xffff)} 1f ${le(0x2840)}`, 3)).toBe("050301");
    expect(ask(`05 00 02 05 ${le(0x10000100)} 1f ${le(0x2841)}`, 3)).toBe("050111");
  });
});

describe("the nRF52840 behind it", () => {
  it("programs flash by NVMC's rules", () => {
    const { probe, write, read } = debuggerOn();
    write(dhcsr, halt);
    write(config, 1);
    expect(write(0x1000, 0xffff0000)).toBe("050201");
    expect(write(0x1000, 0x0000ffff)).toBe("050201");
    expect(read(0x1000)).toBe(0);
    write(config, 2);
    write(erasePage, 0x1000);
    expect([read(ready), read(ready), read(0x1000)]).toEqual([0, 1, 0xffffffff]);
    expect(probe.violations).toEqual([]);
  });

  it("notes what NVMC forbids", () => {
    const { probe, ask, write, read } = debuggerOn();
    write(config, 2);
    write(erasePage, 0x1000);
    read(ready);
    write(config, 0);
    write(dhcsr, halt);
    expect(write(0x1000, 0)).toBe("050104");
    ask("08 00 04000000");
    write(erasePage, 0x1000);
    write(config, 2);
    write(erasePage, 0x1010);
    write(config, 1);
    for (let i = 0; i < 3; i++) write(0x2000, 0);
    ask("05 00 01 01 10000023"); // bytes
    expect(write(0x3000, 0)).toBe("050104");
    expect(probe.violations).toEqual([
      "a flash operation while the processor runs",
      "a write into flash without CONFIG.WEN",
      "an erase without CONFIG.EEN",
      "ERASEPAGE of 0x1010, which is not the start of a page",
      "0x2000 written 3 times since it was erased",
      "a write of 1 bytes into flash: words only",
    ]);
  });

  it("keeps what worn flash had", () => {
    const flash = [
      { operation: "program", address: 0x1004 },
      { operation: "erase", address: 0x2000 },
    ] as const;
    const { write, read } = debuggerOn({ faults: { flash } });
    write(config, 1);
    write(0x1004, 0);
    write(0x2000, 0);
    write(config, 2);
    write(erasePage, 0x2000);
    expect([read(0x1004), read(0x2000)]).toEqual([0xffffffff, 0]);
  });

  it("halts, reads and sets registers, catches a reset and runs", () => {
    const { probe, write, read } = debuggerOn();
    expect(read(0xe000ed00)).toBe(0x410fc241);
    write(0xe000edf0, 0xa05f0003);
    expect(read(0xe000edf0)).toBe(0x02030003); // S_RESET_ST once, S_HALT, S_REGRDY
    expect(read(0xe000edf0)).toBe(0x00030003);
    write(0xe000edf8, 0x12345678);
    write(0xe000edf4, 0x10004);
    write(0xe000edf8, 0);
    write(0xe000edf4, 4);
    expect(read(0xe000edf8)).toBe(0x12345678);
    write(0xe000edfc, 1);
    write(0xe000ed0c, 0x05fa0004);
    expect(probe.target.core.running).toBe(false);
    write(0xe000edf0, 0xa05f0001);
    expect(probe.target.core.running).toBe(true);
    write(0xe000edf0, 0x00000003);
    expect(probe.violations).toEqual(["DHCSR written without its key"]);
  });

  it("locks up when it is let go in RAM, unless such code runs", () => {
    for (const runsRamCode of [false, true]) {
      const { write, read } = debuggerOn({ runsRamCode });
      write(0xe000edf0, 0xa05f0003);
      write(0xe000edf8, 0x20000100);
      write(0xe000edf4, 0x1000f);
      write(0xe000edf0, 0xa05f0001);
      expect((read(0xe000edf0) as number) & 0x80000).toBe(runsRamCode ? 0 : 0x80000);
    }
  });

  it("is closed by APPROTECT, and opened by CTRL-AP at the price of everything", () => {
    const { probe, ask, read, ctrl, setCtrl, selectBus } = debuggerOn({ approtect: 0 });
    probe.target.nvmc.flash.program(0, Buffer.alloc(4));
    expect(read(0)).toBe("050104");
    ask("08 00 04000000");
    expect([ctrl(0xfc), ctrl(0x0c)]).toEqual([0x02880000, 0]);
    setCtrl(0x04, 1);
    expect([ctrl(0x08), ctrl(0x08), ctrl(0x0c)]).toEqual([1, 0, 1]);
    setCtrl(0x00, 1);
    setCtrl(0x00, 0);
    selectBus();
    expect([read(0), read(0x10001208)]).toEqual([0xffffffff, 0xffffffff]);
  });

  it("with the improved protection is open after ERASEALL until its pin is reset, and open for good with 0x5a", () => {
    const { probe, ask, write, read, ctrl, setCtrl, selectBus } = debuggerOn({ protection: "improved" });
    expect(read(0x10000100)).toBe("050104");
    ask("08 00 04000000");
    setCtrl(0x04, 1);
    const pinReset = () => {
      ask("10 00 80 00000000");
      expect(ask("10 80 80 00000000", 2)).toBe("1080");
    };
    pinReset();
    expect(ctrl(0x0c)).toBe(0);
    setCtrl(0x04, 1);
    selectBus();
    write(dhcsr, halt);
    write(config, 1);
    write(0x10001208, 0x5a);
    pinReset();
    expect([read(0x10001208), ctrl(0x0c), probe.violations]).toEqual([0x5a, 1, []]);
  });
});
