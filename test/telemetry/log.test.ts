import { context, trace } from "@opentelemetry/api";
import { describe, expect, it } from "vitest";
import { createLog } from "../../src/telemetry/log.ts";
import { recordTelemetry } from "../support/recorded-telemetry.ts";

function capture(level: string): { readonly log: ReturnType<typeof createLog>; readonly text: () => string } {
  let text = "";
  const log = createLog(level, {
    write: (line) => {
      text += line;
    },
  });
  return { log, text: () => text };
}

describe("createLog()", () => {
  it("writes one JSON object a line, level in words", () => {
    const { log, text } = capture("info");
    log.info({ event: "listening", address: "127.0.0.1:8080" }, "listening");
    log.warn({ event: "b" }, "two\nlines");
    const lines = text()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { level: "info", event: "listening", address: "127.0.0.1:8080", msg: "listening" },
      { level: "warn", event: "b", msg: "two\nlines" },
    ]);
    expect(lines[0]).not.toHaveProperty("trace_id");
  });

  it("keeps to its level, and takes an unknown one as info", () => {
    const quiet = capture("error");
    quiet.log.warn({}, "w");
    quiet.log.error({}, "e");
    expect(quiet.text().trimEnd().split("\n")).toHaveLength(1);
    const silent = capture("silent");
    silent.log.error({}, "e");
    expect(silent.text()).toBe("");
    const odd = capture("loud");
    odd.log.debug({}, "d");
    odd.log.info({}, "i");
    expect(odd.text().trimEnd().split("\n")).toHaveLength(1);
  });

  it("hides what is called like a credential, at any depth", () => {
    const { log, text } = capture("info");
    const secret = "0123456789abcdefghij";
    log.info(
      {
        apiKey: secret,
        Authorization: secret,
        headers: { authorization: secret, "X-Api-Key": secret, cookie: secret },
        calls: [{ request: { headers: { "set-cookie": secret } } }],
        parsed: JSON.parse(`{"__proto__":{"token":"${secret}"}}`) as unknown,
      },
      "m",
    );
    expect(text()).not.toContain(secret);
    expect(text()).toContain("***");
  });

  it("hides what looks like a credential, wherever it stands", () => {
    const { log, text } = capture("info");
    const secret = "sk-live-0123456789abcdefghij";
    log.info({ note: `Bearer ${secret}`, list: [secret] }, `refused ${secret}`);
    log.error({ err: Object.assign(new Error(`with ${secret}`), { headers: { x: secret } }) }, "failed");
    log.error({ error: new Error("outer", { cause: new Error(secret) }) }, "failed");
    expect(text()).not.toContain("0123456789");
  });

  it("writes an error with its stack and without its other properties", () => {
    const { log, text } = capture("info");
    log.error({ err: Object.assign(new TypeError("boom"), { body: "a prompt" }) }, "failed");
    expect(JSON.parse(text())).toMatchObject({ err: { type: "TypeError", message: "boom" } });
    expect(text()).toContain("log.test.ts");
    expect(text()).not.toContain("a prompt");
  });

  it("writes whatever it is given", () => {
    const { log, text } = capture("info");
    const circle: Record<string, unknown> = { nanos: 10n ** 20n, date: new Date(0), none: undefined };
    circle["self"] = circle;
    log.info({ circle }, "m");
    expect(JSON.parse(text())).toMatchObject({
      circle: { nanos: "100000000000000000000", date: "1970-01-01T00:00:00.000Z" },
    });
  });

  it("carries the ids of the active span", async () => {
    const telemetry = recordTelemetry();
    const span = telemetry.source.tracer.startSpan("s");
    await context.with(trace.setSpan(context.active(), span), async () => {
      await Promise.resolve();
      telemetry.source.log.info({}, "inside");
    });
    span.end();
    const { traceId, spanId } = telemetry.span("s").spanContext();
    expect(telemetry.lines()).toMatchObject([{ trace_id: traceId, span_id: spanId, trace_flags: "01" }]);
    await telemetry.close();
  });
});
