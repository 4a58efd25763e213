import { startAttemptSpan } from "../../src/telemetry/attempt-span.ts";
import { startRouteSpan } from "../../src/telemetry/route-span.ts";
import { startServerSpan } from "../../src/telemetry/server-span.ts";
import type { SpanSource } from "../../src/telemetry/span-source.ts";
import {
  failedResult,
  sampleAttempt,
  sampleCall,
  sampleResult,
  sampleRoute,
  sampleSummary,
} from "./span-samples.ts";

/** The spans of one call that a second model saves. Returns its trace id. */
export function tracedCall(source: SpanSource, headers: Readonly<Record<string, string>> = {}): string {
  const server = startServerSpan(source, sampleCall(headers, { caller: "team-a" }));
  server.run(() => {
    const route = startRouteSpan(source, sampleRoute());
    startAttemptSpan(route, sampleAttempt()).end(failedResult());
    startAttemptSpan(
      route,
      sampleAttempt({
        number: 2,
        reason: "fallback",
        cause: "rate_limited",
        model: "deepseek/deepseek-chat-v3-2",
        provider: "deepseek",
      }),
    ).end(sampleResult());
    route.end(
      sampleSummary({
        outcome: "fallback",
        reason: "fallback",
        servedModel: "deepseek/deepseek-chat-v3-2",
        attempts: 2,
        fallbackDepth: 1,
      }),
    );
  });
  server.end("OK");
  return server.traceId;
}
