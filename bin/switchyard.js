#!/usr/bin/env node
// Plain JavaScript, so that an old Node prints this message and not a syntax error.
const major = Number(process.versions.node.split(".")[0]);
if (major < 26) {
  console.error(
    `Switchyard needs Node 26; this is Node ${process.versions.node}.\n` +
      "Start it through npm (`npm start`, `npx switchyard …`): `npm ci` puts a Node 26 into node_modules/.bin.\n" +
      "If there is none for this platform, install Node 26 from https://nodejs.org and run again.",
  );
  process.exit(1);
}
// Sources that were compiled before are not compiled again: half the time of a start. Where the folder cannot be
// written, as in an image, nothing is kept and nothing fails.
const { enableCompileCache } = await import("node:module");
enableCompileCache(`${import.meta.dirname}/../node_modules/.cache/switchyard`);
await import("../src/main.ts");
