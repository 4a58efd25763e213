import * as fc from "fast-check";
import type { FailureKind } from "../../../src/routing/failure.ts";
import { create } from "@bufbuild/protobuf";
import { type Usage, UsageSchema, UsageSource } from "../../../gen/switchyard/v1/content_pb.ts";
import type { ScriptedPart, ScriptedReply } from "../scripted-upstream.ts";

/** How an upstream treats its requests until it is told otherwise. */
export type Behaviour =
  | { readonly kind: "healthy"; readonly afterMs: number; readonly usage: "once" | "twice" | "never" }
  | {
      readonly kind: "fails";
      readonly afterMs: number;
      readonly failure: FailureKind;
      readonly retryAfterMs?: number | undefined;
    }
  | { readonly kind: "hangs" }
  /** Comes to an end that is none after some content. */
  | {
      readonly kind: "breaks";
      readonly afterMs: number;
      readonly texts: number;
      readonly how: FailureKind | "end" | "silence" | "heartbeats";
    }
  /** Whole, though its end is not as it should be. */
  | {
      readonly kind: "ends";
      readonly afterMs: number;
      readonly how: "no-done" | "no-finish" | "silence" | "cut" | "no-content";
    }
  /** A piece of content every so often. */
  | { readonly kind: "drips"; readonly everyMs: number; readonly texts: number }
  /** The one for `period` requests, then the other. */
  | {
      readonly kind: "flaps";
      readonly period: number;
      readonly one: Behaviour;
      readonly other: Behaviour;
    }
  /** What a test has in mind for each request. */
  | { readonly kind: "scripted"; readonly reply: (tag: string) => ScriptedReply };

export const healthy: Behaviour = { kind: "healthy", afterMs: 50, usage: "once" };

const pieces = 3;

/** @param nth how many requests the upstream has seen before @param tag told in each piece of text */
export function replyTo(behaviour: Behaviour, stream: boolean, nth: number, tag: string): ScriptedReply {
  if (behaviour.kind === "flaps") {
    const { one, other, period } = behaviour;
    return replyTo(Math.floor(nth / period) % 2 === 0 ? one : other, stream, nth, tag);
  }
  if (behaviour.kind === "scripted") return behaviour.reply(tag);
  return stream ? streamReply(behaviour, tag) : unaryReply(behaviour, tag);
}

type Simple = Exclude<Behaviour, { kind: "flaps" | "scripted" }>;

function unaryReply(behaviour: Simple, tag: string): ScriptedReply {
  switch (behaviour.kind) {
    case "healthy":
      return {
        kind: "answer",
        afterMs: behaviour.afterMs,
        text: textOf(tag, 0),
        usage: behaviour.usage === "never" ? undefined : usageOf(20),
      };
    case "fails":
      return failing(behaviour);
    case "hangs":
      return { kind: "hang" };
    case "breaks":
      return { kind: "fail", afterMs: behaviour.afterMs, failure: "bad-response" };
    case "ends":
      return { kind: "answer", afterMs: behaviour.afterMs, text: textOf(tag, 0), usage: usageOf(3) };
    case "drips":
      return { kind: "answer", afterMs: behaviour.everyMs * behaviour.texts, text: textOf(tag, 0) };
  }
}

function streamReply(behaviour: Simple, tag: string): ScriptedReply {
  const texts = (count: number, afterMs: number): readonly ScriptedPart[] =>
    Array.from({ length: count }, (_, index) => ({ text: textOf(tag, index), afterMs }));
  const finish: ScriptedPart = { finish: "stop" };
  const done: ScriptedPart = { done: true };
  switch (behaviour.kind) {
    case "healthy": {
      const { afterMs, usage } = behaviour;
      const reports = { never: [], once: [20], twice: [7, 20] }[usage];
      const told = reports.map((tokens): ScriptedPart => ({ usage: usageOf(tokens) }));
      return { kind: "stream", parts: [{ alive: true }, ...texts(pieces, afterMs), finish, ...told, done] };
    }
    case "fails":
      return failing(behaviour);
    case "hangs":
      return { kind: "hang" };
    case "breaks": {
      const { how, texts: count, afterMs } = behaviour;
      const beats = Array.from({ length: 100 }, (): ScriptedPart => ({ alive: true, afterMs: 7000 }));
      const end: readonly ScriptedPart[] =
        how === "end"
          ? []
          : how === "silence"
            ? [{ hang: true }]
            : how === "heartbeats"
              ? beats
              : [{ fail: how }];
      return { kind: "stream", parts: [{ alive: true }, ...texts(count, afterMs), ...end] };
    }
    case "ends": {
      const parts = texts(behaviour.how === "no-content" ? 0 : pieces, behaviour.afterMs);
      const end: Readonly<Record<typeof behaviour.how, readonly ScriptedPart[]>> = {
        "no-done": [finish],
        "no-finish": [done],
        silence: [finish, { hang: true }],
        cut: [finish, { fail: "connection-lost", afterMs: 5 }],
        "no-content": [finish, { usage: usageOf(1) }, done],
      };
      return { kind: "stream", parts: [...parts, ...end[behaviour.how]] };
    }
    case "drips":
      return { kind: "stream", parts: [...texts(behaviour.texts, behaviour.everyMs), finish, done] };
  }
}

