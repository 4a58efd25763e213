import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners } from "node:events";
import { createFleet } from "../../../src/attempt/fleet.ts";
import { createCallRunner } from "../../../src/attempt/call-runner.ts";
import type { CallEnding, PlannedCall } from "../../../src/attempt/planned-call.ts";
import { createTrail } from "../../../src/attempt/trail.ts";
import { planRoute } from "../../../src/routing/plan-route.ts";
import type { Failure } from "../../../src/routing/failure.ts";
import type { SkipReason } from "../../../src/routing/skip-reason.ts";
import { digestOf, randomFor } from "../../../src/simulator/seeded-random.ts";
import { countInputTokens } from "../../../src/upstream/estimate-tokens.ts";
import type { LeasedKey } from "../../../src/upstream/key-pool.ts";
import { createManualClock, type ManualClock } from "../manual-clock.ts";
import { sampleFacts } from "../routing-samples.ts";
import { sampleInput } from "../runner-world.ts";
import { createScriptedUpstream } from "../scripted-upstream.ts";
import { createBreakerRecorder, type BreakerRecorder } from "./recorded-breaker.ts";
import { recordFleet } from "./recorded-fleet.ts";
import { createRecordedKeys } from "./recorded-keys.ts";
import { startRecordedRoute } from "./recorded-route.ts";
import { recordUpstream } from "./recorded-upstream.ts";
import { overAt } from "./run-record.ts";
import type {
  CallRecord,
  CallStatus,
  LeaseRecord,
  Moment,
  RequestRecord,
  RunRecord,
  VisitRecord,
} from "./run-record.ts";
import { type Behaviour, healthy, replyTo } from "./upstream-behaviour.ts";
import { upstreamNames, worldCatalogWith } from "./world-catalog.ts";
import { type Command, plainSend, type Send } from "./world-command.ts";
import { shippedSettings, type WorldSettings } from "./world-settings.ts";

/** The real runner, fleet, breakers, limiters, budgets and key pools over scripted upstreams on a manual clock. */
export interface World {
  readonly clock: ManualClock;
  readonly run: (command: Command) => Promise<void>;
  /** What has been written down so far. */
  readonly record: RunRecord;
  /** Sends one call and leaves it running. */
  readonly send: (send?: Partial<Send>) => CallRecord | undefined;
  readonly behave: (upstream: string, behaviour: Behaviour) => void;
  /** Lets every call come to its end, closes the fleet and counts what is still held. */
  readonly finish: () => Promise<RunRecord>;
}

/** A call under way. */
interface Running {
  readonly record: CallRecord;
  readonly done: Promise<void>;
  readonly end: (why: CallEnding) => void;
  readonly cancel: () => void;
}

const drainGraceMs = 20_000;
/** A stream of ten minutes whose caller reads an event in forty seconds. */
const longestCallMs = 2_000_000;
const firstTokenMs = 20_000;

