import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { WireName } from "../load/wire.ts";
import type { Setting } from "../scenarios/setting.ts";
import { type SideProcess, startSideProcess } from "../side-process.ts";
import { freePort, isAnswering } from "../surroundings.ts";
import { separatePath } from "./gateway-config.ts";
import { installBifrost, installLiteLlm, installPortkey, type PeerInstall } from "./peer-install.ts";
import type { Side } from "./side.ts";

/** What the bench asks of others: the model's name is that of the upstream, in our config and in theirs. */
export type PeerModel = "unary" | "burst" | "separate";

/** Another gateway, with its logging as it ships. */
export interface Peer extends SideProcess {
  readonly name: string;
  readonly side: (wire: Extract<WireName, "openai" | "openai-stream">, model: PeerModel) => Side;
}

export interface Peers {
  readonly running: readonly Peer[];
  /** Which are not here, and why. */
  readonly left: readonly string[];
}

/** Installs what can be had and starts it. @param wanted names; empty: none */
export async function startPeers(setting: Setting, wanted: readonly string[]): Promise<Peers> {
  const running: Peer[] = [];
  const left: string[] = [];
  for (const { name, install, start } of known) {
    if (!wanted.includes(name)) continue;
    setting.tell(`installs and starts ${name}`);
    const installed = await install();
    if (installed.kind === "missing") {
      left.push(`${name} ${installed.why}`);
      continue;
    }
    try {
      running.push(await start(setting, installed.command, `${name} ${installed.version}`));
    } catch (error) {
      left.push(`${name} ${installed.version} did not start: ${error instanceof Error ? error.message : ""}`);
    }
  }
  return { running, left };
}

interface KnownPeer {
  readonly name: string;
  readonly install: () => Promise<PeerInstall>;
  readonly start: (setting: Setting, command: readonly string[], label: string) => Promise<Peer>;
}

const known: readonly KnownPeer[] = [
  { name: "portkey", install: installPortkey, start: startPortkey },
  { name: "litellm", install: installLiteLlm, start: startLiteLlm },
  // Never seen running: no release of it could be fetched where this was written.
  {
    name: "bifrost",
    install: installBifrost,
    start: () => Promise.reject(new Error("how it is configured is not known yet")),
  },
];

async function startPortkey(setting: Setting, command: readonly string[], label: string): Promise<Peer> {
  const { upstreams, cores, folder } = setting;
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const running = await startSideProcess({
    name: "portkey",
    command: [...command, `--port=${port}`, "--headless"],
    core: cores?.subject,
    folder,
    cwd: folder,
    env: { NODE_ENV: "production" },
    isReady: () => isAnswering(origin),
  });
  return {
    ...running,
    name: label,
    side: (wire, model) => {
      const headers = {
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": `${baseOf(upstreams, model)}/v1`,
      };
      return { label, pid: running.pid, target: { origin, http: 1, wire, model, headers } };
    },
  };
}

async function startLiteLlm(setting: Setting, command: readonly string[], label: string): Promise<Peer> {
  const { upstreams, cores, folder } = setting;
  const config = join(folder, "litellm.yaml");
  const models: readonly PeerModel[] = ["unary", "burst", "separate"];
  const list = models.map(
    (model) =>
      `  - { model_name: ${model}, litellm_params: ` +
      `{ model: openai/${model}, api_base: "${baseOf(upstreams, model)}/v1", api_key: bench-key } }`,
  );
  writeFileSync(config, ["model_list:", ...list, ""].join("\n"));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  // It does not start without one.
  const masterKey = "sk-bench-7f3a9c51e0d2b84466aa";
  const running = await startSideProcess({
    name: "litellm",
    command: [...command, "--config", config, "--host", "127.0.0.1", "--port", `${port}`],
    core: cores?.subject,
    folder,
    cwd: folder,
    // With the prices that it would otherwise fetch from elsewhere as it starts.
    env: { LITELLM_LOCAL_MODEL_COST_MAP: "True", LITELLM_MASTER_KEY: masterKey },
    isReady: () => isAnswering(`${origin}/health/liveliness`),
    readyWithinMs: 90_000,
  });
  return {
    ...running,
    name: label,
    side: (wire, model) => ({
      label,
      pid: running.pid,
      target: { origin, http: 1, wire, model, headers: { authorization: `Bearer ${masterKey}` } },
    }),
  };
}

function baseOf({ fixed, paced }: Setting["upstreams"], model: PeerModel): string {
  return model === "separate" ? `${paced}${separatePath}` : `${fixed}/${model}`;
}
