import type { Config, ConfigProblem, KeyConfig, UpstreamConfig } from "../config/config.ts";
import { listenerNames } from "../config/listeners.ts";
import { loadConfig } from "../config/load-config.ts";
import { checkListener } from "./check-listener.ts";
import { checkUpstream } from "./check-upstream.ts";
import type { CliContext, ExitCode } from "./cli-context.ts";
import type { Finding } from "./finding.ts";
import { formatFindings } from "./finding.ts";
import { configEnv } from "./read-config.ts";

export interface DoctorOptions {
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `switchyard doctor`: Node, config, keys, upstreams and ports; fails where any of them does. */
export async function runDoctor(options: DoctorOptions, context: CliContext): Promise<ExitCode> {
  const findings = await examine(options, context);
  const failed = findings.some(({ outcome }) => outcome === "failed");
  context.stdout.line(
    options.json === true
      ? JSON.stringify({ ok: !failed, findings }, undefined, 2)
      : formatFindings(findings),
  );
  return failed ? 1 : 0;
}

async function examine(options: DoctorOptions, context: CliContext): Promise<readonly Finding[]> {
  // bin/switchyard.js has refused an older one.
  const node: Finding = { check: "node", outcome: "ok", subject: process.version, detail: "is new enough" };
  const { fileName, path, result } = loadConfig({
    env: configEnv(context, options.config),
    cwd: context.cwd,
  });
  if (result.kind === "invalid") {
    return [node, ...result.problems.map((problem) => problemFinding(fileName, problem))];
  }
  const { config } = result;
  const asked = [...config.upstreams.values()].filter(({ baseUrl }) => baseUrl !== undefined);
  return [
    node,
    { check: "config", outcome: "ok", subject: fileName, detail: `${path}, revision ${config.revision}` },
    ...config.warnings.map((detail): Finding => ({
      check: "config",
      outcome: "note",
      subject: fileName,
      detail,
    })),
    ...keyFindings(config, asked),
    ...(await Promise.all(asked.map((upstream) => checkUpstream(config, upstream)))),
    ...(await Promise.all(
      listenerNames.map((name) => checkListener(name, config.listen[name], config.operator.token)),
    )),
  ];
}

function problemFinding(fileName: string, { path, line, message }: ConfigProblem): Finding {
  const subject = line === undefined ? fileName : `${fileName}:${line}`;
  return {
    check: "config",
    outcome: "failed",
    subject,
    detail: path === "" ? message : `${path}: ${message}`,
  };
}

function keyFindings(config: Config, upstreams: readonly UpstreamConfig[]): readonly Finding[] {
  if (config.simulator.serves) {
    return [
      {
        check: "key",
        outcome: "note",
        subject: "simulator",
        detail: "the built-in simulator serves every model: no upstream is asked",
        ...(config.simulator.enabled === true
          ? {}
          : { advice: "for answers of real models set one of the variables named above" }),
      },
    ];
  }
  return upstreams.flatMap(({ name, keys }) => keys.map((key) => keyFinding(name, key)));
}

/** The one place that shows any of a key's characters. A key is at least 20 long: the config refuses others. */
function keyFinding(upstream: string, { id, source, secret }: KeyConfig): Finding {
  const shown = `${secret.reveal().slice(0, 8)}***`;
  const from = source.kind === "env" ? source.name : source.kind === "file" ? source.path : source.kind;
  return { check: "key", outcome: "ok", subject: `${upstream}/${id}`, detail: `${shown} from ${from}` };
}