export function createWorld(some: Partial<WorldSettings> = {}): World {
  const settings = { ...shippedSettings, ...some };
  const clock = createManualClock();
  const { now, setTimer } = clock;
  const catalog = worldCatalogWith(settings.share);
  let share = settings.share;
  const random = randomFor(digestOf(settings.seed, "world"), "chance");
  const scope = new AsyncLocalStorage<CallRecord>();
  const draining = new AbortController();
  const running = new Set<Running>();
  let order = 0;
  const moment = (): Moment => ({ at: now(), order: order++ });
  const currentCall = (): CallRecord => scope.getStore()!;

  const calls: CallRecord[] = [];
  const visits: VisitRecord[] = [];
  const requests: RequestRecord[] = [];
  const leases: LeaseRecord[] = [];
  const secrets = new WeakMap<LeasedKey, string>();
  const shares: { basisPoints: number; when: Moment }[] = [];
  const replacements: { upstream: string; when: Moment }[] = [];
  const looks: RunRecord["looks"][number][] = [];
  const signals: AbortSignal[] = [draining.signal];
  let drained: Moment | undefined;
  let leftOver = { timers: 0, listeners: 0, inFlight: 0, keysInFlight: 0, callsRunning: 0 };

  const behaviours = new Map<string, Behaviour>(
    upstreamNames.map((name, index) => [name, settings.behaviours[index] ?? healthy]),
  );
  const seen = new Map<string, number>();
  const refusals = new Map<
    string,
    { readonly failure: Failure["kind"]; readonly retryAfterMs: number | undefined }
  >();

  const keys = new Map(
    upstreamNames.map((upstream) => [
      upstream as string,
      createRecordedKeys({ upstream, count: settings.keys, now, random, moment, leases, secrets }),
    ]),
  );
  const upstreams = new Map(
    upstreamNames.map((name) => {
      const upstream = createScriptedUpstream({
        name,
        clock,
        keys: keys.get(name)!.pool,
        requests: [],
        script: ({ stream }) => {
          const nth = seen.get(name) ?? 0;
          seen.set(name, nth + 1);
          const { number, call, secret } = requests.at(-1)!;
          const refusal = refusals.get(`${name} ${secret}`);
          if (refusal !== undefined) {
            const { failure, retryAfterMs } = refusal;
            return { kind: "fail", failure, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
          }
          return replyTo(behaviours.get(name)!, stream, nth, `${call.number}.${number}`);
        },
      });
      return [name as string, recordUpstream(upstream, catalog, moment, currentCall, requests, secrets)];
    }),
  );

  const recorders = new Map<string, BreakerRecorder>();
  const recorderOf = (name: string): BreakerRecorder => {
    const recorder = recorders.get(name) ?? createBreakerRecorder(name, moment);
    recorders.set(name, recorder);
    return recorder;
  };
  const fleet = createFleet({
    catalog,
    upstreams,
    config: settings,
    now,
    random: () => settings.chance,
    setTimer,
    onTransition: (from, to, name) => recorderOf(name).onTransition(from, to),
  });
  const breakers = [
    ...[...catalog.deployments.keys()].map((id) => fleet.breaker(id)!),
    ...upstreamNames.map((name) => fleet.upstreamBreaker(name)!),
  ];
  for (const breaker of breakers) recorderOf(breaker.name).watch(breaker);

  const recorded = recordFleet(fleet, moment, currentCall, visits);
  const runner = createCallRunner({
    catalog,
    fleet: recorded,
    config: settings,
    now,
    wallClock: () => 1_700_000_000_000 + now(),
    random,
    setTimer,
    draining: draining.signal,
    onAttempt: (entry, { account }) => calls[Number(account.caller)]!.entries.push(entry),
  });

  const skipped = (call: CallRecord, id: string, why: string): void => {
    const { deployment, inFlight, limit, heldUntil, breaker, upstreamBreaker } = fleet
      .snapshot()
      .find((each) => each.deployment.id === id)!;
    call.skips.push({
      when: moment(),
      deployment,
      why: why as SkipReason | "retry-budget",
      breakers: [breaker.state, upstreamBreaker.state],
      room: { limit, inFlight, heldUntil },
      keysBlocked: keys.get(deployment.upstream)!.pool.blocked(deployment.upstreamModel) !== undefined,
    });
  };

  const soonestMs = ({ plan }: PlannedCall): number => {
    const { rateLimited, unavailable, contextTooLong } = plan.fallbacks;
    const all = [...plan.candidates, ...rateLimited, ...unavailable, ...contextTooLong];
    return Math.min(
      ...all.map(({ deployment }) => Math.max(0, fleet.readiness(deployment.id).readyAt - now())),
    );
  };

  const plan = (
    send: Send,
  ): { readonly call: CallRecord; readonly controller: AbortController } | undefined => {
    const number = calls.length;
    const facts = sampleFacts({ requestId: `request-${number}`, ...send.facts });
    const planned = planRoute(worldCatalogWith(share), facts);
    if (planned.kind === "rejected") return undefined;
    const controller = new AbortController();
    const greatestMs = send.stream ? 600_000 : 120_000;
    const allowanceMs = Math.min(send.timeoutMs ?? Infinity, greatestMs);
    const begun = moment();
    const route = startRecordedRoute(now, send.stream, {
      skipped: ({ id }, why) => skipped(call, id, why),
      backoff: (ms, why) => call.waits.push({ when: moment(), ms, why, soonestMs: soonestMs(call.planned) }),
      ended: (summary) => call.summaries.push(summary),
    });
    const call: CallRecord = {
      number,
      facts,
      share,
      stream: send.stream,
      eager: send.reader.kind === "eager",
      begun,
      visits: [],
      requests: [],
      skips: [],
      waits: [],
      entries: [],
      events: [],
      statuses: [],
      ending: undefined,
      left: undefined,
      thrown: [],
      summaries: [],
      planned: {
        plan: planned.plan,
        input: sampleInput,
        inputTokens: countInputTokens(sampleInput).estimate,
        restart: send.restart,
        signal: controller.signal,
        ending: () => call.ending?.why,
        route,
        trail: createTrail(),
        account: { caller: `${number}`, labels: {} },
        limits: {
          deadline: begun.at + allowanceMs,
          deadlineFromCaller: send.timeoutMs !== undefined,
          allowanceMs,
          maxAttempts: Math.min(settings.retry.attempts, send.maxAttempts ?? Infinity),
          attemptMs: send.attemptMs,
          firstTokenMs: () => Math.min(firstTokenMs, send.firstTokenMs ?? Infinity),
          configuredFirstTokenMs: () => firstTokenMs,
          idleMs: 30_000,
          tokenIdleMs: 60_000,
          configuredTokenIdleMs: 60_000,
        },
      },
    };
    calls.push(call);
    signals.push(controller.signal);
    return { call, controller };
  };

  const start = (send: Send): CallRecord | undefined => {
    const begun = plan(send);
    if (begun === undefined) return undefined;
    const { call, controller } = begun;
    const end = (why: CallEnding): void => {
      if (call.ending !== undefined) return;
      call.ending = { when: moment(), why };
      controller.abort();
    };
    // The server tells a handler a little early, so that its answer is in time.
    const { allowanceMs } = call.planned.limits;
    const expiry = setTimer(() => end("deadline-exceeded"), allowanceMs - Math.min(20, allowanceMs * 0.025));
    const finish = (status: CallStatus): void => {
      call.statuses.push({ when: moment(), status });
    };
    const caller = scope.run(call, () =>
      send.stream ? readStream(call, send, finish) : readAnswer(call, finish),
    );
    const done = caller.done
      .catch((error: unknown) => {
        call.thrown.push(error);
      })
      .finally(() => {
        expiry.cancel();
        running.delete(entry);
      });
    const entry: Running = {
      record: call,
      end,
      cancel: () => {
        end("cancelled");
        caller.leave();
      },
      done,
    };
    running.add(entry);
    return call;
  };

  const readAnswer = (call: CallRecord, finish: (status: CallStatus) => void) => ({
    leave: (): void => {},
    done: runner.chat(call.planned).then((outcome) => {
      if (outcome.kind === "failed") return finish(outcome);
      const part = outcome.completion.choices[0]?.message?.parts[0]?.part;
      const text = part?.case === "text" ? part.value : "";
      return finish({ kind: "ok", served: outcome.served.attempt, text });
    }),
  });

  const readStream = (call: CallRecord, { reader }: Send, finish: (status: CallStatus) => void) => {
    const events = runner.chatStream(call.planned)[Symbol.asyncIterator]();
    let reading = false;
    const leave = async (): Promise<void> => {
      call.left ??= moment();
      await scope.run(call, () => events.return?.());
    };
    const read = async (): Promise<void> => {
      let text = "";
      for (let count = 0; ; count += 1) {
        if (reader.kind === "slow" && count > 0) await clock.sleep(reader.pauseMs);
        if (reader.kind === "leaves" && count === reader.afterEvents) await leave();
        if (call.left !== undefined) return;
        reading = true;
        const result = await events.next();
        reading = false;
        if (result.done === true) return;
        const event = result.value;
        call.events.push({ when: moment(), event });
        switch (event.kind) {
          case "started":
            break;
          case "deltas":
            for (const { delta } of event.deltas) if (delta.case === "text") text += delta.value;
            break;
          case "restarted":
            text = "";
            break;
          case "finished":
            finish({ kind: "ok", served: event.served.attempt, text });
            break;
          case "failed":
            finish(event);
        }
      }
    };
    return {
      done: read(),
      leave: (): void => {
        // Whoever waits for an event is told by the signal.
        if (!reading) void leave();
      },
    };
  };

  const drain = (): void => {
    if (drained !== undefined) return;
    drained = moment();
    draining.abort();
    // As the server does it to what is still under way.
    setTimer(() => {
      for (const each of running) each.end("draining");
    }, drainGraceMs);
  };

  const look = (): void => {
    const draining = drained !== undefined && now() < drained.at + drainGraceMs;
    const wanted = breakers.filter((breaker) => breaker.state() === "open").length + (draining ? 1 : 0);
    const idleTimers = running.size === 0 ? clock.pendingTimers() - wanted : 0;
    looks.push({ when: moment(), fleet: fleet.snapshot(), idleTimers });
  };

  const act = (command: Command): void => {
    switch (command.kind) {
      case "send":
        for (let count = 0; count < command.count; count += 1) start(command);
        return;
      case "cancel":
        return [...running].at(command.nth % Math.max(1, running.size))?.cancel();
      case "behave":
        behaviours.set(command.upstream, command.behaviour);
        return;
      case "key": {
        const { upstream, nth, refusal } = command;
        const key = `${upstream} ${keys.get(upstream)!.secretOf(nth % settings.keys)}`;
        if (refusal === undefined) refusals.delete(key);
        else refusals.set(key, refusal);
        return;
      }
      case "replace-key":
        replacements.push({ upstream: command.upstream, when: moment() });
        return keys.get(command.upstream)!.replace(command.nth % settings.keys);
      case "share":
        if (share === undefined) return;
        share = command.basisPoints;
        shares.push({ basisPoints: share, when: moment() });
        return;
      case "drain":
        return drain();
      case "breaker": {
        const breaker = breakers[command.nth % breakers.length]!;
        if (command.ms === "reset") breaker.reset();
        else breaker.trip(command.ms);
        return;
      }
      case "advance":
        return;
    }
  };

  const record: RunRecord = {
    settings,
    startedAt: now(),
    calls,
    visits,
    requests,
    leases,
    replacements,
    shares,
    breakers: new Map([...recorders].map(([name, recorder]) => [name, recorder.record])),
    looks,
    get drained() {
      return drained;
    },
    get leftOver() {
      return leftOver;
    },
  };

  return {
    clock,
    record,
    send: (send = {}) => start({ ...plainSend, ...send }),
    behave: (upstream, behaviour) => {
      behaviours.set(upstream, behaviour);
    },
    run: async (command) => {
      act(command);
      await clock.advance(command.kind === "advance" ? command.ms : 0);
      look();
    },
    finish: async () => {
      for (let passedMs = 0; passedMs < longestCallMs; passedMs += longestCallMs / 20) {
        await clock.advance(longestCallMs / 20);
        if (running.size === 0 && passedMs > drainGraceMs) break;
      }
      const callsRunning = running.size;
      for (const recorder of recorders.values()) recorder.look();
      look();
      fleet.close();
      const snapshot = fleet.snapshot();
      leftOver = {
        callsRunning,
        timers: clock.pendingTimers(),
        listeners: signals.reduce((sum, signal) => sum + getEventListeners(signal, "abort").length, 0),
        inFlight:
          snapshot.reduce((sum, { inFlight }) => sum + inFlight, 0) +
          requests.filter((request) => overAt(request) === undefined).length,
        keysInFlight: [...keys.values()].reduce((sum, pool) => sum + pool.inFlight(), 0),
      };
      return record;
    },
  };
}
