import { describe, expect, it } from "vitest";
import { createResponseBody } from "../../src/upstream/response-body.ts";

/** A body whose connection writes down what it is asked for. */
function recordedBody() {
  const asked: string[] = [];
  const body = createResponseBody({
    pause: () => void asked.push("pause"),
    resume: () => void asked.push("resume"),
    abort: () => void asked.push("abort"),
  });
  return {
    body,
    data: (bytes: Buffer): void => body.data(bytes),
    end: (): void => body.end(),
    broke: (error: Error): void => body.broke(error),
    asked,
  };
}

const large = Buffer.alloc(65 * 1024, "x");

describe("the body of a response", () => {
  it("is read as it comes, and what came meanwhile is read at once", async () => {
    const { body, data, end } = recordedBody();
    const first = body.read();
    data(Buffer.from("a"));
    expect(String(await first)).toBe("a");
    data(Buffer.from("b"));
    data(Buffer.from("c"));
    end();
    expect(String(await body.read())).toBe("bc");
    expect(await body.read()).toBeUndefined();
  });

  it("stops its connection while its reader is 64 KiB behind", async () => {
    const { body, data, asked } = recordedBody();
    data(large);
    expect(asked).toEqual(["pause"]);
    expect(await body.read()).toHaveLength(large.length);
    expect(asked).toEqual(["pause", "resume"]);
  });

  it("is whole as a text, also where its beginning had stopped the connection", async () => {
    const { body, data, end, asked } = recordedBody();
    data(large);
    const text = body.text();
    expect(asked).toEqual(["pause", "resume"]);
    data(large);
    end();
    expect(await text).toHaveLength(2 * large.length);
    expect(asked).toEqual(["pause", "resume"]);
  });

  it("gives what came before it broke, then what broke it", async () => {
    const { body, data, broke } = recordedBody();
    data(Buffer.from("a"));
    broke(new Error("reset"));
    expect(String(await body.read())).toBe("a");
    await expect(body.read()).rejects.toThrow("reset");
  });

  it("that breaks while it is waited for tells whoever waits", async () => {
    const one = recordedBody();
    const read = one.body.read();
    one.broke(new Error("reset"));
    await expect(read).rejects.toThrow("reset");
    const other = recordedBody();
    const text = other.body.text();
    other.broke(new Error("reset"));
    await expect(text).rejects.toThrow("reset");
  });

  it("ends its connection where nobody wants it, unless it is whole already", () => {
    const open = recordedBody();
    open.body.discard();
    expect(open.asked).toEqual(["abort"]);
    const whole = recordedBody();
    whole.end();
    whole.body.discard();
    whole.body.drain(0);
    expect(whole.asked).toEqual([]);
  });

  it("is drained through a connection that was stopped", () => {
    const { body, data, end, asked } = recordedBody();
    data(large);
    body.drain(60_000);
    data(large);
    end();
    expect(asked).toEqual(["pause", "resume"]);
  });

  it("that is not drained in time ends its connection", async () => {
    const { promise: aborted, resolve } = Promise.withResolvers<string>();
    const body = createResponseBody({
      pause: () => undefined,
      resume: () => undefined,
      abort: (reason) => resolve(reason.name),
    });
    body.drain(1);
    expect(await aborted).toBe("AbortError");
  });
});
