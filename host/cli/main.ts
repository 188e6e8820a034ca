#!/usr/bin/env node
// The `ftte` command: names the commands and loads each one's code only when it runs, so that `ftte --help` starts fast. The only
// place that sets an exit status or prints an error.

import { Argument, Command, CommanderError, Option } from "commander";
import { exitStatus, exitStatusOf, FtteError } from "../errors.ts";
import { consoleWords } from "./console/words.ts";
import { allowExport, config, countOf, example, json, number, runId } from "./options.ts";
import { version } from "./version.ts";

const seeds = countOf("seeds");
const trialSeconds = (text: string) => {
  const value = countOf("seconds")(text);
  if (value > 255) throw new FtteError("usage", `${text} seconds are more than the 255 that a board takes`);
  return value;
};

const program = new Command("ftte")
  .description(
    "A fleet of microcontroller wearables trains one model together; raw sensor data never leaves the wrist.",
  )
  .version(version)
  .showHelpAfterError()
  .enablePositionalOptions() // what stands behind a subcommand is the subcommand's
  .exitOverride();

program
  .command("new")
  .argument("<name>", "the project's name, also its folder")
  .description("make a working project in a new folder")
  .addOption(
    new Option("--template <name>", "what it is about: digits, or what a sensor on a wrist measures")
      .choices(["digits", "motion", "ecg", "anomaly"])
      .default("digits"),
  )
  .addOption(json())
  .addHelpText("after", example("ftte new wrist && cd wrist && npx ftte train --virtual 8"))
  .action(async (name, options) => (await import("./commands/new.ts")).newProject(name, options));

program
  .command("doctor")
  .description("look for what is missing on this machine, why it matters, and what mends it")
  .addOption(json())
  .addHelpText("after", example("ftte doctor"))
  .action(async (options) => (await import("./commands/doctor.ts")).doctor(options));

program
  .command("plan")
  .description("show what each board class trains and every byte that it needs")
  .addOption(config())
  .option("--budget <bytes>", 'ask what fits an arena of so many bytes ("24k")')
  .option("--search", "measure what each layer is worth on the host's own data, and choose by it")
  .option("--seeds <n>", "with --search: first models to measure from, 3 by default", seeds)
  .option("--svg <folder>", "write a picture of each arena over time; with --search, of accuracy by bytes")
  .addOption(json())
  .addHelpText("after", example("ftte plan --budget 24k --svg ."))
  .action(async (options) => (await import("./commands/plan.ts")).plan(options));

program
  .command("train")
  .description("start a training run, or go on with an unfinished one of the same config")
  .addOption(config())
  .option("--virtual <boards>", "use so many virtual boards, whatever the config's fleet says", number)
  .option(
    "--port <board...>",
    "use the boards at these ports, or of these names, each as the config's entry of its class",
  )
  .option("--minutes <n>", "end after so many minutes", number)
  .option("--seed <n>", "seed of everything random", number)
  .option("--deterministic", "fold updates in a seeded order: the same seed gives the same model, bit for bit")
  .option("--fresh", "do not go on with an unfinished run")
  .addOption(json())
  .addHelpText("after", example("ftte train --virtual 8 --minutes 2"))
  .action(async (options) => (await import("./commands/train.ts")).train(options));

program
  .command("sim")
  .description(
    "simulate the config's fleet in virtual time, with the boards' own kernels and the product's coordinator",
  )
  .addOption(config())
  .option("--clients <n>", "so many boards, the fleet's entries dealt out in turn", countOf("boards"))
  .option("--stragglers <share>", "so large a share of the boards is slow", number)
  .option("--slowdown <x>", "they take up to so many times as long", number)
  .option("--updates <n>", "end after so many updates, instead of when the config says", countOf("updates"))
  .option("--minutes <n>", "end after so many minutes of virtual time, instead of when the config says", number)
  .option("--seed <n>", "seed of everything random", number)
  .option("--seeds <n>", "so many seeds, from that one on", seeds, 1)
  .option("--evaluate-every <n>", "measure accuracy after so many updates", countOf("updates"), 40)
  .option("--jobs <n>", "threads to use; all cores when left out", countOf("threads"))
  .option("--trace <file>", "let orders take as long as in a recorded run (ftte train --json)")
  .option("--fresh", "forget what was computed before")
  .option("--svg <file>", "write a picture of accuracy over virtual time")
  .addOption(json())
  .addHelpText("after", example("ftte sim --clients 100 --stragglers 0.3 --slowdown 10 --updates 400 --seeds 3"))
  .action(async (options) => (await import("./commands/sim.ts")).sim(options));

program
  .command("eval")
  .description("measure a run's model on held-out data")
  .argument(...runId)
  .addOption(config())
  .addOption(json())
  .addHelpText("after", example("ftte eval"))
  .action(async (run, options) => (await import("./commands/eval.ts")).evaluate(run, options));

