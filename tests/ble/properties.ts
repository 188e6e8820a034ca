// What the virtual controller says it is and can, by the command that asks (Bluetooth Core 5.4, volume 4, part E, 7.3, 7.4, 7.8): a small
// chip that speaks Low Energy only. The commands that only set a mask are here too: nothing hangs on them.

import { addressBytes, opcode, u16 } from "./hci.ts";

const bufferCount = 12; // of ACL packets, for all connections
const ownAddress = "00:11:22:33:44:55";
const core54 = 0x0d;
const dataLengthExtension = 0x20; // a bit of the first byte of LE features

/** Return parameters behind the status, by opcode. @param packetBytes the link layer's longest packet, 27 to 251 */
export function propertiesOf(packetBytes: number): Readonly<Record<number, Buffer>> {
  const longest = Buffer.concat([u16(packetBytes), u16((packetBytes + 14) * 8)]); // and the microseconds that it takes at 1 Mbit/s
  const none = Buffer.alloc(0);
  return {
    [opcode(0x03, 0x001)]: none, // Set Event Mask
    [opcode(0x03, 0x06c)]: Buffer.of(1, 0), // Read LE Host Support
    [opcode(0x03, 0x06d)]: none, // Write LE Host Support
    [opcode(0x04, 0x001)]: Buffer.concat([Buffer.of(core54), u16(0), Buffer.of(core54), u16(0x05f1), u16(0)]), // Read Local Version
    [opcode(0x04, 0x005)]: Buffer.alloc(7), // Read Buffer Size: none for classic Bluetooth
    [opcode(0x04, 0x009)]: addressBytes(ownAddress), // Read BD_ADDR
    [opcode(0x08, 0x001)]: none, // LE Set Event Mask
    [opcode(0x08, 0x002)]: Buffer.concat([u16(packetBytes), Buffer.of(bufferCount)]), // LE Read Buffer Size
    [opcode(0x08, 0x003)]: Buffer.of(packetBytes > 27 ? dataLengthExtension : 0, 0, 0, 0, 0, 0, 0, 0), // LE Features
    [opcode(0x08, 0x02f)]: Buffer.concat([longest, longest]), // LE Read Maximum Data Length: to send, to receive
  };
}
