// Naming boards over BLE, and what is said when there is no adapter, no right to it, or no module for it.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { FtteError } from "../../../host/errors.ts";
import { adapterError, checkAdapter, type Machine, parseHciUart } from "../../../host/link/ble_adapter.ts";
import { bleAddress, bleId } from "../../../host/link/ble_address.ts";
import { root } from "../../core/c_program.ts";

const folder = mkdtempSync(join(tmpdir(), "ftte-adapter-"));
afterAll(() => rmSync(folder, { recursive: true }));

function linux(change: Partial<Machine> & { capabilities?: string } = {}): Machine {
  const { capabilities = "0000000000002000", ...rest } = change;
  const status = join(folder, `status-${capabilities}`);
  writeFileSync(status, `Name:\tnode\nCapPrm:\t000001ffffffffff\nCapEff:\t${capabilities}\n`);
  const adapters = join(folder, "bluetooth");
  mkdirSync(join(adapters, "hci0"), { recursive: true });
  return { platform: "linux", adapters, status, hciUart: undefined, ...rest };
}

const refusal = (machine: Machine) => {
  try {
    checkAdapter(machine);
    return undefined;
  } catch (error) {
    return error as FtteError;
  }
};

describe("a board's address", () => {
  it("is a Bluetooth address or an id of CoreBluetooth's, however it is written", () => {
    for (const text of ["ble:c0:ff:ee:00:00:01", "ble:C0:FF:EE:00:00:01", "ble:c0ffee000001"])
      expect(bleId(text)).toBe("c0ffee000001");
    const id = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
    expect(bleId("ble:0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0")).toBe(id);
    for (const named of ["c0ffee000001", id]) expect(bleId(bleAddress(named))).toBe(named);
  });

  it.each(["ble:", "ble:wrist-07", "ble:c0:ff:ee:00:00", "ble:c0:ff:ee:00:00:01:02", "ble:c0ffee0000zz"])(
    "is not %s",
    (text) =>
      expect(() => bleId(text)).toThrowError(/names no BLE board; write ble: and its address.*ftte boards --ble/),
  );
});

describe("an adapter on Linux", () => {
  it("is fine when it is there and Node may speak to it", () => {
    expect(refusal(linux())).toBeUndefined();
    expect(refusal(linux({ capabilities: "000001ffffffffff" }))).toBeUndefined();
  });

  it("is absent without a kernel that knows one", () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    for (const adapters of [empty, join(folder, "none")])
      expect(refusal(linux({ adapters }))).toMatchObject({ code: "radio-absent" });
  });

  it("is forbidden without CAP_NET_RAW, and only without that", () => {
    for (const capabilities of ["0000000000000000", "000001ffffffdfff", "0000000000001000"])
      expect(refusal(linux({ capabilities }))).toMatchObject({
        code: "port-forbidden",
        message: expect.stringContaining("sudo setcap cap_net_raw+eip"),
      });
  });

  it("on a serial line needs neither kernel nor right, but the port", () => {
    const port = join(folder, "tty");
    writeFileSync(port, "");
    const none = { adapters: join(folder, "none"), capabilities: "0000000000000000" };
    expect(refusal(linux({ ...none, hciUart: `${port}@115200` }))).toBeUndefined();
    expect(refusal(linux({ hciUart: join(folder, "unplugged") }))).toMatchObject({ code: "radio-absent" });
  });
});

it("tells on each system how an adapter that is off is switched on, and a program let in", () => {
  const platforms = ["linux", "darwin", "win32", "freebsd"] as const;
  for (const platform of platforms) {
    expect(adapterError("poweredOff", linux({ platform })).code).toBe("radio-off");
    expect(adapterError("unauthorized", linux({ platform })).code).toBe("port-forbidden");
    expect(adapterError("unsupported", linux({ platform })).code).toBe("radio-absent");
  }
  expect(adapterError("poweredOff", linux()).message).toContain("rfkill unblock bluetooth");
  expect(adapterError("unauthorized", linux({ platform: "darwin" })).message).toContain(
    "Privacy & Security > Bluetooth",
  );
  expect(adapterError("poweredOff", linux({ hciUart: "/dev/ttyX" })).message).toMatch(/\/dev\/ttyX: no HCI controller/);
});

it("reads a port with and without its rate", () => {
  expect(parseHciUart("/dev/ttyACM0")).toEqual({ port: "/dev/ttyACM0", baudRate: 1_000_000 });
  expect(parseHciUart("/dev/ttyACM0@115200")).toEqual({ port: "/dev/ttyACM0", baudRate: 115_200 });
  for (const wrong of ["@115200", "/dev/ttyACM0@fast"]) expect(() => parseHciUart(wrong)).toThrowError(FtteError);
});

/** Opens a board in a process of its own; standard output must stay empty but for our line. */
function openApart(env: Record<string, string>): { code: string; message: string } {
  const script = `const { openPipe } = await import("./host/link/open.ts");
    await openPipe("ble:c0:ff:ee:00:00:01").catch(({ code, message }) => console.log(JSON.stringify({ code, message })));`;
  const run = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return JSON.parse(run.stdout);
}

it("says that the native module is missing, and how to get it", () => {
  // node-gyp-build looks there instead of into the package.
  const nowhere = { "@STOPROCENT/BLUETOOTH_HCI_SOCKET_PREBUILD": join(folder, "none") };
  const { code, message } = openApart({ ...nowhere, FTTE_HCI_UART: "/dev/null" });
  expect(code).toBe("radio-absent");
  expect(message).toMatch(/native module.*npm rebuild @stoprocent\/bluetooth-hci-socket/);
});
