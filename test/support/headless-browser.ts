import { createRequire } from "node:module";

/** A page of a real browser; what it evaluates is source text, since a function would need the DOM's types here. */
export interface BrowserPage {
  readonly goto: (url: string) => Promise<unknown>;
  readonly title: () => Promise<string>;
  readonly textContent: (selector: string) => Promise<string | null>;
  readonly evaluate: (source: string) => Promise<unknown>;
  readonly waitForFunction: (
    source: string,
    arg: undefined,
    options: { readonly timeout: number },
  ) => Promise<unknown>;
  readonly on: (event: "console" | "pageerror", listener: (what: ConsoleMessage) => void) => unknown;
  readonly close: () => Promise<void>;
}

interface ConsoleMessage {
  readonly type?: () => string;
  readonly text?: () => string;
}

/** Chromium without a window. */
export interface HeadlessBrowser {
  readonly newPage: () => Promise<BrowserPage>;
  readonly close: () => Promise<void>;
}

// By require: the package's types need those of the DOM, and an import would check them. These are the members
// that we use.
const require = createRequire(import.meta.url);
const { chromium } = require("playwright-core") as {
  readonly chromium: {
    readonly launch: (options: {
      readonly executablePath: string;
      readonly args: readonly string[];
    }) => Promise<HeadlessBrowser>;
  };
};

/** Debian's Chromium, told not to call home. */
export function openBrowser(): Promise<HeadlessBrowser> {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