program
  .command("runs")
  .description("list this project's runs")
  .addOption(config())
  .addOption(json())
  .addHelpText("after", example("ftte runs --json"))
  .action(async (options) => (await import("./commands/runs.ts")).runs(options));

const run = program.command("run").description("show, resume or export one run");
run
  .command("show")
  .argument(...runId)
  .description("what a run did: state, accuracy over time, boards, updates")
  .addOption(config())
  .addOption(json())
  .addHelpText("after", example("ftte run show 1"))
  .action(async (id, options) => (await import("./commands/runs.ts")).show(id, options));
run
  .command("resume")
  .argument(...runId)
  .description("go on with a run after Ctrl-C, a crash or a reboot")
  .option("--minutes <n>", "end after so many more minutes", number)
  .addOption(config())
  .addOption(json())
  .addHelpText("after", example("ftte run resume 1"))
  .action(async (id, options) => (await import("./commands/train.ts")).resume(id, options));
run
  .command("export")
  .argument(...runId)
  .description("write a run's model as safetensors, C header and JSON")
  .option("-o, --out <folder>", "where to write", ".")
  .addOption(config())
  .addOption(json())
  .addHelpText("after", example("ftte run export 1 --out model"))
  .action(async (id, options) => (await import("./commands/export.ts")).exportRun(id, options));

const boards = program
  .command("boards")
  .description("list the ports and virtual boards that answer, by chip id and name")
  .addOption(config())
  .option("--port <path...>", "ask these ports only")
  .option("--ble [seconds]", "listen for boards over BLE, too, 5 seconds by default (docs/ble.md)", number)
  .addOption(json())
  .addHelpText("after", example("ftte boards --port /dev/ttyACM0"))
  .action(async (options) => (await import("./commands/boards.ts")).boards(options));
boards
  .command("name")
  .argument("<board>", "chip id or its first digits, name or port")
  .argument("[name]", "what the board is called from now on, on this machine")
  .description("give a board a name that every command takes and every message uses")
  .option("--remove", "take the name away")
  .addOption(config())
  .addOption(json())
  .addHelpText("after", example("ftte boards name 1a2b3c4d wrist-07"))
  .action(async (board, name, options) => (await import("./commands/boards.ts")).nameBoard(board, name, options));

program
  .command("console")
  .argument("<board>", "name, chip id or its first digits, or port")
  .addArgument(
    new Argument("[command]", "asked and answered; without one, the console asks for commands").choices(consoleWords),
  )
  .description("ask one board: who it is, its memory, its self-test; reset or erase it")
  .option("--yes", "erase without asking back")
  .addOption(config())
  .addOption(json())
  .addHelpText("after", example("ftte console wrist-07 self-test"))
  .action(async (board, command, options) =>
    (await import("./commands/console.ts")).openConsole(board, command, options),
  );

program
  .command("monitor")
  .argument("<board...>", "names, chip ids or their first digits, or ports")
  .description("watch boards live: their log, panics with names of functions, progress, unusual samples")
  .addOption(
    new Option("--level <name>", "the least that is shown")
      .choices(["error", "warning", "info", "debug"])
      .default("info"),
  )
  .option("--filter <text>", "show only what contains this text, in upper or lower case")
  .option("--save <file>", "append what is shown to a file, too")
  .option("--seconds <n>", "end after so many seconds, instead of at Ctrl-C", number)
  .addOption(config())
  .addOption(json())
  .addHelpText("after", example("ftte monitor wrist-07 wrist-08 --level debug --save night.log"))
  .action(async (boards, options) => (await import("./commands/monitor.ts")).monitor(boards, options));

program
  .command("build")
  .description("build a board's firmware with this machine's compilers")
  .requiredOption("--board <id>", "a board of board-configs/")
  .addOption(new Option("--engine <name>", "what runs the kernels").choices(["wasm3", "aot"]).default("wasm3"))
  .option("-c, --config <file>", "a project's config: what it trains on this board must fit")
  .addOption(allowExport())
  .addOption(json())
  .addHelpText("after", example("ftte build --board nrf52840-dk"))
  .action(async (options) => (await import("./commands/build.ts")).build(options));

