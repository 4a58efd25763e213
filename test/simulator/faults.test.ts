import { OpenAI } from "openai";
import { describe, expect, it } from "vitest";
import type { SimulatorFault } from "../../src/config/config.ts";
import {
  ask,
  bodyOf,
  chatModel,
  dataOf,
  reasoningModel,
  simulate,
  simulateFault,
} from "../support/running-simulator.ts";

const ways = [
  { way: "unary", stream: false },
  { way: "stream", stream: true },
] as const;

/** The contents of the chunks in a stream's text. */
function contentsOf(text: string): readonly string[] {
  return dataOf(text)
    .filter((data) => data.includes('"delta":{"content"'))
    .map((data) => JSON.parse(data).choices[0].delta.content);
}

async function askingFails(running: Promise<unknown>): Promise<unknown> {
  return running.then(
    () => expect.fail("it answered"),
    (error: unknown) => error,
  );
}

describe("a fault that refuses", () => {
  const refusals: readonly {
    fault: SimulatorFault;
    status: number;
    code: string;
    error: new (...parts: never[]) => Error;
  }[] = [
    { fault: "rate-limited", status: 429, code: "rate_limit_exceeded", error: OpenAI.RateLimitError },
    { fault: "quota-exhausted", status: 429, code: "insufficient_quota", error: OpenAI.RateLimitError },
    { fault: "unavailable", status: 503, code: "service_unavailable", error: OpenAI.InternalServerError },
    { fault: "overloaded", status: 529, code: "overloaded_error", error: OpenAI.InternalServerError },
    { fault: "server-error", status: 500, code: "server_error", error: OpenAI.InternalServerError },
    { fault: "unauthorized", status: 401, code: "invalid_api_key", error: OpenAI.AuthenticationError },
    { fault: "forbidden", status: 403, code: "permission_denied", error: OpenAI.PermissionDeniedError },
    { fault: "model-missing", status: 404, code: "model_not_found", error: OpenAI.NotFoundError },
    {
      fault: "context-too-long",
      status: 400,
      code: "context_length_exceeded",
      error: OpenAI.BadRequestError,
    },
    {
      fault: "content-filtered",
      status: 400,
      code: "content_policy_violation",
      error: OpenAI.BadRequestError,
    },
  ];
  for (const { fault, status, code, error } of refusals) {
    for (const { way, stream } of ways) {
      it(`${fault} is ${status} ${code} to the SDK (${way})`, async () => {
        const { sdk } = await simulateFault(fault);
        const refused = await askingFails(sdk.chat.completions.create({ ...ask("hi"), stream }));
        expect(refused).toBeInstanceOf(error);
        expect(refused).toMatchObject({ status, code, requestID: expect.stringMatching(/^req_sim/) });
        expect(String(refused)).toContain("simulated");
      });
    }
  }

  it("of the rate says when to come back, in seconds and in the headers of the API", async () => {
    const { post } = await simulateFault("rate-limited");
    const { headers } = await post(ask("hi"));
    expect(headers.get("retry-after")).toBe("2");
    expect(headers.get("x-ratelimit-remaining-requests")).toBe("0");
    expect(headers.get("x-ratelimit-reset-requests")).toBe("2s");
  });

  it("comes before the look at the rest of the request, as a real limiter does", async () => {
    const { post } = await simulateFault("rate-limited");
    expect((await post({ model: chatModel })).status).toBe(429);
  });
});

