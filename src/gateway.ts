import { createAdmission } from "./admission/admission.ts";
import { createEventLoopDelay } from "./admission/event-loop-delay.ts";
import { openBudgets } from "./admission/open-budgets.ts";
import { createCallRunner } from "./attempt/call-runner.ts";
import { createFleet } from "./attempt/fleet.ts";
import { openCanary } from "./attempt/open-canary.ts";
import { type SetTimer, setProcessTimer } from "./attempt/timer.ts";
import { compileCatalog } from "./config/compile-catalog.ts";
import type { Config } from "./config/config.ts";
import type { Environment } from "./config/environment.ts";
import type { ListenerName } from "./config/listeners.ts";
import { loadConfig } from "./config/load-config.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { openLedger } from "./ledger/open-ledger.ts";
import type { Catalog } from "./routing/catalog.ts";
import { admitCalls } from "./rpc/admit-call.ts";
import { attemptRecord, unattemptedRecord } from "./rpc/attempt-record.ts";
import type { CallPolicy } from "./rpc/call-policy.ts";
import { createDecisionFeed } from "./rpc/decision-feed.ts";
import { createCallIds } from "./rpc/decision-id.ts";
import { createGatewayService } from "./rpc/gateway-service.ts";
import { metricsRoutes } from "./rpc/metrics-route.ts";
import { openListeners } from "./rpc/open-listeners.ts";
import { createOperatorService } from "./rpc/operator-service.ts";
import { createServingState } from "./rpc/serving-state.ts";
import { withInfrastructure } from "./rpc/infrastructure-services.ts";
import { createMessageValidator } from "./rpc/validate-message.ts";
import { type Simulator, startSimulator } from "./simulator/start-simulator.ts";
import { createBreakerEvents } from "./telemetry/breaker-events.ts";
import { createKeyEvents } from "./telemetry/key-events.ts";
import { createLedgerMetrics } from "./telemetry/ledger-metrics.ts";
import type { Log } from "./telemetry/log.ts";
import { startServerSpan } from "./telemetry/server-span.ts";
import type { SpanSource } from "./telemetry/span-source.ts";
import { startTelemetry } from "./telemetry/start-telemetry.ts";
import { createKeyRotation, type KeyDesk, type KeyRotation } from "./upstream/key-rotation.ts";
import { openUpstreams } from "./upstream/open-upstreams.ts";
import type { WorkerSeat } from "./workers/join-primary.ts";
import { shareAmongWorkers } from "./workers/sharing.ts";

export interface GatewayOptions {
  readonly config: Config;
  /** As the config was read from it; a reload reads it so again. */
  readonly env: Environment;
  /** Where its relative paths start; left out: where the process runs. */
  readonly cwd?: string;
  readonly log: Log;
  readonly version: string;
  /** Left out: the process's own. A scenario brings one that it moves. */
  readonly time?: GatewayTime;
  /** Left out: it is the only process of this gateway. Else its primary opens the ports, and tells of them. */
  readonly worker?: WorkerSeat;
}

/** The clocks and the timers that a gateway lives by. */
export interface GatewayTime {
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly setTimer: SetTimer;
}

/** A running gateway. */
export interface Gateway {
  /** `host:port` by listener; undefined for one that is off. */
  readonly addresses: Readonly<Record<ListenerName, string | undefined>>;
  /** Reads every key and the configuration again, and takes up the keys; whatever comes of it is logged. */
  readonly reload: () => Promise<void>;
  /** Leaves service without breaking a call within the configured grace, then ends everything. */
  readonly drain: () => Promise<void>;
  /** Ends everything at once. */
  readonly close: () => Promise<void>;
}

/** Decisions that an operator can look back on. */
const rememberedDecisions = 1000;

const processTime: GatewayTime = {
  now: () => performance.now(),
  wallClock: () => Date.now(),
  setTimer: setProcessTimer,
};

/** The gateway cannot start with what its config names. The message says what to do. */
export class StartRefused extends Error {
  override readonly name = "StartRefused";
}

