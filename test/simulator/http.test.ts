import { Buffer } from "node:buffer";
import { OpenAI } from "openai";
import { describe, expect, it } from "vitest";
import { startSimulator } from "../../src/simulator/start-simulator.ts";
import { openSocket, type RawSocket } from "../support/raw-socket.ts";
import { ask, chatModel, quickConfig, reasoningModel, simulate } from "../support/running-simulator.ts";

const key = { authorization: "Bearer any" };

interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly code: unknown;
    readonly param: unknown;
  };
}

async function errorOf(response: Response): Promise<ErrorBody["error"] & { readonly status: number }> {
  expect(response.headers.get("content-type")).toBe("application/json");
  const { error } = (await response.json()) as ErrorBody;
  expect(Object.keys(error)).toEqual(["message", "type", "param", "code"]);
  return { ...error, status: response.status };
}

/** The status of every response that came on a connection. */
function statusesOf({ text }: RawSocket): readonly string[] {
  return text().match(/HTTP\/1\.1 \d+/g) ?? [];
}

describe("the list of models", () => {
  it("has what was configured, in order, owned by the simulator", async () => {
    const { sdk } = await simulate();
    const { data } = await sdk.models.list();
    expect(data.map(({ id }) => id)).toEqual([chatModel, reasoningModel]);
    expect(new Set(data.map(({ owned_by }) => owned_by))).toEqual(new Set(["switchyard-simulator"]));
  });

  it("has each by its id, whether its slash is escaped or not", async () => {
    const { sdk, baseUrl } = await simulate();
    expect((await sdk.models.retrieve(chatModel)).id).toBe(chatModel);
    const plain = await fetch(`${baseUrl}/models/${chatModel}`, { headers: key });
    expect(await plain.json()).toMatchObject({ id: chatModel, object: "model" });
    await expect(sdk.models.retrieve("no/such")).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    const malformed = await fetch(`${baseUrl}/models/%E0%A4%A`, { headers: key });
    expect(malformed.status).toBe(404);
  });
});

describe("a request that is wrong before its content is looked at", () => {
  it("without a key is 401, with any key it is answered", async () => {
    const { post } = await simulate();
    for (const headers of [{}, { authorization: "Bearer " }, { authorization: "Basic eDp5" }]) {
      const error = await errorOf(await post(ask("hi"), { headers }));
      expect(error).toMatchObject({ status: 401, code: "invalid_api_key" });
    }
    expect((await post(ask("hi"), { headers: { authorization: "bearer x" } })).status).toBe(200);
  });

  it("does not repeat the key", async () => {
    const { post } = await simulate();
    const response = await post(ask("hi"), { headers: { authorization: "Token sk-secret-0123456789" } });
    expect(JSON.stringify([await response.text(), [...response.headers]])).not.toContain("sk-secret");
  });

  it("on another path is 404", async () => {
    const { baseUrl } = await simulate();
    for (const url of [
      `${baseUrl}/completions`,
      `${baseUrl}/chat/completions/`,
      `${baseUrl}/`,
      new URL("/", baseUrl).href,
    ]) {
      const response = await fetch(url, { method: "POST", headers: key, body: "{}" });
      expect(await errorOf(response)).toMatchObject({ status: 404, code: "unknown_url" });
    }
  });

  it("with another method is 405, and says which is allowed", async () => {
    const { baseUrl } = await simulate();
    for (const { path, method, allow } of [
      { path: "chat/completions", method: "GET", allow: "POST" },
      { path: "chat/completions", method: "DELETE", allow: "POST" },
      { path: "models", method: "POST", allow: "GET" },
      { path: `models/${chatModel}`, method: "DELETE", allow: "GET" },
    ]) {
      const response = await fetch(`${baseUrl}/${path}`, { method, headers: key });
      expect(response.headers.get("allow")).toBe(allow);
      expect(await errorOf(response)).toMatchObject({ status: 405, code: "method_not_allowed" });
    }
  });

  it("may carry a query", async () => {
    const { baseUrl } = await simulate();
    expect((await fetch(`${baseUrl}/models?limit=1`, { headers: key })).status).toBe(200);
  });
});