function failing({ afterMs, failure, retryAfterMs }: Extract<Behaviour, { kind: "fails" }>): ScriptedReply {
  return { kind: "fail", afterMs, failure, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** Says which request it belongs to, and its place there. */
export function textOf(tag: string, index: number): string {
  return `${tag}:${index};`;
}

function usageOf(outputTokens: number): Usage {
  return create(UsageSchema, { inputTokens: 10, outputTokens, source: UsageSource.UPSTREAM });
}

/** Among them some that leave a short deadline with less than an attempt is worth. */
const momentsMs = fc.constantFrom(0, 0, 20, 270, 300, 900, 1750, 3000, 12_000);

/** What an upstream, a network or a limit of this machine can do to a request; what only we do is not among it. */
const failures: readonly FailureKind[] = [
  "server-error",
  "server-error",
  "overloaded",
  "overloaded",
  "unreachable",
  "unreachable",
  "connection-lost",
  "stale-connection",
  "bad-response",
  "conflict",
  "timeout",
  "rate-limited",
  "rate-limited",
  "quota-exhausted",
  "unauthorized",
  "forbidden",
  "invalid-request",
  "request-too-large",
  "context-too-long",
  "content-filtered",
  "model-missing",
  "redirected",
  "local",
];

const brokenBy = fc.constantFrom<FailureKind | "end" | "silence" | "heartbeats">(
  "end",
  "silence",
  "heartbeats",
  "connection-lost",
  "bad-response",
  "server-error",
  "rate-limited",
);

export const healthyArbitrary: fc.Arbitrary<Behaviour> = fc.record({
  kind: fc.constant("healthy"),
  afterMs: momentsMs,
  usage: fc.constantFrom("once" as const, "twice" as const, "never" as const),
});

export const failsArbitrary: fc.Arbitrary<Behaviour> = fc.record({
  kind: fc.constant("fails"),
  afterMs: momentsMs,
  failure: fc.constantFrom(...failures),
  retryAfterMs: fc.constantFrom(undefined, undefined, 0, 800, 2000, 5000, 30_000, 70_000, 400_000),
});

export const breaksArbitrary: fc.Arbitrary<Behaviour> = fc.record({
  kind: fc.constant("breaks"),
  afterMs: momentsMs,
  texts: fc.nat(2),
  how: brokenBy,
});

const simple: fc.Arbitrary<Behaviour> = fc.oneof(
  { weight: 4, arbitrary: healthyArbitrary },
  { weight: 6, arbitrary: failsArbitrary },
  { weight: 1, arbitrary: fc.constant<Behaviour>({ kind: "hangs" }) },
  {
    weight: 3,
    arbitrary: breaksArbitrary,
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("ends"),
      afterMs: momentsMs,
      how: fc.constantFrom("no-done", "no-finish", "silence", "cut", "no-content"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("drips"),
      everyMs: fc.constantFrom(500, 8000, 15_000),
      texts: fc.integer({ min: 1, max: 12 }),
    }),
  },
);

export const behaviourArbitrary: fc.Arbitrary<Behaviour> = fc.oneof(
  { weight: 6, arbitrary: simple },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("flaps"),
      period: fc.integer({ min: 1, max: 4 }),
      one: simple,
      other: simple,
    }),
  },
);