/**
 * The composition root: puts the parts together and starts them, callers last. Rejects where a listener's address
 * cannot be had, and with {@link StartRefused}; then nothing is left running.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const started = new AsyncDisposableStack();
  try {
    return await assemble(options, started);
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

/** @param started what is to be ended, the last first */
async function assemble(options: GatewayOptions, started: AsyncDisposableStack): Promise<Gateway> {
  const { config, env, cwd = process.cwd(), log, version, time: clock = processTime, worker } = options;
  const chance = { ...clock, random: Math.random };
  const startedAt = worker?.startedAt ?? clock.wallClock();
  const sharing = shareAmongWorkers(worker, { ...chance, config });
  const announce = worker === undefined;
  if (announce) for (const warning of config.warnings) log.warn({ event: "config" }, warning);

  const telemetry = await startTelemetry({ env, version, log, worker: worker?.number });
  started.defer(telemetry.shutdown);
  const spans = telemetry.source;
  const ledger = await ledgerOf(config, cwd, spans, clock);
  started.defer(ledger.close);
  const simulator = await simulatorOf(config, log);
  if (simulator !== undefined) started.defer(simulator.close);

  const catalog = compileCatalog(config);
  const upstreams = openUpstreams(config, simulator?.baseUrl, clock.now, sharing.keys);
  for (const upstream of upstreams.values()) started.defer(upstream.close);
  const canary = await openCanary({
    ...chance,
    catalog,
    config,
    cwd,
    notes: ledger.notes,
    source: spans,
    onWord: sharing.onCanaryWord,
    fleet: () => fleet,
  });
  if (canary !== undefined) started.defer(canary.close);
  const { onTransition: tellTransition, observe } = createBreakerEvents(spans);
  const onTransition: typeof tellTransition = (from, to, name) => {
    tellTransition(from, to, name);
    canary?.onBreaker(from, to, name);
  };
  const fleet = createFleet({ ...chance, catalog, config, upstreams, onTransition });
  started.defer(fleet.close);
  started.defer(observe(fleet.breakers));

  const loopDelay = createEventLoopDelay(processTime.now);
  started.defer(loopDelay.close);
  const admission = createAdmission({ ...chance, ...config.limits, loopDelayMs: loopDelay.p99Ms });
  sharing.calls(admission.inFlight);
  const state = createServingState();
  const draining = new AbortController();
  state.onChange(() => {
    if (state.phase() !== "refusing") return;
    admission.setDraining();
    draining.abort();
  });

  const runner = createCallRunner({
    ...chance,
    catalog,
    fleet: sharing.fleetForCalls(fleet),
    config,
    draining: draining.signal,
    onAttempt: (entry, call) => {
      ledger.record(attemptRecord(entry, call, clock.wallClock()));
      canary?.onAttempt(entry);
    },
    onCallEnd: (call, end) => {
      canary?.onCallEnd(call, end);
      const record = unattemptedRecord(call, end, clock.wallClock());
      if (record !== undefined) ledger.record(record);
    },
  });

  const decisions = sharing.decisions(createDecisionFeed(rememberedDecisions));
  const { overheard, inFlightElsewhere } = sharing;
  const { spending } = ledger;
  const budgets = await openBudgets({ ...clock, ...config, log, spending, before: startedAt, overheard });
  const newCallId = createCallIds(clock.wallClock);
  const planning = canary?.catalog ?? ((): Catalog => catalog);
  const known = { ...chance, catalog, planning, canary, config, fleet, decisions, newCallId, clock, log };
  const forCallers = withInfrastructure(
    state,
    createGatewayService({
      ...known,
      runner,
      budgets: sharing.budgets(budgets),
      spans,
      state,
      version,
      startedAt,
      inFlightElsewhere,
    }),
  );
  const readKeys = (): KeyRotation =>
    createKeyRotation({
      config,
      env,
      cwd,
      upstreams,
      readConfig: (keyText) => loadConfig({ env, cwd, keyText }).result,
      setTimer: chance.setTimer,
      events: createKeyEvents(log),
    });
  const keys: KeyDesk = worker?.keys ?? started.adopt(readKeys(), ({ close }) => close());
  const forOperators = withInfrastructure(
    state,
    createOperatorService({
      ...known,
      fleet: sharing.fleetForOperators(fleet),
      ledger: sharing.reports(ledger),
      keys,
    }),
  );
  sharing.heed({
    upstreams,
    fleet,
    budgets,
    canary,
    decisions,
    flush: ledger.flush,
    metrics: telemetry.metricsText,
  });

  const validator = createMessageValidator();
  validator.warm([...forCallers, ...forOperators]);
  const startSpan: CallPolicy["startSpan"] = (call) => startServerSpan(spans, call);
  const policy = {
    ...config.timeouts,
    now: clock.now,
    startSpan,
    admit: admitCalls(admission),
    validator,
    state,
    log,
  };
  const listeners = await openListeners({
    config,
    forCallers,
    forOperators,
    policy,
    routes: metricsRoutes(sharing.metrics(telemetry.metricsText)),
    openPort: worker?.openPort,
    onOpen: (listener, address) => {
      if (announce) log.info({ event: "listening", listener, address }, `${listener} listens on ${address}`);
    },
  });
  started.defer(listeners.close);
  state.advance("serving");
  if (announce) log.info({ event: "ready", version, config: config.revision }, "ready");

  const close = (): Promise<void> => started.disposeAsync();
  return {
    addresses: listeners.addresses,
    reload: async () => void (await keys.reload("signal")),
    close,
    drain: async () => {
      await listeners.drain();
      await close();
    },
  };
}

async function ledgerOf(
  config: Config,
  cwd: string,
  source: SpanSource,
  clock: GatewayTime,
): Promise<Ledger> {
  const metrics = createLedgerMetrics(source);
  const opening = await openLedger({
    ...clock,
    config: config.ledger,
    cwd,
    log: source.log,
    metrics,
  });
  if (opening.kind === "refused") throw new StartRefused(opening.why);
  return opening.ledger;
}

async function simulatorOf(config: Config, log: Log): Promise<Simulator | undefined> {
  if (!config.simulator.serves) return undefined;
  const simulator = await startSimulator({ config: config.simulator, models: [...config.models.keys()] });
  // The config's own warning says what that means.
  const { baseUrl } = simulator;
  log.info({ event: "simulator", baseUrl }, `the simulator serves every model, at ${baseUrl}`);
  return simulator;
}
