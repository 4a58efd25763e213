// Every class of fault of an upstream, over real sockets, on both public listeners: what the caller gets, what
// the upstream saw, what breaker and key became, and what a third-party backend shows of it.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UsageSource } from "../../gen/switchyard/v1/content_pb.ts";
import { BreakerState } from "../../gen/switchyard/v1/routing_pb.ts";
import { KeyState } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { startBlackHole } from "../support/black-hole.ts";
import { type FaultyUpstream, startFaultyUpstream } from "../support/faulty-upstream.ts";
import {
  type ListenerUnderTest,
  limitsOf,
  quickLimits,
  type Seen,
  startScenario,
  tracedAttempts,
  twoUpstreams,
} from "../support/scenario-world.ts";
import { startTraceBackend, type TraceBackend } from "../support/trace-backend.ts";
import { answers } from "../support/upstream-behaviours.ts";
import { type CallKind, type FaultRow, faultRows, type Main } from "./fault-rows.ts";
import { faultTable } from "./fault-table.ts";

let backend: TraceBackend;
let spare: FaultyUpstream;
beforeAll(async () => {
  backend = await startTraceBackend();
  spare = await startFaultyUpstream(() => answers({ texts: ["from", " the spare"], model: "acme/spare" }));
});
afterAll(async () => {
  await spare.close();
  await backend.close();
});

interface StartedMain {
  readonly baseUrl: string;
  readonly upstream: FaultyUpstream | undefined;
  readonly close: () => Promise<void>;
}

async function startMain(main: Main): Promise<StartedMain> {
  if (main.kind === "script") {
    const upstream = await startFaultyUpstream(main.script, main.options);
    return { baseUrl: upstream.baseUrl, upstream, close: upstream.close };
  }
  switch (main.address) {
    case "unknown-host":
      return { baseUrl: "https://no-such-host.invalid/v1", upstream: undefined, close: async () => {} };
    case "closed-port": {
      const gone = await startFaultyUpstream(() => answers());
      await gone.close();
      return { baseUrl: gone.baseUrl, upstream: undefined, close: async () => {} };
    }
    case "black-hole": {
      const hole = await startBlackHole();
      return { baseUrl: `http://127.0.0.1:${hole.port}/v1`, upstream: undefined, close: hole.close };
    }
    case "no-tls": {
      const silent = await startFaultyUpstream(() => answers(), { onConnection: () => "ignore" });
      return { baseUrl: `https://127.0.0.1:${silent.port}/v1`, upstream: undefined, close: silent.close };
    }
  }
}

let calls = 0;

async function play(row: FaultRow, kind: CallKind, listener: ListenerUnderTest): Promise<void> {
  const { baseUrl, upstream, close } = await startMain(row.main);
  const caller = `scenario-${(calls += 1)}`;
  const spareBefore = spare.requests.length;
  const limits = row.patient === true ? limitsOf({ firstTokenMs: 30_000, unaryMs: 60_000 }) : quickLimits;
  const both = twoUpstreams(baseUrl, spare.baseUrl, limits);
  const config = row.sameWindow === true ? both.replace("Tokens: 100000", "Tokens: 1000") : both;
  const world = await startScenario({ config, listener, backend });
  let seen: Seen;
  try {
    seen = await (kind === "unary" ? world.chat({ caller }) : world.chatStream({ caller }));
    checkCaller(row, kind, seen);

    if (upstream !== undefined) {
      expect(upstream.requests.map(({ path }) => path)).toEqual(
        Array(row.mainRequests).fill("/v1/chat/completions"),
      );
      if (row.leaves === true) await upstream.aborted(row.mainRequests - 1);
      else expect(upstream.aborts).toEqual([]);
    }
    expect(spare.requests.length - spareBefore).toBe(
      row.sees.kind === "answer" && row.sees.from === "spare" ? 1 : 0,
    );

    const { breakerState, failurePpm } = await world.health("acme/main@main");
    expect({ open: breakerState === BreakerState.OPEN, failed: failurePpm > 0 }).toMatchObject({
      open: row.breaker === "open",
      ...(row.breaker === "open" ? {} : { failed: row.breaker === "failure" }),
    });
    const { keys } = await world.operator.listKeys({});
    const states = { cooling: KeyState.COOLING, quarantined: KeyState.QUARANTINED };
    expect(keys.find(({ upstream }) => upstream === "main")?.state).toBe(
      row.key === undefined ? KeyState.USABLE : states[row.key],
    );
  } finally {
    await world.close();
    await close();
  }

  const { server, route, attempts } = await tracedAttempts(backend, caller);
  expect(attempts.map(({ attributes }) => attributes["error.type"] ?? "ok")).toEqual(row.attempts);
  expect(route.attributes["switchyard.route.outcome"]).toBe(row.outcome);
  if (row.sees.kind === "error" && row.sees.code === "ABORTED") {
    const source = (row.sees.estimated ?? true) ? "estimated" : "upstream";
    const { nanosUsd } = seen.route!.totalCost!;
    expect(attempts[0]!.attributes).toMatchObject({
      "switchyard.stream.interrupted": true,
      "switchyard.tokens.source": source,
      "switchyard.cost.source": source,
      "switchyard.cost.amount": Number(nanosUsd) / 1e9,
    });
  }
  expect(server.traceId).toBe(seen.traceId);
  expect(seen.route?.traceId).toBe(seen.traceId);
  const text = JSON.stringify([
    server,
    route,
    attempts,
    world.log,
    seen.message,
    seen.route?.attempts.map(({ error }) => error?.message),
  ]);
  expect(text).not.toContain("the upstream's own words");
  expect(text).not.toContain("test-key-");
}

