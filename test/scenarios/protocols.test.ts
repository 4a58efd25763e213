// One gateway, called as each library and protocol does: the same answer, the same code and the same details.
import { describe, expect, it } from "vitest";
import { type CallOutcome, interopClients, type RpcClient, userMessage } from "../support/rpc-clients.ts";
import { runScenario } from "../support/running-scenario.ts";

const request = {
  target: { target: { case: "model" as const, value: "openai/gpt-4.1" } },
  input: userMessage("Say hello."),
};

/** Starts a gateway afresh for the client, so that no call meets the breakers and keys of another's. */
async function answerTo(
  client: number,
  fault: string | undefined,
  call: (client: RpcClient) => Promise<CallOutcome>,
): Promise<CallOutcome> {
  const faults = fault === undefined ? "" : `, faults: { "openai/gpt-4.1": ${fault} }`;
  const { gateway } = await runScenario({
    config: `
simulator: { firstTokenMs: 1, tokensPerSecond: 0${faults} }
drain: { delayMs: 0, graceMs: 1000 }
ledger: { off: true }
`,
    listener: "grpc",
  });
  const { connect = "", grpc = "" } = gateway.addresses;
  const clients = interopClients({ connect, grpc });
  try {
    return await call(clients[client]!);
  } finally {
    for (const each of clients) each.close();
  }
}

/** What must be alike. How many messages a stream takes is for the network to say. */
function gist({ code, message, details, answer }: CallOutcome) {
  const turns = answer.filter((event, at) => event !== answer[at - 1]);
  return { code, message, details, answer: turns };
}

const names = interopClients({ connect: "127.0.0.1:1", grpc: "127.0.0.1:1" }).map((client) => {
  client.close();
  return client.name;
});

describe.each([
  ["that nothing stops", undefined, 0],
  ["that a fallback answers", "rate-limited", 0],
  ["that an upstream's fault is passed over for", "server-error", 0],
  ["that nobody can answer", "quota-exhausted", 14],
] as const)("a call %s", (_, fault, code) => {
  for (const kind of ["chat", "chatStream"] as const) {
    it(`is the same over every protocol (${kind})`, { timeout: 60_000 }, async () => {
      const gists = new Map<string, ReturnType<typeof gist>>();
      for (const [at, name] of names.entries()) {
        gists.set(name, gist(await answerTo(at, fault, (client) => client[kind](request))));
      }
      const [first] = gists.values();
      expect(first!.code).toBe(code);
      expect(code === 0 ? first!.answer : first!.details).not.toEqual([]);
      expect(Object.fromEntries(gists)).toEqual(Object.fromEntries(names.map((name) => [name, first])));
    });
  }
});
