// A page in a real browser, with the code of the README, from another origin.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { build } from "rolldown";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type GatewayProcess,
  quickConfig,
  repository,
  startGatewayProcess,
} from "../support/gateway-process.ts";
import { type HeadlessBrowser, openBrowser } from "../support/headless-browser.ts";
import { findProgram } from "../support/optional-program.ts";
import { readmeBlocks } from "../support/readme.ts";

const program = findProgram("chromium", "chromium", ["--version"]);
const folder = join(repository, ".readme-page");

describe.skipIf(!program.present)(program.title("a page in Chromium"), () => {
  let gateway: GatewayProcess;
  let browser: HeadlessBrowser;
  let pages: Server;
  let origin: string;

  beforeAll(async () => {
    const files = new Map([["/favicon.ico", { type: "image/x-icon", body: "" }]]);
    pages = createServer((request, response) => {
      const file = files.get(request.url ?? "");
      response.writeHead(file === undefined ? 404 : 200, { "content-type": file?.type ?? "text/plain" });
      response.end(file?.body ?? "");
    }).listen(0, "127.0.0.1");
    await once(pages, "listening");
    const address = pages.address();
    origin = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
    gateway = await startGatewayProcess({
      config: `${quickConfig}\ncors: { allowedOrigins: ["${origin}"] }`,
    });

    const code = readmeBlocks().find(({ text }) => text.includes("@connectrpc/connect-web"))!.text;
    mkdirSync(folder, { recursive: true });
    const entry = join(folder, "page.ts");
    writeFileSync(
      entry,
      code.replaceAll('"./gen/', '"../gen/').replaceAll("127.0.0.1:8080", gateway.addresses.connect),
    );
    const { output } = await build({
      input: entry,
      cwd: repository,
      write: false,
      platform: "browser",
      output: { format: "esm" },
    });
    files.set("/page.js", { type: "text/javascript", body: output[0].code });
    files.set("/", {
      type: "text/html",
      body: `<!doctype html><meta charset="utf-8"><body></body><script type="module" src="/page.js"></script>`,
    });

    browser = await openBrowser();
  }, 90_000);

  afterAll(async () => {
    await browser.close();
    pages.close();
    await gateway[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it("streams a chat with the code of the README", async () => {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("console", (message) => {
      if (message.type?.() === "error") problems.push(message.text?.() ?? "");
    });
    page.on("pageerror", (error) => problems.push(error.text?.() ?? "the page failed"));
    await page.goto(origin);
    await page.waitForFunction("document.title.startsWith('answered by')", undefined, { timeout: 20_000 });
    expect(await page.title()).toMatch(/^answered by .+@simulator$/);
    expect(await page.textContent("body")).toMatch(/simulated/i);
    expect(problems).toEqual([]);
    await page.close();
  }, 60_000);

  it("reads the error, its details and the trace id of a call that fails", async () => {
    const page = await browser.newPage();
    await page.goto(origin);
    const request = {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "connect-protocol-version": "1",
        "x-switchyard-caller": "page",
      },
      body: JSON.stringify({
        target: { model: "openai/gpt-5" },
        input: { messages: [{ role: "ROLE_USER", parts: [{ text: "x" }] }] },
      }),
    };
    const url = `http://${gateway.addresses.connect}/switchyard.v1.GatewayService/Chat`;
    const seen = await page.evaluate(`fetch(${JSON.stringify(url)}, ${JSON.stringify(request)}).then(
      async (response) => ({
        status: response.status,
        trace: response.headers.get("x-trace-id"),
        body: await response.json(),
      }))`);
    expect(seen).toMatchObject({
      status: 404,
      trace: expect.stringMatching(/^[0-9a-f]{32}$/),
      body: { code: "not_found" },
    });
    expect(JSON.stringify(seen)).toContain("openai/gpt-4");
    await page.close();
  });

  it("of an origin that is not allowed gets nothing", async () => {
    const page = await browser.newPage();
    await page.goto(origin.replace("127.0.0.1", "localhost"));
    const url = `http://${gateway.addresses.connect}/switchyard.v1.GatewayService/ListModels`;
    const request = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
    const outcome = await page.evaluate(
      `fetch(${JSON.stringify(url)}, ${JSON.stringify(request)}).then(() => "answered", () => "blocked")`,
    );
    expect(outcome).toBe("blocked");
    await page.close();
  });
});