function checkCaller(row: FaultRow, kind: CallKind, seen: Seen): void {
  const { sees } = row;
  if (sees.kind === "error") {
    expect(seen).toMatchObject({ code: sees.code, reason: sees.reason, text: sees.text ?? "" });
    expect(seen.metadata).toMatchObject({ model: "acme/main", attempts: String(row.attempts.length) });
    if (sees.code === "ABORTED") checkPaid(seen, sees.estimated ?? true);
    return;
  }
  const text = sees.from === "spare" ? "from the spare" : (sees.text ?? "Hello, world");
  expect(seen).toMatchObject({ code: "OK", text });
  expect(seen.route?.deployment).toBe(sees.from === "spare" ? "acme/spare@spare" : "acme/main@main");
  expect(seen.route?.attempts.map(({ number }) => number)).toEqual(row.attempts.map((_, index) => index + 1));
  if (kind === "stream") {
    expect(seen.events[0]).toBe("started");
    expect(seen.events.at(-1)).toBe("finished");
    expect(seen.events.filter((event) => event === "finished")).toHaveLength(1);
  }
  expect(seen.route?.totalCost?.estimated).toBe(sees.estimated ?? false);
}

/** What was delivered is paid, by the upstream's word or by our own count, and told. */
function checkPaid({ metadata, route, events }: Seen, estimated: boolean): void {
  expect(metadata["content_sent"]).toBe("true");
  expect(events).not.toContain("finished");
  const source = estimated ? UsageSource.ESTIMATED : UsageSource.UPSTREAM;
  const [{ usage, cost } = {}] = route!.attempts;
  expect(usage).toMatchObject(estimated ? { source } : { source, inputTokens: 1000, outputTokens: 500 });
  // A word is some tokens, not hundreds.
  expect(usage!.inputTokens).toBeGreaterThan(0);
  expect(usage!.outputTokens).toBeGreaterThan(0);
  if (estimated) expect(usage!.outputTokens).toBeLessThan(20);
  const nanosUsd = BigInt(usage!.inputTokens * 1000 + usage!.outputTokens * 2000);
  expect(cost).toMatchObject({ nanosUsd, estimated, unpriced: false });
  expect(route!.totalCost).toMatchObject({ nanosUsd, estimated, unpriced: false });
}

for (const listener of ["grpc", "connect"] as const) {
  describe(`on the ${listener} listener, an upstream that`, () => {
    for (const row of faultRows) {
      for (const kind of row.kinds) it(`${row.fault} (${kind})`, () => play(row, kind, listener));
    }
  });
}

it("has its table in docs/faults.md", async () => {
  await expect(faultTable(faultRows)).toMatchFileSnapshot("../../docs/faults.md");
});
