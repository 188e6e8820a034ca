// The README and the how-to pages do what they say: in a copy of the project, as after a clone and ./scripts/setup, every command is run and
// every change to a file is made, in the page's order. npm has no registry to go to. A command that is not in the lists below fails: say
// here how to run it, shortened where it takes long, and what it must print.

import { spawn, spawnSync } from "node:child_process";
import {
  accessSync,
  closeSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Action, actionsOf, pages, root } from "./pages.ts";

interface Recipe {
  /** Instead of the command: the same, made short. */
  short?: string;
  /** What it must print. */
  says: RegExp;
  /** Takes a minute and more: only with FTTE_SWEEP=1. */
  long?: boolean;
}

/** Run by CI itself, for hardware, or too long to run here: only checked to be there. */
const present: Record<string, string> = {
  "./scripts/test": "scripts/test",
  "npm run check": "scripts/check.ts",
  "npm run fuzz -- --minutes 60": "scripts/fuzz.ts",
  "npm run size": "scripts/size.ts",
  "npm run bench:device": "tests/bench/device.ts",
  "npm run bench:device -- --write": "tests/bench/device.ts",
  "npx vitest run tests/host": "tests/host",
  "npm run hil -- --board /dev/ttyACM0": "scripts/hil.ts",
  "npm run board -- microbit-nrf52840": "scripts/board.ts",
  "npm run hil -- --board build/boards/microbit-nrf52840.pty": "scripts/hil.ts",
  "npx ftte boards --ble": "host/link/ble_scan.ts",
  "npx ftte train --port ble:c0:ff:ee:00:00:01": "host/link/ble.ts",
  "npx ftte console ble:c0:ff:ee:00:00:01": "host/link/ble.ts",
  "npx ftte flash --board esp32-c3-devkitm": "host/cli/commands/flash.ts",
  "npx ftte flash --board esp32-devkitc --port /dev/ttyUSB0": "host/cli/commands/flash.ts",
  "npx ftte flash --board esp32-devkitc --all": "host/cli/commands/flash.ts",
  "npx ftte flash 240ac4": "host/cli/commands/flash.ts",
  "npx ftte flash --board virtual-256k": "host/cli/commands/flash.ts",
  "npx ftte data capture wrist-07 --label walking --seconds 30": "host/cli/commands/data.ts",
  "npx ftte data list wrist-07": "host/cli/commands/data.ts",
  "npx ftte data clear wrist-07": "host/cli/commands/data.ts",
  "npx ftte update wrist-07 wrist-08": "host/cli/commands/update.ts",
  "npx ftte update wrist-07 --firmware": "host/cli/commands/update.ts",
  "npx ftte update wrist-07 --seconds 120": "host/cli/commands/update.ts",
  "npx ftte monitor wrist-07": "host/cli/commands/monitor.ts",
  "npx ftte monitor wrist-07 wrist-08 --level debug --save night.log": "host/cli/commands/monitor.ts",
};

