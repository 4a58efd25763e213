import type { FaultRow } from "./fault-rows.ts";

/** The page for people, made from the rows that the scenarios are checked against. */
export function faultTable(rows: readonly FaultRow[]): string {
  const lines = rows.map((row) => {
    const cells = [row.fault, row.kinds.join(", "), caller(row), cost(row), breaker(row)];
    return `| ${cells.join(" | ")} |`;
  });
  return `# What follows from each fault of an upstream

Made from \`test/scenarios/fault-rows.ts\`, which \`test/scenarios/faults.test.ts\` plays over real sockets on both
public listeners. The call names a model whose fallback is one other model; nothing is hedged. Every row holds for
the answer that the caller gets, the requests that the upstream sees, the breaker, the key and the trace.

| An upstream that … | call | the caller sees | it costs | breaker and key |
|---|---|---|---|---|
${lines.join("\n")}
`;
}

function caller({ sees }: FaultRow): string {
  if (sees.kind === "answer") return sees.from === "spare" ? "an answer of the fallback" : "the answer";
  return `${sees.code}, ${sees.reason}${sees.text === undefined ? "" : ", after what had come"}`;
}

function cost({ attempts, mainRequests, leaves, sees }: FaultRow): string {
  const requests = mainRequests === 1 ? "one request" : "no request";
  const words = [
    `${attempts.length === 1 ? "one attempt" : `${attempts.length} attempts`}, ${requests} there`,
  ];
  if (leaves === true) words.push("ended by us");
  if (sees.kind === "error" && sees.code === "ABORTED") {
    words.push((sees.estimated ?? true) ? "what came paid by our count" : "what came paid by its word");
  }
  return words.join(", ");
}

function breaker({ breaker: change, key }: FaultRow): string {
  const words = { failure: "a failure", none: "not touched", open: "open for five minutes" }[change];
  return key === undefined ? words : `${words}; key ${key === "cooling" ? "rests" : "in quarantine"}`;
}
