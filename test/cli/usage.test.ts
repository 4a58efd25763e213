import { describe, expect, it } from "vitest";
import { runCommand } from "../support/command-run.ts";

const commands = ["serve", "chat", "models", "explain", "doctor", "status"];

describe("the command line", () => {
  it("prints its version", async () => {
    expect(await runCommand(["--version"])).toEqual({ code: 0, stdout: "1.2.3\n", stderr: "" });
  });

  it("prints help on request", async () => {
    const { code, stdout, stderr } = await runCommand(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const command of commands) expect(stdout).toContain(command);
    expect(stdout).not.toMatch(/^ *worker\b/m);
  });

  for (const command of commands) {
    it(`prints the help of ${command}`, async () => {
      const { code, stdout } = await runCommand([command, "--help"]);
      expect(code).toBe(0);
      expect(stdout).toContain(`switchyard ${command}`);
    });
  }

  const wrong: readonly (readonly string[])[] = [
    [],
    ["serv"],
    ["--bogus"],
    ["serve", "--bogus"],
    ["serve", "extra"],
    ["serve", "--config"],
    ["serve", "--config", ""],
    ["serve", "--workers", "0"],
    ["serve", "--workers", "257"],
    ["serve", "--workers", "many"],
    ["chat"],
    ["chat", "  "],
    ["chat", "-"],
    ["chat", "--tier", "huge", "hi"],
    ["chat", "--tier", "simple", "--model", "a/b", "hi"],
    ["chat", "--deployment", "a/b@c", "--model", "a/b", "hi"],
    ["chat", "--address", "nowhere", "hi"],
    ["models", "extra"],
    ["models", "--provider"],
    ["explain", "--tokens", "-1"],
    ["explain", "--tokens", "1e3"],
    ["explain", "--tokens", "9999999999"],
    ["status", "--days", "x"],
  ];
  for (const words of wrong) {
    it(`refuses \`${["switchyard", ...words].join(" ")}\` with 2 and says why on standard error`, async () => {
      const { code, stdout, stderr } = await runCommand(words);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(/\S/);
    });
  }
});