program
  .command("flash")
  .argument("[board...]", 'boards that run firmware already, by name or chip id ("ftte boards")')
  .description("build boards' firmware, write it, verify it and wait for its hello; several boards at once")
  .option("--all", "every board that answers; with --board, every port that such a board may be at")
  .option("--board <id>", "a board of board-configs/, new ones too")
  .option("--port <path...>", "where it is flashed: a serial port, a drive's folder or a probe's serial number")
  .option("--method <name>", "another way of flashing that the board's config names")
  .option("--link <path...>", "where its firmware says hello, when that is another port; in the order of --port")
  .addOption(new Option("--engine <name>", "what runs the kernels").choices(["wasm3", "aot"]).default("wasm3"))
  .option("--recover", "lift read-out protection where there is one; erases everything on the board, samples too")
  .option("--verify", "read back what was written, where the method would compare hashes")
  .option("-c, --config <file>", "a project's config: what it trains on this board must fit")
  .addOption(allowExport())
  .addOption(json())
  .addHelpText("after", example("ftte flash --board esp32-c3-devkitm --port /dev/ttyUSB0"))
  .action(async (boards, options) => (await import("./commands/flash.ts")).flash(boards, options));

const data = program.command("data").description("samples that boards record: capture, count, clear");
const whichBoard = ["<board>", "name, chip id or its first digits, or port"] as const;
data
  .command("capture")
  .argument(...whichBoard)
  .description("have a board record what its sensor measures, under a label of the project's data")
  .requiredOption("--label <name>", "what the wearer does: a class of the project's data")
  .option("--seconds <n>", "for so long", number, 30)
  .addOption(config())
  .addOption(json())
  .addHelpText("after", example("ftte data capture wrist-07 --label walking --seconds 30"))
  .action(async (board, options) => (await import("./commands/data.ts")).capture(board, options));
data
  .command("list")
  .argument(...whichBoard)
  .description("how many samples of each label a board holds; they stay on it")
  .option("--export <file>", "write them to a CSV file: only from firmware built with --allow-export")
  .addOption(config())
  .addOption(json())
  .addHelpText("after", example("ftte data list wrist-07"))
  .action(async (board, options) => (await import("./commands/data.ts")).list(board, options));
data
  .command("clear")
  .argument(...whichBoard)
  .description("delete a board's samples")
  .option("--yes", "without asking back")
  .addOption(config())
  .addOption(json())
  .addHelpText("after", example("ftte data clear wrist-07 --yes"))
  .action(async (board, options) => (await import("./commands/data.ts")).clear(board, options));

program
  .command("update")
  .argument("<board...>", 'boards that answer, by name, chip id or its first digits, or port ("ftte boards")')
  .description("give boards new kernels or firmware over their usual link; what a board does not confirm it gives back")
  .option("--kernels", "the kernels (this is what it does without a word)")
  .option("--firmware", "the firmware, built for the board's class")
  .option("--board <id>", "the board's config, where several are of its class")
  .option("--port <path...>", "ask these ports only")
  .option(
    "--seconds <n>",
    "how long a board tries the new ones before it goes back, unless confirmed",
    trialSeconds,
    60,
  )
  .addOption(config())
  .addOption(json())
  .addHelpText("after", example("ftte update wrist-07 wrist-08 --kernels"))
  .action(async (boards, options) => (await import("./commands/update.ts")).update(boards, options));

program
  .command("demo")
  .description("virtual boards train a digit recogniser, with stragglers, a lost link and a power cut")
  .option("--boards <n>", "virtual boards, half of each memory class; or by port: posix:4,mps2:2,nrf52:2", "8")
  .option("--seed <n>", "seed of everything random", number, 1)
  .option("--minutes <n>", "end after so many minutes", number)
  .option("--deterministic", "fold updates in a seeded order: the same seed gives the same model, bit for bit")
  .option("--compare", "run the same fleet again as synchronous full-model FedAvg")
  .option("--svg <file>", "where the accuracy curve goes", "ftte-demo.svg")
  .option("--keep <folder>", "keep the run's state there")
  .addOption(json())
  .addHelpText("after", example("./scripts/demo --minutes 1 --compare"))
  .action(async (options) => (await import("./commands/demo.ts")).demo(options));

program
  .command("completion")
  .addArgument(new Argument("[shell]", "whose script to print").choices(["bash", "zsh", "fish"]))
  .description("print the script that completes ftte's commands, options and boards in a shell")
  .addOption(new Option("--words <list>", "what the script asks for at run time: boards, configs").hideHelp())
  .addOption(json())
  .addHelpText("after", example('eval "$(ftte completion bash)"'))
  .action(async (shell, options) => (await import("./commands/completion.ts")).completion(program, shell, options));

// Whoever reads has had enough (`ftte runs | head -1`): that is no failure, and what is stored is safe.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });

async function main(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** Prints what went wrong, and what to do, on standard error; returns the exit status. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitStatus.usage;
  const known = error instanceof FtteError;
  const text = known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`ftte: ${text}\n${known ? `(${error.code}: see docs/troubleshooting.md)\n` : ""}`);
  if (process.argv.includes("--json"))
    process.stdout.write(
      `${JSON.stringify({ type: "error", code: known ? error.code : "internal", message: text })}\n`,
    );
  return known ? exitStatusOf(error.code) : exitStatus.failure;
}

await main();
