// A trace backend that we did not write, in a process of its own: what it finds is asked through its own API.
import { createRequire } from "node:module";

// By require: its types import another major of the tracing SDK. These are the members that we use.
const require = createRequire(import.meta.url);
const { createDevtools } = require("autotel-devtools") as {
  readonly createDevtools: (options: {
    readonly port: number;
    readonly verbose: boolean;
    readonly sourceRoot: false;
  }) => { readonly ready: Promise<{ readonly port: number }> };
};

const { port } = await createDevtools({ port: 0, verbose: false, sourceRoot: false }).ready;
process.stdout.write(`listening ${port}\n`);
