import type { Config } from "../config/config.ts";
import type { SharedKeys } from "./key-clients.ts";
import { createOpenAiUpstream, type OpenAiUpstream } from "./openai-upstream.ts";

/**
 * Every upstream of a configuration, by its name.
 * @param simulatorUrl of the one upstream whose address no file knows
 * @param now the monotonic clock, in milliseconds
 * @param shared by upstream; undefined: no other process uses the same keys
 */
export function openUpstreams(
  { upstreams, timeouts: { connectMs } }: Pick<Config, "upstreams" | "timeouts">,
  simulatorUrl: string | undefined,
  now: () => number,
  shared: (upstream: string) => SharedKeys | undefined = () => undefined,
): ReadonlyMap<string, OpenAiUpstream> {
  return new Map(
    [...upstreams].map(([name, upstream]): [string, OpenAiUpstream] => {
      const baseUrl = upstream.baseUrl ?? simulatorUrl;
      if (baseUrl === undefined) throw new Error(`upstream ${name} has no address`);
      return [name, createOpenAiUpstream({ ...upstream, baseUrl, connectMs, now, shared: shared(name) })];
    }),
  );
}
