// What the parts of an ESP32 loader's counterpart share: the device that a loader runs on, and what comes of a command.
import type { EspChip } from "./esp_chips.ts";
import type { EspRegisters } from "./esp_registers.ts";
import type { NorFlash } from "./nor_flash.ts";

export type EspMode = "rom" | "stub";

/** What happens once the response is out. */
export type Afterwards =
  | { kind: "leave"; how: "reboot" | "user code" }
  | { kind: "start-stub" }
  | { kind: "change-rate"; baudRate: number; old: number }
  | { kind: "read-flash"; data: Buffer; packetBytes: number; maxInFlight: number };

/** What a command comes to. `error` is the loader's own code. */
export interface Reply {
  error?: number;
  value?: number;
  data?: Buffer;
  /** It is never sent: the device has gone on. */
  lost?: boolean;
  after?: Afterwards;
}

export interface EspDevice {
  chip: EspChip;
  flash: NorFlash;
  registers: EspRegisters;
  refusesStub: boolean;
  startsHastily: boolean;
  /** What the ROM's SPI_ATTACH must name: 0, or the pins of a flash chip in the package, six bits each. */
  flashPins: number;
  refusesRate: boolean;
  violation(text: string): void;
}
