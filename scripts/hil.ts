// Runs tests/hil on one board, by its address, and prints a report that can be pasted into an issue. Erases nothing unless it is told to.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { boardClassText, firmwareText } from "../host/boards/identity.ts";
import { FtteError } from "../host/errors.ts";
import { board } from "../host/hil/board.ts";
import { Feature, type Hello, ResetReason } from "../host/wire/spec.gen.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const help = `Runs the hardware-in-the-loop suite (tests/hil) on one board.

  npm run hil -- --board <address> [options]

  --board ADDRESS        a serial port, or the pty of a virtual or emulated board
  --baud RATE            of the line (921600)
  --erase                erase what the board holds first; without it a board that holds samples or a task is refused
  --power-cycle COMMAND  cuts the board's power and gives it back (a relay, a reset line), run by the shell
  --soak MINUTES         then train for so long, every update compared
  --files PATTERN        run these files of tests/hil only
  --junit FILE           where the JUnit XML goes (build/hil/junit.xml)
  --json                 the report as one JSON object
  --help                 this text

Example: npm run hil -- --board /dev/ttyACM0 --erase --soak 60
Exit status: 0 all passed, 1 a test failed, 2 usage, 3 the board does not answer.`;

const { values } = parseArgs({
  options: {
    board: { type: "string" },
    baud: { type: "string" },
    erase: { type: "boolean", default: false },
    "power-cycle": { type: "string" },
    soak: { type: "string" },
    files: { type: "string" },
    junit: { type: "string", default: "build/hil/junit.xml" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

interface Result {
  name: string;
  status: string;
  ms: number;
  failure: string;
}

interface VitestReport {
  testResults: {
    message: string;
    assertionResults: { fullName: string; status: string; duration?: number; failureMessages: string[] }[];
  }[];
}

const named = (list: Record<string, number>, test: (value: number) => boolean) =>
  Object.entries(list).flatMap(([name, value]) => (test(value) ? [name] : []));

function identity(hello: Hello, chip: string) {
  return {
    class: boardClassText(hello),
    chip,
    firmware: firmwareText(hello.firmwareVersion),
    build: hello.firmwareBuild.toString(16).padStart(8, "0"),
    wire: hello.wireVersion,
    abi: hello.guestAbi,
    features: named(Feature, (bit) => (hello.features & bit) !== 0),
    ram: hello.ramBytes,
    lastReset: named(ResetReason, (reason) => reason === hello.resetReason)[0] ?? "unknown",
    resets: hello.resets,
  };
}

/** Runs vitest on the board; its own output goes to standard error. */
function suite(): Result[] {
  const folder = mkdtempSync(join(tmpdir(), "ftte-hil-")); // its own: suites may run on several boards at once
  const report = join(folder, "report.json");
  const junit = resolve(values.junit);
  mkdirSync(dirname(junit), { recursive: true });
  const env = {
    ...process.env,
    FTTE_BOARD: resolve(values.board!),
    FTTE_ERASE: values.erase ? "1" : "",
    ...(values.baud && { FTTE_BAUD: values.baud }),
    ...(values["power-cycle"] && { FTTE_POWER_CYCLE: values["power-cycle"] }),
    ...(values.soak && { FTTE_SOAK_MINUTES: values.soak }),
  };
  const reporters = ["--reporter=default", "--reporter=json", "--reporter=junit"];
  const files = [`--outputFile.json=${report}`, `--outputFile.junit=${junit}`];
  const args = ["run", "--config", "tests/hil/vitest.config.ts", ...reporters, ...files];
  if (values.files) args.push(values.files);
  spawnSync(`${root}node_modules/.bin/vitest`, args, { cwd: root, env, stdio: ["ignore", 2, 2] });
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as VitestReport;
  rmSync(folder, { recursive: true });
  return testResults.flatMap(({ message, assertionResults }) => {
    const results = assertionResults.map((r) => ({
      name: r.fullName,
      status: r.status,
      ms: Math.round(r.duration ?? 0),
      failure: r.failureMessages[0] ?? "",
    }));
    // What fails before the first test (no board, a board that may not be erased) skips them all.
    const early = message !== "" && results.every((r) => r.status !== "failed");
    return early ? [{ name: "before the first test", status: "failed", ms: 0, failure: message }, ...results] : results;
  });
}

function asText(who: ReturnType<typeof identity>, results: Result[]): string {
  const of = (status: string) => results.filter((r) => r.status === status).length;
  const marks: Record<string, string> = { passed: "ok     ", failed: "FAILED " };
  return [
    "ftte hardware-in-the-loop report",
    `  board     ${who.class}, chip ${who.chip}, ${who.ram} bytes of RAM, at ${values.board}`,
    `  firmware  ${who.firmware}, build ${who.build}, wire ${who.wire}, guest ABI ${who.abi}, ${who.features.join(" ")}`,
    `  resets    ${who.resets}, the last one: ${who.lastReset}`,
    `  date      ${new Date().toISOString()}`,
    "",
    ...results.map((r) => `  ${marks[r.status] ?? "skipped"} ${r.name}${r.ms ? ` (${r.ms} ms)` : ""}`),
    ...results.flatMap((r) => (r.failure ? ["", `  ${r.name}:`, ...r.failure.split("\n").map((l) => `    ${l}`)] : [])),
    "",
    `  ${of("passed")} passed, ${of("failed")} failed, ${results.length - of("passed") - of("failed")} skipped`,
  ].join("\n");
}

async function main(): Promise<number> {
  if (values.help) {
    console.log(help);
    return 0;
  }
  if (!values.board) {
    console.error(`hil: name the board with --board\n\n${help}`);
    return 2;
  }
  const under = await board({ address: values.board, ...(values.baud && { baudRate: Number(values.baud) }) });
  const who = identity(under.hello, under.chipId);
  await under.close();
  const results = suite();
  console.log(
    values.json ? JSON.stringify({ type: "hil", address: values.board, ...who, results }) : asText(who, results),
  );
  return results.some((r) => r.status === "failed") || results.length === 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof FtteError)) throw error;
  console.error(`hil: ${error.message}`);
  process.exitCode = error.code === "usage" ? 2 : 3;
}