describe("a fault that breaks the answer", () => {
  it("cut-stream sends three tokens and ends the connection in the middle of the stream", async () => {
    const { post } = await simulateFault("cut-stream");
    const response = await post(ask("hi", { stream: true }));
    expect(response.status).toBe(200);
    const { text, end } = await bodyOf(response);
    expect(contentsOf(text)).toEqual(["This", " is", " a"]);
    expect(text).not.toContain("[DONE]");
    expect(end).toBe("broken");
  });

  it("cut-stream sends half of a unary body and ends the connection", async () => {
    const { post } = await simulateFault("cut-stream");
    const response = await post(ask("hi"));
    const { text, end } = await bodyOf(response);
    expect(text.length).toBe(Math.floor(Number(response.headers.get("content-length")) / 2));
    expect(text).toMatch(/^\{"id":"chatcmpl-sim/);
    expect(end).toBe("broken");
  });

  it("cut-stream cuts an answer of fewer tokens too, before its end", async () => {
    const { post } = await simulateFault("cut-stream");
    const { text, end } = await bodyOf(await post(ask("hi", { stream: true, max_tokens: 2 })));
    expect(contentsOf(text)).toEqual(["This", " is"]);
    expect(text).not.toContain('"finish_reason":"');
    expect(end).toBe("broken");
  });

  for (const { way, stream } of ways) {
    it(`stall sends the start of an answer, then nothing, and keeps the connection (${way})`, async () => {
      const { post, sdk, close } = await simulateFault("stall");
      const response = await post(ask("hi", { stream }));
      const reader = response.body!.getReader();
      const decoder = new TextDecoder();
      const expected = stream
        ? /"content":" a"\}.*\n\n$/s
        : new RegExp(`^.{${Math.floor(Number(response.headers.get("content-length")) / 2)}}$`, "s");
      let text = "";
      while (!expected.test(text)) text += decoder.decode((await reader.read()).value);
      let ended = "not yet";
      const rest = reader.read().then(
        () => (ended = "more came"),
        () => (ended = "broken"),
      );
      // Whoever answers this has had the time to send more of the other.
      for (let turn = 0; turn < 5; turn += 1) await sdk.models.list();
      expect(ended).toBe("not yet");
      await close();
      await rest;
      expect(ended).toBe("broken");
    });
  }

  it("malformed is a stream whose first delta is no JSON, though HTTP ends well", async () => {
    const { post } = await simulateFault("malformed");
    const { text, end } = await bodyOf(await post(ask("hi", { stream: true })));
    const [first, second, ...others] = dataOf(text);
    expect(JSON.parse(first!).choices[0].delta.role).toBe("assistant");
    expect(() => JSON.parse(second!)).toThrow(SyntaxError);
    expect(others).toEqual([]);
    expect(end).toBe("whole");
  });

  it("malformed is a unary body that is no JSON, though HTTP ends well", async () => {
    const { post } = await simulateFault("malformed");
    const response = await post(ask("hi"));
    expect(response.headers.get("content-type")).toBe("application/json");
    const { text, end } = await bodyOf(response);
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    expect(end).toBe("whole");
  });

  it("error-event puts an error into the stream behind three tokens; the SDK throws it", async () => {
    const { sdk } = await simulateFault("error-event");
    const contents: string[] = [];
    const read = async () => {
      for await (const chunk of await sdk.chat.completions.create({ ...ask("hi"), stream: true })) {
        contents.push(chunk.choices[0]?.delta.content ?? "");
      }
    };
    expect(await askingFails(read())).toBeInstanceOf(OpenAI.APIError);
    expect(contents).toEqual(["", "This", " is", " a"]);
  });

  it("error-event is an error in a unary body of status 200", async () => {
    const { post } = await simulateFault("error-event");
    const response = await post(ask("hi"));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ error: { type: "server_error", code: "server_error" } });
  });

  for (const { way, stream } of ways) {
    it(`html is a page with status 200 (${way})`, async () => {
      const { post } = await simulateFault("html");
      const response = await post(ask("hi", { stream }));
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toMatch(/^text\/html/);
      expect(await response.text()).toMatch(/^<!doctype html>.*simulated/);
    });

    it(`empty is nothing with status 200 and the usual type (${way})`, async () => {
      const { post } = await simulateFault("empty");
      const response = await post(ask("hi", { stream }));
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toMatch(
        stream ? /^text\/event-stream/ : /^application\/json$/,
      );
      expect(await response.text()).toBe("");
    });

    it(`reset breaks the connection before any header (${way})`, async () => {
      const { post, sdk } = await simulateFault("reset");
      const error = await askingFails(post(ask("hi", { stream })));
      expect(error).toMatchObject({ cause: { code: "ECONNRESET" } });
      expect(await askingFails(sdk.chat.completions.create({ ...ask("hi"), stream }))).toBeInstanceOf(
        OpenAI.APIConnectionError,
      );
    });
  }
});

describe("faults on demand", () => {
  it("are of one model, the others answer", async () => {
    const { post } = await simulate({ faults: new Map([[chatModel, "unavailable"]]) });
    expect((await post(ask("hi"))).status).toBe(503);
    expect((await post(ask("hi", { model: reasoningModel }))).status).toBe(200);
  });

  it("of a model come before those of all", async () => {
    const { post } = await simulate({
      faults: new Map([
        ["*", "unavailable"],
        [chatModel, "unauthorized"],
      ]),
    });
    expect((await post(ask("hi"))).status).toBe(401);
    expect((await post(ask("hi", { model: reasoningModel }))).status).toBe(503);
  });

  it("can be set and taken away while it runs, and do not outlive it in the configuration", async () => {
    const faults = new Map<string, SimulatorFault>();
    const { post, setFault } = await simulate({ faults });
    setFault("*", "overloaded");
    expect((await post(ask("hi"))).status).toBe(529);
    setFault("*", undefined);
    expect((await post(ask("hi"))).status).toBe(200);
    expect(faults.size).toBe(0);
  });

  it("do not touch the list of models", async () => {
    const { sdk } = await simulateFault("unavailable");
    expect((await sdk.models.list()).data).toHaveLength(2);
  });
});
