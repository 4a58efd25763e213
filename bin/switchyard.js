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
await import("../src/main.ts");