/** By the command, or by the page and the command where one page needs its own. */
const recipes: Record<string, Recipe> = {
  // README.md
  "./scripts/demo": { short: "./scripts/demo --boards 2 --minutes 0.1", says: /accuracy after +\d+\.\d %/ },
  "npx ftte doctor": { says: /ok +Node\.js.*virtual boards can run here/s },
  "npx ftte new wrist && cd wrist && npm install": { says: /wrist is ready\..*added 1 package/s },
  "npx ftte plan --budget 24k": { says: /arena \d+ bytes/ },
  "npx ftte train --minutes 1": { short: "npx ftte train --minutes 0.05", says: /run 1 starts.*updates folded/s },
  "npx ftte eval": { says: /accuracy \d+\.\d %/ },
  "npx ftte run export --out model": { says: /wrote model\/model\.safetensors, model\/model\.h, model\/model\.json/ },
  // the README that "ftte new" writes
  "npm install": { says: /up to date/ },
  "npx ftte plan": { says: /virtual-\d+k: model digits/ },
  "npx ftte train": { short: "npx ftte train --minutes 0.05", says: /run 2 starts/ },
  "npx ftte run resume": { short: "npx ftte run resume --minutes 0.05", says: /run 2 goes on at version/ },
  "npx ftte run export": { says: /run 2, version \d+: wrote/ },
  // docs/
  "npm run build": { says: /build: host/ },
  "npm run generate": { says: /^/ },
  "cp -r firmware/ports/minimal firmware/ports/mine": { says: /^$/ },
  "sed -i s/minimal/mine/g firmware/ports/mine/*": { says: /^$/ },
  "make -C firmware -j PORT=mine": { says: /mv build\/firmware\/mine\/ftte-mine.new build\/firmware\/mine\/ftte-mine/ },
  "cp tests/contracts/port/minimal.c tests/contracts/port/mine.c": { says: /^$/ },
  "npx vitest run tests/contracts/port_mine.test.ts": { says: /3\d passed/ },
  "cp board-configs/virtual-64k.json board-configs/mine.json": { says: /^$/ },
  "sed -i 's/virtual-64k/mine/; s/posix/mine/' board-configs/mine.json": { says: /^$/ },
  "npx vitest run tests/host/boards/config.test.ts": { says: /passed/ },
  "socat PTY,link=mine.pty,rawer EXEC:build/firmware/mine/ftte-mine &": { says: /^/ },
  "npx ftte build --board mine": { says: /built build\/firmware\/mine\/ftte-mine.*left for a plan's arena/s },
  "npx ftte boards --port mine.pty": {
    short: "until [ -e mine.pty ]; do sleep 0.05; done; npx ftte boards --port mine.pty",
    says: /mine\.pty +mine +\d/,
  },
  "npm run hil -- --board mine.pty": { says: /board +mine, .* passed, 0 failed/s },
  "cp board-configs/virtual-64k.json board-configs/virtual-128k.json": { says: /^$/ },
  "sed -i 's/virtual-64k/virtual-128k/; s/64 KiB like an nRF52832/128 KiB/' board-configs/virtual-128k.json": {
    says: /^$/,
  },
  "npx ftte new tryout && cd tryout && npm install": { says: /added 1 package/ },
  "npx vitest run tests/host/fl/strategies.test.ts": { says: /passed/ },
  "npx ftte new quick && cd quick && npm install": { says: /added 1 package/ },
  "npx ftte new many && cd many && npm install": { says: /added 1 package/ },
  "npx ftte sim --clients 40 --stragglers 0.3 --slowdown 10 --updates 400 --seeds 3 --svg curves.svg": {
    short: "npx ftte sim --clients 40 --stragglers 0.3 --slowdown 10 --updates 8 --seeds 2 --svg curves.svg",
    says: /accuracy.*median.*The curves are in curves\.svg/s,
  },
  "npx ftte sim --clients 40 --minutes 5": { short: "npx ftte sim --clients 40 --minutes 0.05", says: /accuracy/ },
  "npx ftte train --virtual 8 --minutes 1 --json > run.ndjson": {
    short: "npx ftte train --virtual 8 --minutes 0.2 --json > run.ndjson",
    says: /run 1 starts/,
  },
  "npx ftte sim --clients 8 --trace run.ndjson --updates 60": {
    short: "npx ftte sim --clients 8 --trace run.ndjson --updates 8",
    says: /accuracy/,
  },
  "docs/add-a-kernel.md npm run build": { says: /build: host/, long: true },
  "npx vitest run tests/host/plan/gradients.test.ts": {
    short: 'npx vitest run tests/host/plan/gradients.test.ts -t "computes what"', // builds the kernels for Node
    says: /1 passed/,
  },
  // docs/first-board.md: a board that is a process of this machine, with an ESP32's memory and a sensor that plays a walk
  "npx ftte flash --board esp32-motion": { short: "npx ftte flash --board virtual-256k", says: /said hello/ },
  "npx ftte boards": {
    short: `npx tsx tests/system/worn_board.ts esp32-motion worn &
until [ -e worn/wrist.pty ]; do sleep 0.05; done; npx ftte boards --port worn/wrist.pty`,
    says: /wrist\.pty +esp32-motion/,
  },
  "npx ftte boards name 240ac4 wrist-07": {
    short: "npx ftte boards name worn/wrist.pty wrist-07",
    says: /wrist-07/,
  },
  "npx ftte new first --template motion && cd first && npm install": { says: /first is ready\..*added 1 package/s },
  "docs/first-board.md npx ftte plan": { says: /esp32-motion: model motion/ },
  "docs/first-board.md npx ftte data capture wrist-07 --label walking --seconds 30": {
    short: `sed -i "s#/dev/ttyUSB0#$(realpath -s ../worn/wrist.pty)#" ftte.config.ts
npx ftte data capture wrist-07 --label walking --seconds 1`,
    says: /walking/,
  },
  "docs/first-board.md npx ftte data list wrist-07": { says: /walking/ },
  "docs/first-board.md npx ftte train": {
    short: "npx ftte train --minutes 0.05",
    says: /run 1 starts: 6 boards.*esp32-motion +\d+ B +[1-9]\d* B/s, // the memory of its arena, measured
  },
  "docs/first-board.md npx ftte monitor wrist-07": {
    short: "npx ftte monitor wrist-07 --seconds 1",
    says: /online at .*wrist\.pty/,
  },
  "npm run board -- virtual-64k --plays first --label walking": {
    short: `cd .. && npm run board -- virtual-64k --plays first --label walking &
until [ -e ../build/boards/virtual-64k.pty ]; do sleep 0.05; done
npx ftte data capture ../build/boards/virtual-64k.pty --label walking --seconds 4`,
    says: /walking/,
  },
  "npx vitest run tests/assembly": { says: /passed/, long: true },
};

let copy: string;
let folder: string; // where the reader's shell is

/** What the package keeps of node_modules: equal texts, nothing was installed there. */
const installed = () =>
  spawnSync("find", [".bin", ".package-lock.json", "-printf", "%p %s %T@\n"], {
    cwd: join(root, "node_modules"),
    encoding: "utf8",
  }).stdout;
const installedBefore = installed();

/** The project as after a clone and ./scripts/setup. */
function makeCopy(): void {
  const lock = join(root, "node_modules/.ftte-lock");
  if (!existsSync(lock) || !readFileSync(lock).equals(readFileSync(join(root, "package-lock.json"))))
    throw new Error("npm packages are not those of package-lock.json; run ./scripts/setup first");
  copy = mkdtempSync(join(tmpdir(), "ftte-readme-"));
  folder = copy;
  const options = { recursive: true, preserveTimestamps: true };
  for (const name of readdirSync(root))
    if (![".git", "node_modules", "build"].includes(name)) cpSync(join(root, name), join(copy, name), options);
  for (const name of ["build/guest", "build/firmware"]) cpSync(join(root, name), join(copy, name), options);
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
}

/** Each command and what it leaves running: one group of processes, which ends with its page. */
const groups: number[] = [];
function endGroups(): void {
  for (const group of groups.splice(0))
    try {
      process.kill(-group);
    } catch {} // nothing of it is left
}

/** Runs the command in a shell where the last one left off. */
function type(command: string): Promise<{ status: number | null; text: string }> {
  const at = join(copy, ".shell-folder");
  const script = `${command}\nstatus=$?; pwd > ${at}; exit $status`;
  const own = { npm_config_registry: "http://127.0.0.1:9/", FTTE_SWEEP: "", XDG_STATE_HOME: join(copy, ".state") };
  const env = { ...process.env, ...own };
  const output = join(copy, ".shell-output"); // a file: what the command leaves running must not hold this test
  const file = openSync(output, "w");
  const child = spawn("bash", ["-c", script], { cwd: folder, env, stdio: ["ignore", file, file], detached: true });
  closeSync(file);
  groups.push(child.pid!);
  return new Promise((resolve) => {
    child.on("exit", (status) => {
      folder = readFileSync(at, "utf8").trim();
      resolve({ status, text: readFileSync(output, "utf8") });
    });
  });
}

/** A page may have a recipe of its own for what is elsewhere only there. */
const isOnlyPresent = (page: string, command: string) => command in present && !(`${page} ${command}` in recipes);
const recipeOf = (page: string, command: string) => recipes[`${page} ${command}`] ?? recipes[command];

async function run(page: string, command: string): Promise<void> {
  const recipe = recipeOf(page, command);
  if (!recipe) throw new Error(`"${command}" is new; say in tests/system/readme.test.ts how to run it`);
  const { status, text } = await type(recipe.short ?? command);
  expect(status, `${command}\n${text.slice(-4000)}`).toBe(0);
  expect(text).toMatch(recipe.says);
}

function isPresent(command: string): void {
  const path = join(root, present[command]!);
  accessSync(path, command.startsWith("./") ? constants.X_OK : constants.R_OK);
  const script = /^npm run ([\w:]+)/.exec(command)?.[1];
  if (script)
    expect(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts[script]).toContain(present[command]);
}

function edit({ path, where, anchor, text }: Extract<Action, { kind: "edit" }>): void {
  const file = join(folder, path);
  const lines = readFileSync(file, "utf8").split("\n");
  const at = lines.findIndex((line) => line.includes(anchor));
  if (at < 0) throw new Error(`${path} has no line with "${anchor}"`);
  lines.splice(where === "below" ? at + 1 : at, where === "instead of" ? 1 : 0, text.trimEnd());
  writeFileSync(file, lines.join("\n"));
}

function perform(page: string, action: Action): Promise<void> | void {
  switch (action.kind) {
    case "write":
      mkdirSync(dirname(join(folder, action.path)), { recursive: true });
      return writeFileSync(join(folder, action.path), action.text);
    case "edit":
      return edit(action);
    case "type":
      return isOnlyPresent(page, action.command) ? isPresent(action.command) : run(page, action.command);
  }
}

const title = (action: Action) => (action.kind === "type" ? action.command : `${action.kind} ${action.path}`);
const isLong = (page: string, action: Action) => action.kind === "type" && recipeOf(page, action.command)?.long;

/** The page's actions as tests, one after the other. */
function follow(page: string): void {
  beforeAll(makeCopy);
  afterAll(() => {
    endGroups();
    rmSync(copy, { recursive: true, force: true });
  });
  for (const action of actionsOf(page)) {
    const left = isLong(page, action) && !process.env.FTTE_SWEEP;
    if (left) it.skip(`${title(action)} (takes long; with FTTE_SWEEP=1)`);
    else it(title(action), { timeout: 600_000 }, async () => perform(page, action));
  }
}

describe("README.md", () => {
  follow("README.md");

  it("the new project's own README, too", { timeout: 300_000 }, async () => {
    const lines = readFileSync(join(folder, "README.md"), "utf8").split("\n");
    const commands = lines.filter((line) => line.startsWith("    ")).map((line) => line.replace(/ +# .*/, "").trim());
    expect(commands.length).toBeGreaterThan(3);
    for (const command of commands) await run("wrist/README.md", command);
  });

  it("an editor completes the new project's config: right words pass the compiler, a wrong one does not", () => {
    const compile = () =>
      spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", "."], { cwd: folder, encoding: "utf8" });
    expect(compile().stdout).toBe("");
    const config = join(folder, "ftte.config.ts");
    writeFileSync(config, readFileSync(config, "utf8").replace("firstModel:", "firstModell:"));
    expect(compile().stdout).toMatch(/ftte\.config\.ts.*firstModell/);
  });

  it("the new project took nothing but a link, and left the package's own node_modules alone", () => {
    expect(readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith("."))).toEqual(["ftte"]);
    expect(statSync(join(folder, "node_modules/ftte/package.json")).isFile()).toBe(true);
    expect(installed()).toBe(installedBefore);
  });
});

describe.each(pages.filter((page) => page !== "README.md" && actionsOf(page).length > 0))("%s", follow);
