// What a user is told to type who may not open a device: by system, owner and vendor.

import { describe, expect, it } from "vitest";
import { groupName, permissionRemedy, ruleCommand } from "../../../host/link/permission.ts";

describe("a device that is forbidden", () => {
  it("names the group that owns it and the rule for its own vendor", () => {
    const told = permissionRemedy({ platform: "linux", subsystem: "tty", group: "dialout", vendor: "10c4" });
    expect(told).toContain("\n  sudo usermod -aG dialout $USER\n");
    expect(told).toContain(`SUBSYSTEM=="tty", ATTRS{idVendor}=="10c4", MODE="0660", TAG+="uaccess"`);
    expect(told).toMatch(/log in again/);
  });

  it("needs a rule when it is root's, and one for all of USB when nothing tells the vendor", () => {
    const told = permissionRemedy({ platform: "linux", subsystem: "usb" });
    expect(told).not.toContain("usermod");
    expect(told).toContain(`SUBSYSTEM=="usb", ATTR{idVendor}=="?*", MODE="0660", TAG+="uaccess"`);
  });

  it("is another matter on macOS and Windows, which have neither groups nor rules", () => {
    for (const platform of ["darwin", "win32"] as const) {
      const told = permissionRemedy({ platform, subsystem: "tty", group: "wheel", vendor: "10c4" });
      expect(told).not.toMatch(/sudo|udev/);
      expect(told).toMatch(platform === "darwin" ? /Privacy & Security/ : /Device Manager/);
    }
  });

  it("gets its rule by one line of shell, quoted so that the rule arrives whole", () => {
    expect(ruleCommand("tty", "10c4")).toMatch(
      /^echo '[^']+' \| sudo tee -a \/etc\/udev\/rules\.d\/\S+\.rules && sudo udevadm/,
    );
  });
});

it("reads group names as group(5) writes them", () => {
  const groups = "root:x:0:\ndialout:x:20:ann,bob\nplugdev:x:46:\n";
  expect(groupName(20, groups)).toBe("dialout");
  expect(groupName(2, groups)).toBeUndefined();
});
