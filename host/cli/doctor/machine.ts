// What is known of a machine, gathered (facts.ts) before anything is judged (diagnose.ts): so each judgement can be tried without the machine.

import type { Prerequisite } from "../../build/prerequisites.mjs";

type Access = "open" | "forbidden";

export interface Machine {
  platform: NodeJS.Platform;
  /** "20.19.2"; `needed` is the least that works, "20.19". */
  node: { version: string; needed: string };
  /** npm packages with code for this machine; `error` when one does not load. */
  modules: { name: string; why: string; error?: string }[];
  /** `place` is undefined when it is missing, or not whole. */
  tools: { tool: Prerequisite; place?: string | undefined }[];
  serial: SerialDevice[];
  /** Debug probes on USB (CMSIS-DAP, J-Link). */
  probes: { what: string; vendor: string; access: Access; group?: string | undefined }[];
  /** Undefined on systems that do not tell. */
  bluetooth: Bluetooth | undefined;
  /** Milliseconds since 1970; `newestMs` is when this package was built: no right clock is before it. */
  clock: { nowMs: number; newestMs: number };
  disks: Disk[];
}

export interface SerialDevice {
  address: string;
  access: Access;
  group?: string | undefined;
  vendor?: string | undefined;
  /** The program that has it open, when the system tells. */
  holder?: string | undefined;
}

export interface Bluetooth {
  adapters: string[];
  /** By a key of the machine (hard) or a setting (soft). */
  blocked: "no" | "soft" | "hard";
  /** This process may open an adapter: CAP_NET_RAW. */
  mayOpen: boolean;
  /** A controller on a serial line, which is used instead (FTTE_HCI_UART). */
  hciUart?: string | undefined;
}

export interface Disk {
  what: "the project" | "temporary files";
  path: string;
  freeBytes: number;
  writable: boolean;
}
