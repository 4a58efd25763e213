import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { type JsonValue, toJson } from "@bufbuild/protobuf";
import { type Client, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { ChatResponseSchema, GatewayService } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { lineDigest, readBatchLine } from "./batch-line.ts";
import { takeBatchLock } from "./batch-lock.ts";
import { paced } from "./batch-pace.ts";
import { type BatchProgress, formatProgress } from "./batch-progress.ts";
import { type BatchResults, openBatchResults } from "./batch-results.ts";
import { type BatchSummary, formatBatchSummary } from "./batch-summary.ts";
import type { CliContext, ExitCode } from "./cli-context.ts";
import { type CallOptions, withGateway } from "./connect-gateway.ts";
import { codeName } from "./error-report.ts";
import { sendPatiently } from "./send-patiently.ts";
import type { TargetOptions } from "./target.ts";

export interface BatchOptions extends CallOptions, TargetOptions {
  /** Where left out: beside the input. */
  readonly out?: string | undefined;
  readonly concurrency: number;
  readonly intervalMs: number;
  /** Send what failed in an earlier run once more. */
  readonly retryFailed?: boolean | undefined;
}

const invalidLine = "INVALID_LINE";
/** Between two lines of progress where nobody watches a terminal. */
const reportMs = 10_000;

/**
 * `switchyard batch`: one chat a line. Each line's result is written once it is there, so that a run that was interrupted or
 * killed goes on where it stood: no line is lost, none has two results. A first signal lets what runs come to its
 * end; a second one cancels it.
 */
export async function runBatch(file: string, options: BatchOptions, context: CliContext): Promise<ExitCode> {
  const input = resolve(context.cwd, file);
  const output = resolve(context.cwd, options.out ?? `${file}.out.jsonl`);
  const lines = await countLines(input, context);
  if (lines === undefined) return 1;
  using lock = takeBatchLock(`${output}.lock`);
  if (lock.kind === "held") {
    context.stderr.line(`error: another batch (process ${lock.pid}) writes to ${output}`);
    return 1;
  }
  const opened = openBatchResults(output, options.retryFailed === true);
  if (opened.kind === "foreign") {
    context.stderr.line(
      `error: ${output}, line ${opened.line}, is no result of a batch: name another file with --out`,
    );
    return 1;
  }
  return withGateway(GatewayService, "public", options, context, (calls) =>
    run({ input, output, lines, results: opened.results, options, context, calls }),
  );
}

interface BatchRun {
  readonly input: string;
  readonly output: string;
  readonly lines: number;
  readonly results: BatchResults;
  readonly options: BatchOptions;
  readonly context: CliContext;
  readonly calls: Client<typeof GatewayService>;
}

async function run({ input, output, lines, results, options, context, calls }: BatchRun): Promise<ExitCode> {
  const startedAt = performance.now();
  const outcomes = new Map<string, number>();
  const count = (status: string): void => void outcomes.set(status, (outcomes.get(status) ?? 0) + 1);
  for (const { status } of results.done.values()) count(status);
  const sums = { doneNow: 0, costNanos: 0n, inputTokens: 0, outputTokens: 0 };
  let foreign: number | undefined;
  let gone: ConnectError | undefined;

  const stop = new AbortController();
  const cancel = new AbortController();
  const off = context.onSignal(["SIGINT", "SIGTERM"], () => {
    if (stop.signal.aborted) return cancel.abort();
    context.stderr.line("stopping: calls under way come to their end; once more cancels them");
    stop.abort();
  });

  const progress = (): BatchProgress => ({
    lines,
    done: results.done.size + sums.doneNow,
    doneNow: sums.doneNow,
    failed: [...outcomes].reduce((sum, [status, n]) => (status === "OK" ? sum : sum + n), 0),
    costNanos: sums.costNanos,
    elapsedMs: performance.now() - startedAt,
  });
  const show = (): void => {
    if (context.stderr.terminal) context.stderr.status(formatProgress(progress()));
    else context.stderr.line(formatProgress(progress()));
  };
  const ticker = setInterval(show, context.stderr.terminal ? 250 : reportMs);

  const finish = (
    line: number,
    digest: string,
    status: string,
    more: Readonly<Record<string, unknown>>,
  ): void => {
    results.append({ line, digest, status, ...more });
    sums.doneNow += 1;
    count(status);
  };

  const work = async ({ line, text }: InputLine): Promise<void> => {
    const digest = lineDigest(text);
    const read = readBatchLine(text, options);
    if (read.kind === "invalid")
      return finish(line, digest, invalidLine, { message: `line ${line} ${read.why}` });
    const { id } = read;
    try {
      const response = await sendPatiently(calls, read.request, cancel.signal);
      sums.costNanos += response.route?.totalCost?.nanosUsd ?? 0n;
      sums.inputTokens += response.usage?.inputTokens ?? 0;
      sums.outputTokens += response.usage?.outputTokens ?? 0;
      finish(line, digest, "OK", { id, response: toJson(ChatResponseSchema, response) });
    } catch (cause) {
      const error = ConnectError.from(cause);
      // Cancelled by us: it has no result, and the next run sends it.
      if (cancel.signal.aborted) return;
      if (error.findDetails(ErrorInfoSchema).length === 0) {
        // No gateway said that: the line was not refused, nobody was there to take it.
        gone ??= error;
        stop.abort();
        return;
      }
      finish(line, digest, codeName(error.code), { id, ...errorOf(error) });
    }
  };

  async function* pending(): AsyncGenerator<InputLine> {
    for await (const one of inputLines(input)) {
      const known = results.done.get(one.line);
      if (known !== undefined && known.digest !== lineDigest(one.text)) {
        foreign = one.line;
        return;
      }
      if (known === undefined) yield one;
    }
  }

  try {
    await paced(pending(), options, stop.signal, work);
  } finally {
    clearInterval(ticker);
    off();
    results.close();
    context.stderr.status("");
  }
  if (gone !== undefined) throw gone;
  if (foreign !== undefined) {
    context.stderr.line(
      `error: ${output} holds the result of another line ${foreign}: the input has changed; name another file with --out`,
    );
    return 1;
  }
  const summary: BatchSummary = { ...progress(), ...sums, output, outcomes: Object.fromEntries(outcomes) };
  context.stdout.line(options.json === true ? JSON.stringify(jsonOf(summary)) : formatBatchSummary(summary));
  return summary.done === lines && summary.failed === 0 ? 0 : 1;
}

function errorOf(error: ConnectError): {
  reason: string | undefined;
  message: string;
  traceId: string | undefined;
} {
  return {
    reason: error.findDetails(ErrorInfoSchema)[0]?.reason,
    message: error.rawMessage,
    traceId: error.metadata.get("x-trace-id") ?? undefined,
  };
}

function jsonOf(summary: BatchSummary): JsonValue {
  const { costNanos, outcomes, ...rest } = summary;
  return { ...rest, outcomes: { ...outcomes }, costNanosUsd: costNanos.toString() };
}

interface InputLine {
  /** From 1, empty lines counted. */
  readonly line: number;
  readonly text: string;
}

/** Empty lines are passed over. */
async function* inputLines(path: string): AsyncGenerator<InputLine> {
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    line += 1;
    if (text.trim() !== "") yield { line, text };
  }
}

async function countLines(path: string, context: CliContext): Promise<number | undefined> {
  let count = 0;
  try {
    for await (const { line } of inputLines(path)) count += line > 0 ? 1 : 0;
    return count;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const why =
      code === "ENOENT"
        ? "does not exist"
        : code === "EISDIR"
          ? "is a directory"
          : `cannot be read (${code})`;
    context.stderr.line(`error: ${path} ${why}`);
    return undefined;
  }
}
