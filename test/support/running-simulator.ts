import { OpenAI } from "openai";
import { onTestFinished } from "vitest";
import type { SimulatorConfig, SimulatorFault } from "../../src/config/config.ts";
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from "../../src/simulator/start-simulator.ts";

/** A model that answers, and one that thinks before. */
export const chatModel = "openai/gpt-4.1";
export const reasoningModel = "deepseek/deepseek-reasoner";

/** At once, without faults. */
export const quickConfig: SimulatorConfig = {
  enabled: true,
  serves: true,
  seed: 1,
  firstTokenMs: 0,
  tokensPerSecond: 0,
  faults: new Map(),
};

/** A simulator of this test, and ways to call it. */
export interface RunningSimulator extends Simulator {
  /** The official client over its own fetch; it does not retry. */
  readonly sdk: OpenAI;
  /** Any JSON, or any text, to the chat endpoint with a key. */
  readonly post: (body: unknown, init?: RequestInit) => Promise<Response>;
}

/** Starts a simulator that is closed when the test ends. */
export async function simulate(
  config: Partial<SimulatorConfig> = {},
  options: Partial<SimulatorOptions> = {},
): Promise<RunningSimulator> {
  const simulator = await startSimulator({
    models: [chatModel, reasoningModel],
    ...options,
    config: { ...quickConfig, ...config },
  });
  onTestFinished(() => simulator.close());
  return {
    ...simulator,
    sdk: new OpenAI({ baseURL: simulator.baseUrl, apiKey: "any", maxRetries: 0, logLevel: "off" }),
    post: (body, init = {}) =>
      fetch(`${simulator.baseUrl}/chat/completions`, {
        method: "POST",
        headers: { authorization: "Bearer any", "content-type": "application/json" },
        body: typeof body === "string" ? body : JSON.stringify(body),
        ...init,
      }),
  };
}

/** Starts one whose every model shows the fault. */
export function simulateFault(fault: SimulatorFault, options: Partial<SimulatorOptions> = {}) {
  return simulate({ faults: new Map([["*", fault]]) }, options);
}

/** A request that says this, and what `more` adds. */
export function ask(content: string, more: Readonly<Record<string, unknown>> = {}) {
  return { model: chatModel, messages: [{ role: "user" as const, content }], ...more };
}

/** What came of a body, and whether it ended as HTTP says it must. */
export async function bodyOf(response: Response): Promise<{ text: string; end: "whole" | "broken" }> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const bytes of response.body ?? []) text += decoder.decode(bytes, { stream: true });
  } catch {
    return { text, end: "broken" };
  }
  return { text, end: "whole" };
}

/** The `data:` lines of a body of server-sent events, in order. */
export function dataOf(text: string): readonly string[] {
  return text
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => event.replace(/^data: /, ""));
}
