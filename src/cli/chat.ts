import type { MessageInitShape } from "@bufbuild/protobuf";
import { toJsonString } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import type { ChatRequestSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { ChatResponseSchema, GatewayService } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { RouteDetail } from "../../gen/switchyard/v1/routing_pb.ts";
import { answerText } from "./answer-text.ts";
import { formatChatSummary } from "./chat-summary.ts";
import type { CliContext, ExitCode } from "./cli-context.ts";
import type { CallOptions } from "./connect-gateway.ts";
import { withGateway } from "./connect-gateway.ts";
import { userText } from "./prompt.ts";
import { printStreamJson, printStreamText } from "./print-stream.ts";
import type { TargetOptions } from "./target.ts";
import { toTarget } from "./target.ts";

export interface ChatOptions extends CallOptions, TargetOptions {
  readonly stream?: boolean | undefined;
}

type Calls = Client<typeof GatewayService>;
type Request = Pick<MessageInitShape<typeof ChatRequestSchema>, "target" | "input" | "routing">;

const truncated = "error: the stream ended before the answer was whole: do not use it; send it again";

/** `switchyard chat`: one chat over gRPC. The words `-` alone stand for standard input. */
export async function runChat(
  words: readonly string[],
  options: ChatOptions,
  context: CliContext,
): Promise<ExitCode> {
  const text = words.length === 1 && words[0] === "-" ? await context.readStdin() : words.join(" ");
  if (text.trim() === "") {
    context.stderr.line("error: there is no text to send");
    return 2;
  }
  const request: Request = {
    ...toTarget(options),
    input: userText(text),
    routing: { routeDetail: RouteDetail.FULL },
  };
  return withGateway(GatewayService, "public", options, context, async (calls) => {
    const abort = new AbortController();
    const off = context.onSignal(["SIGINT", "SIGTERM"], () => abort.abort());
    try {
      const send = options.stream === true ? sendStream : sendUnary;
      return await send(calls, request, options, context, abort.signal);
    } finally {
      off();
    }
  });
}

async function sendUnary(
  calls: Calls,
  request: Request,
  { json }: ChatOptions,
  { stdout }: CliContext,
  signal: AbortSignal,
): Promise<ExitCode> {
  const response = await calls.chat(request, { signal });
  if (json === true) {
    stdout.line(toJsonString(ChatResponseSchema, response, { prettySpaces: 2 }));
    return 0;
  }
  const { route, usage, cost, choices } = response;
  choices.forEach(({ message, index }) => {
    stdout.line(`${choices.length > 1 ? `[choice ${index}] ` : ""}${answerText(message).trim()}`);
  });
  const simulated = await isSimulated(calls, route?.model, signal);
  const finishReasons = choices.map(({ finishReason }) => finishReason);
  stdout.line(`\n${formatChatSummary({ route, usage, cost, finishReasons, simulated })}`);
  return 0;
}

async function sendStream(
  calls: Calls,
  request: Request,
  { json }: ChatOptions,
  context: CliContext,
  signal: AbortSignal,
): Promise<ExitCode> {
  const events = calls.chatStream(request, { signal });
  if (json === true) {
    if (await printStreamJson(events, context)) return 0;
    context.stderr.line(truncated);
    return 1;
  }
  const finished = await printStreamText(events, context);
  if (finished === undefined) {
    context.stderr.line(truncated);
    return 1;
  }
  const { route, usage, cost, choices } = finished;
  const simulated = await isSimulated(calls, route?.model, signal);
  const finishReasons = choices.map(({ finishReason }) => finishReason);
  context.stdout.line(`\n${formatChatSummary({ route, usage, cost, finishReasons, simulated })}`);
  return 0;
}

/** The answer is already printed: not knowing this must not fail the command. */
async function isSimulated(calls: Calls, model: string | undefined, signal: AbortSignal): Promise<boolean> {
  try {
    const { models } = await calls.listModels({}, { signal });
    return models.some(({ id, simulated }) => id === model && simulated);
  } catch {
    return false;
  }
}
