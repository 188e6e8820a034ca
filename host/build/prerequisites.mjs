// What must be on a machine beside npm packages: which commands, which Debian packages bring them, and how to see that they are whole. The one
// list, for scripts/setup, which installs, and `ftte doctor`, which tells. Compilers come from the ports' port.mk, emulators from here. Plain
// JavaScript, because scripts/setup runs it before there are npm packages. Installs nothing.

// @ts-check
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} Tool
 * @property {string[]} commands in order of preference: one is enough
 * @property {string[]} packages Debian's, that bring one
 *
 * @typedef {object} Needed
 * @property {string} what
 * @property {string} why
 * @property {boolean} main true when virtual boards cannot run without it
 * @property {string[]} [probe] a compiler and arguments with which it must accept an empty program: that its library is there, too
 *
 * @typedef {Tool & Needed} Prerequisite
 */

/** From the sources or from the bundle in dist/. */
const root = fileURLToPath(new URL(import.meta.url.endsWith(".mjs") ? "../.." : "..", import.meta.url));

/** @type {Tool} */
export const makeTool = { commands: ["make"], packages: ["make"] };

/**
 * QEMU, by the machines that board configs name.
 * @type {Record<"mps2" | "microbit" | "virt" | "sim", Tool>}
 */
export const emulators = {
  mps2: { commands: ["qemu-system-arm"], packages: ["qemu-system-arm"] },
  microbit: { commands: ["qemu-system-arm"], packages: ["qemu-system-arm"] },
  virt: { commands: ["qemu-system-riscv32"], packages: ["qemu-system-misc"] },
  sim: { commands: ["qemu-system-xtensa"], packages: ["qemu-system-misc"] },
};

/**
 * The lines `NAME := words` of a make file, as a function from name to words.
 * @param {string} path
 */
export function makeFacts(path) {
  const lines = [...readFileSync(path, "utf8").matchAll(/^(\w+) := *(.*)$/gm)];
  const facts = new Map(lines.map(([, name, text]) => [name, text?.trim()]));
  return (/** @type {string} */ name) => facts.get(name);
}

/** @param {string | undefined} text */
const words = (text) => (text ?? "").split(/\s+/).filter((word) => word !== "");

/** @param {string} name a folder of firmware/ports @returns {Pick<Prerequisite, "commands" | "packages" | "probe">} */
function compilerOf(name) {
  const fact = makeFacts(join(root, "firmware", "ports", name, "port.mk"));
  const probe = words(fact("PORT_PROBE"));
  const tool = { commands: words(fact("PORT_COMPILERS")), packages: words(fact("PORT_PACKAGES")) };
  return probe.length === 0 ? tool : { ...tool, probe };
}

/** Ports whose boards are chips or emulated, sorted. */
export const chipPorts = () =>
  readdirSync(join(root, "firmware", "ports"))
    .filter(
      (name) => !["posix", "minimal"].includes(name) && existsSync(join(root, "firmware", "ports", name, "port.mk")),
    )
    .sort();

const npmBuilds = "npm compiles a package with it where no prebuilt binary can be had";

/** @returns {Prerequisite[]} what virtual boards and npm need */
export function basics(arch = process.arch) {
  const built = { main: true, why: "firmware is built with it, that of virtual boards, too" };
  const list = [
    { what: "C compiler", ...built, ...compilerOf("posix") },
    { what: "make", ...built, ...makeTool },
    {
      what: "flock",
      commands: ["flock"],
      packages: ["util-linux"],
      main: true,
      why: "two builds at once must not meet",
    },
    { what: "C++ compiler", commands: ["g++"], packages: ["g++"], main: false, why: npmBuilds },
    { what: "Python 3", commands: ["python3"], packages: ["python3"], main: false, why: npmBuilds },
  ];
  if (arch !== "x64") return list;
  const why = "virtual boards are 32-bit programs with it, so that their memory figures are a chip's";
  const probe = ["gcc", "-m32", "-include", "pty.h"];
  return [
    ...list,
    { what: "32-bit C library", commands: ["gcc"], packages: ["gcc-multilib"], main: false, why, probe },
  ];
}

/** @param {string} port @returns {Prerequisite[]} its compiler, and the emulators of its boards */
export function ofPort(port) {
  const compiler = { what: `compiler of port ${port}`, main: false, why: `firmware for port ${port} is built with it` };
  return [{ ...compiler, ...compilerOf(port) }, ...machinesOf(port).map((machine) => emulatorOf(port, machine))];
}

/** @param {string} port @param {keyof typeof emulators} machine @returns {Prerequisite} */
const emulatorOf = (port, machine) => ({
  what: `emulator of port ${port}, ${machine}`,
  main: false,
  why: `boards of port ${port} run in it without hardware`,
  ...emulators[machine],
});

/** @param {string} port @returns {(keyof typeof emulators)[]} */
function machinesOf(port) {
  const folder = join(root, "board-configs");
  const configs = readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")));
  const machines = configs.flatMap((config) => (config.port === port ? [config.flashing?.machine] : []));
  return [...new Set(machines.filter((machine) => machine !== undefined))].sort();
}

/** What the tests need beside all ports. @type {Prerequisite[]} */
export const testTools = [
  { what: "clang", commands: ["clang"], packages: ["clang"], main: false, why: "the fuzzers are built with it" },
  {
    what: "clang-format",
    commands: ["clang-format"],
    packages: ["clang-format"],
    main: false,
    why: "checks C's format",
  },
  {
    what: "socat",
    commands: ["socat"],
    packages: ["socat"],
    main: false,
    why: "gives a plain process a pty (docs/add-a-port.md)",
  },
];

/**
 * The path of the preferred command among those that are there.
 * @param {{ commands: string[] }} tool
 */
export function pathOf({ commands }, path = process.env.PATH ?? "") {
  const folders = path.split(delimiter).filter((folder) => folder !== "");
  const places = commands.flatMap((command) => folders.map((folder) => join(folder, command)));
  return places.find((place) => existsSync(place));
}

/**
 * The command's path when it is there and whole.
 * @param {Prerequisite} prerequisite
 */
export function foundAt(prerequisite, path = process.env.PATH ?? "") {
  const place = pathOf(prerequisite, path);
  const [command, ...args] = prerequisite.probe ?? [];
  if (place === undefined || command === undefined || !place.endsWith(`/${command}`)) return place;
  const { status } = spawnSync(place, [...args, "-fsyntax-only", "-x", "c", "/dev/null"], { stdio: "ignore" });
  return status === 0 ? place : undefined;
}

/**
 * Debian packages of all that is not there, each once.
 * @param {Prerequisite[]} prerequisites
 */
export function missingPackages(prerequisites) {
  const missing = prerequisites.filter((prerequisite) => foundAt(prerequisite) === undefined);
  return [...new Set(missing.flatMap(({ packages }) => packages))];
}

/** The line that installs Debian packages. @param {Iterable<string>} packages */
export const aptLine = (packages) => `sudo apt-get update && sudo apt-get install -y ${[...packages].join(" ")}`;