describe("a body", () => {
  it("that is no JSON object is 400", async () => {
    const { post } = await simulate();
    for (const body of ["", "{", "[]", "null", '"hi"', `${JSON.stringify(ask("hi"))}}`]) {
      const error = await errorOf(await post(body));
      expect(error).toMatchObject({ status: 400, type: "invalid_request_error" });
      expect(error.message).toContain("JSON");
    }
  });

  it("that is not UTF-8 is 400", async () => {
    const { post } = await simulate();
    const response = await post("", { body: Buffer.from([0x7b, 0xff, 0x7d]) });
    expect(await errorOf(response)).toMatchObject({ status: 400, message: expect.stringContaining("UTF-8") });
  });

  it("that is compressed is 415", async () => {
    const { post } = await simulate();
    const response = await post(ask("hi"), { headers: { ...key, "content-encoding": "gzip" } });
    expect((await errorOf(response)).status).toBe(415);
  });

  it("without a model, or with one that is no text, is 400", async () => {
    const { post } = await simulate();
    for (const model of [undefined, null, "", 5, {}]) {
      expect(await errorOf(await post(ask("hi", { model })))).toMatchObject({ status: 400, param: "model" });
    }
  });

  it("with a model that is not configured is 404, as the API words it", async () => {
    const { post, sdk } = await simulate();
    for (const model of ["gpt-4.1", "constructor", `${chatModel} `]) {
      expect(await errorOf(await post(ask("hi", { model })))).toMatchObject({
        status: 404,
        code: "model_not_found",
        param: "model",
      });
    }
    await expect(sdk.chat.completions.create(ask("hi", { model: "gpt-5" }))).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
    });
  });

  it("of 20 MB is answered, as an image is sent", async () => {
    const { post } = await simulate();
    const url = `data:image/png;base64,${"A".repeat(20_000_000)}`;
    const content = [
      { type: "text", text: "look" },
      { type: "image_url", image_url: { url } },
    ];
    const response = await post({ model: chatModel, messages: [{ role: "user", content }] });
    expect(response.status).toBe(200);
    // The image costs what an image costs, not what its letters would.
    const { usage } = (await response.json()) as { usage: { prompt_tokens: number } };
    expect(usage.prompt_tokens).toBeLessThan(200);
  });

  for (const { way, announced } of [
    { way: "announced", announced: true },
    { way: "that just does not end", announced: false },
  ]) {
    it(`of more than 64 MiB is 413 (${way}), and the connection ends`, async () => {
      const { baseUrl } = await simulate();
      const socket = await openSocket(new URL(baseUrl).host);
      const head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer any\r\n";
      if (announced) socket.socket.write(`${head}content-length: 67108865\r\n\r\n{`);
      else {
        socket.socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
        const chunk = Buffer.concat([
          Buffer.from("100000\r\n"),
          Buffer.alloc(0x100000, " "),
          Buffer.from("\r\n"),
        ]);
        for (let sent = 0; sent <= 64; sent += 1) socket.socket.write(chunk);
      }
      await socket.closed;
      expect(socket.text()).toMatch(/^HTTP\/1\.1 413 /);
      expect(socket.text()).toContain("connection: close");
    });
  }

  it("that is refused is read away, so that the connection goes on", async () => {
    const { baseUrl } = await simulate();
    const socket = await openSocket(new URL(baseUrl).host);
    const body = " ".repeat(1_000_000);
    const second = JSON.stringify(ask("hi"));
    socket.socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    socket.socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer any\r\n` +
        `connection: close\r\ncontent-length: ${second.length}\r\n\r\n${second}`,
    );
    await socket.closed;
    const statuses = statusesOf(socket);
    expect(statuses).toEqual(["HTTP/1.1 401", "HTTP/1.1 200"]);
  });

  it("that nests without end is refused or answered, and harms nobody", async () => {
    const { post } = await simulate();
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    for (const body of [
      deep,
      `{"model":"${chatModel}","messages":${deep}}`,
      `{"model":"${chatModel}","messages":[{"role":"user","content":"hi"}],"metadata":${deep}}`,
      `{"model":"${chatModel}","messages":[{"role":"user","content":"hi","name":${deep}}]}`,
    ]) {
      const response = await post(body);
      expect([200, 400]).toContain(response.status);
    }
    expect((await post(ask("hi"))).status).toBe(200);
  });
});

describe("a connection", () => {
  it("is kept after answers, streams and errors", async () => {
    const { baseUrl } = await simulate();
    const socket = await openSocket(new URL(baseUrl).host);
    let answers = 0;
    for (const body of [ask("hi"), ask("hi", { stream: true }), { model: "none" }, ask("hi")]) {
      const text = JSON.stringify(body);
      socket.socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer any\r\n` +
          `content-length: ${text.length}\r\n\r\n${text}`,
      );
      answers += 1;
      await expect.poll(() => statusesOf(socket).length).toBe(answers);
    }
    expect(statusesOf(socket)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 404", "HTTP/1.1 200"]);
    expect(socket.socket.destroyed).toBe(false);
    socket.socket.destroy();
  });

  it("marks every response, and gives each request an id of its own", async () => {
    const { post, baseUrl } = await simulate();
    const responses = [
      await post(ask("hi")),
      await post(ask("hi", { stream: true })),
      await post("{"),
      await post(ask("hi"), { headers: {} }),
      await fetch(`${baseUrl}/models`, { headers: key }),
      await fetch(`${baseUrl}/none`, { headers: key }),
    ];
    expect(responses.map(({ headers }) => headers.get("x-simulated"))).toEqual(responses.map(() => "true"));
    expect(new Set(responses.map(({ headers }) => headers.get("x-request-id"))).size).toBe(responses.length);
  });
});

describe("startSimulator()", () => {
  it("listens on loopback alone, on a free port", async () => {
    const { baseUrl } = await simulate();
    expect(baseUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/);
  });

  it("rejects where the port is taken", async () => {
    const { baseUrl } = await simulate();
    const port = Number(new URL(baseUrl).port);
    await expect(startSimulator({ config: quickConfig, models: [chatModel], port })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });

  it("answers a hundred requests at once, each with its own", async () => {
    const { sdk } = await simulate();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, at) => sdk.chat.completions.create(ask(`question ${at}.`))),
    );
    for (const [at, { choices }] of answers.entries()) {
      expect(choices[0]!.message.content).toContain(`"question ${at}."`);
    }
  });
});
