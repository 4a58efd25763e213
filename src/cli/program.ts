import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { mostWorkers } from "../config/defaults.ts";
import { tierNames } from "../routing/catalog.ts";
import { workerWord } from "../workers/worker-messages.ts";
import type { BatchOptions } from "./batch.ts";
import type { ChatOptions } from "./chat.ts";
import type { CliContext, ExitCode } from "./cli-context.ts";
import type { CallOptions } from "./connect-gateway.ts";
import type { DoctorOptions } from "./doctor.ts";
import type { ExplainOptions } from "./explain.ts";
import type { ModelsOptions } from "./models.ts";
import type { ServeOptions } from "./serve.ts";

/**
 * Runs one command. Each is imported only once it is asked for, so that `--help` and a wrong option answer at
 * once.
 * @param words the command line without the program's own name
 */
export async function runCli(words: readonly string[], context: CliContext): Promise<ExitCode> {
  const ended: { code: ExitCode } = { code: 0 };
  const program = createProgram(context, (code) => {
    ended.code = code;
  });
  try {
    await program.parseAsync(words, { from: "user" });
    return ended.code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has printed it. `commander.help` with 1 is a call without a command: bad usage too.
    return error.exitCode === 0 ? 0 : 2;
  }
}

function createProgram(context: CliContext, end: (code: ExitCode) => void): Command {
  const program = new Command("switchyard")
    .description("One typed gRPC service in front of many language models.")
    .version(context.version)
    .showHelpAfterError("(--help shows what is allowed)")
    .exitOverride()
    .configureOutput({ writeOut: context.stdout.write, writeErr: context.stderr.write });

  program
    .command("serve")
    .description("run the gateway until SIGTERM or SIGINT")
    .addOption(configOption())
    .option("--workers <number>", "processes that share the ports, or auto: one a core", workerCount)
    .action(async (options: ServeOptions) => {
      const { runServe } = await import("./serve.ts");
      end(await runServe(options, context));
    });

  // Not for people: `serve` starts it.
  program.command(workerWord, { hidden: true }).action(async () => {
    const { runWorker } = await import("./serve-as-worker.ts");
    end(await runWorker(context));
  });

  const chat = program
    .command("chat")
    .description("send one chat to a running gateway")
    .argument("<text...>", "what to say; - reads it from standard input")
    .option("--stream", "print the answer as it comes");
  withCall(withTarget(chat)).action(async (words: readonly string[], options: ChatOptions) => {
    const { runChat } = await import("./chat.ts");
    end(await runChat(words, options, context));
  });

  const models = program
    .command("models")
    .description("list a running gateway's models with price, tiers and breakers")
    .option("--provider <name>", "only this provider's, such as deepseek");
  withCall(models).action(async (options: ModelsOptions) => {
    const { runModels } = await import("./models.ts");
    end(await runModels(options, context));
  });

  const explain = program
    .command("explain")
    .description("show the plan that a chat would follow now, and what is skipped and why")
    .argument("[text...]", "the prompt to plan for")
    .option("--tokens <number>", "plan for a prompt of this many tokens", wholeNumber);
  withCall(withTarget(explain)).action(async (words: readonly string[], options: ExplainOptions) => {
    const { runExplain } = await import("./explain.ts");
    end(await runExplain(words, options, context));
  });

  program
    .command("doctor")
    .description("check config, keys, upstreams (one small request each) and ports")
    .option("--json", "print JSON")
    .addOption(configOption())
    .action(async (options: DoctorOptions) => {
      const { runDoctor } = await import("./doctor.ts");
      end(await runDoctor(options, context));
    });

  const batch = program
    .command("batch")
    .description("send a chat for each line of a file, and go on where an earlier run stopped")
    .argument(
      "<file>",
      'JSON lines: {"prompt": "…"} with model or tier, or {"input": …} as in the contract; id is kept',
    )
    .option("--out <file>", "where results go; by default beside the input, as FILE.out.jsonl")
    .option("--concurrency <number>", "calls under way at once", positiveNumber, 4)
    .option("--interval-ms <number>", "least time between two starts", wholeNumber, 500)
    .option("--retry-failed", "send the lines that failed in an earlier run once more");
  withCall(withTarget(batch)).action(async (file: string, options: BatchOptions) => {
    const { runBatch } = await import("./batch.ts");
    end(await runBatch(file, options, context));
  });

  const status = program
    .command("status")
    .description("show health and breakers of a running gateway, or a report on its calls")
    .option("--report", "show what its calls came to, by arm and by model")
    .addOption(
      new Option("--days <number>", "of that many days")
        .argParser(wholeDays)
        .default(30)
        .implies({ report: true }),
    );
  withCall(status).action(async (options: CallOptions & { report?: true; days: number }) => {
    if (options.report === true) {
      const { runReport } = await import("./report.ts");
      end(await runReport(options, context));
      return;
    }
    const { runStatus } = await import("./status.ts");
    end(await runStatus(options, context));
  });
  return program;
}

function configOption(): Option {
  return new Option("--config <file>", "the configuration; stands before SWITCHYARD_CONFIG").argParser(
    notEmpty,
  );
}

function withCall(command: Command): Command {
  return command
    .option("--json", "print the contract's JSON")
    .option("--address <host:port>", "where the gateway listens; by default where the config says")
    .addOption(configOption());
}

function withTarget(command: Command): Command {
  return command
    .addOption(
      new Option("--model <model>", "a model, as provider/model-name").conflicts(["tier", "deployment"]),
    )
    .addOption(new Option("--tier <tier>", "the kind of task").choices(tierNames).conflicts("deployment"))
    .addOption(new Option("--deployment <deployment>", "one deployment, as model@upstream"));
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 2_147_483_647) {
    throw new InvalidArgumentError("It must be a whole number, 0 to 2147483647.");
  }
  return value;
}

function positiveNumber(text: string): number {
  const value = wholeNumber(text);
  if (value < 1 || value > 1000) throw new InvalidArgumentError("It must be from 1 to 1000.");
  return value;
}

function workerCount(text: string): number | "auto" {
  if (text === "auto") return text;
  const value = wholeNumber(text);
  if (value < 1 || value > mostWorkers) {
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${mostWorkers}, or auto.`);
  }
  return value;
}

function wholeDays(text: string): number {
  const days = wholeNumber(text);
  if (days < 1 || days > 36_500) throw new InvalidArgumentError("It must be a whole number, 1 to 36500.");
  return days;
}

function notEmpty(text: string): string {
  if (text === "") throw new InvalidArgumentError("It must name a file.");
  return text;
}
