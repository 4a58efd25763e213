/** Refuses to run on a Node that cannot strip types as the server does. */
export function setup(): void {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 26) {
    throw new Error(
      `Tests need Node 26, this is ${process.version}. Run them through npm (npm test), which puts ` +
        "node_modules/.bin first; if the platform package is missing there, install Node 26 yourself.",
    );
  }
}
