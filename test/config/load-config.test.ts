import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load-config.ts";
import { anyKey } from "../support/parsed-config.ts";

describe("loadConfig()", () => {
  let cwd: string;
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), "switchyard-config-"));
  });
  afterEach(() => {
    rmSync(cwd, { recursive: true });
  });

  it("takes the shipped file where there is no other", () => {
    const { fileName, result } = loadConfig({ env: {}, cwd });
    expect(fileName).toBe("switchyard.yaml");
    expect(result).toMatchObject({ kind: "valid", config: { workers: 1 } });
    expect(result.kind === "valid" && result.config.models.size).toBe(12);
  });

  it("prefers a file in the working directory, which has the shipped catalog while it has none", () => {
    writeFileSync(join(cwd, "switchyard.yaml"), "workers: 2");
    const { path, result } = loadConfig({ env: { SWITCHYARD_CONFIG: "" }, cwd });
    expect(path).toBe(join(cwd, "switchyard.yaml"));
    expect(result).toMatchObject({ kind: "valid", config: { workers: 2 } });
    expect(result.kind === "valid" && result.config.models.size).toBe(12);
  });

  it("prefers the file that SWITCHYARD_CONFIG names, from the working directory on", () => {
    writeFileSync(join(cwd, "switchyard.yaml"), "workers: 2");
    writeFileSync(join(cwd, "other.yaml"), "workers: 3");
    for (const named of ["other.yaml", join(cwd, "other.yaml")]) {
      const { fileName, result } = loadConfig({ env: { SWITCHYARD_CONFIG: named }, cwd });
      expect(fileName).toBe(named);
      expect(result).toMatchObject({ kind: "valid", config: { workers: 3 } });
    }
  });

  it("reads key files from the working directory on", () => {
    writeFileSync(join(cwd, "key"), anyKey);
    writeFileSync(
      join(cwd, "switchyard.yaml"),
      "upstreams: { one: { baseUrl: https://x, keys: [{ id: a, file: key }] } }\nmodels: { acme/a: { upstreams: [one] } }",
    );
    const { result } = loadConfig({ env: {}, cwd });
    expect(result.kind === "valid" && [...result.config.upstreams.keys()]).toEqual(["one"]);
  });

  const refused: readonly { name: string; prepare: (path: string) => void; message: RegExp }[] = [
    { name: "does not exist", prepare: () => {}, message: /does not exist/ },
    { name: "is a directory", prepare: (path) => mkdirSync(path), message: /cannot be read \(EISDIR\)/ },
    {
      name: "is not UTF-8",
      prepare: (path) => writeFileSync(path, Buffer.from([0x61, 0x3a, 0xff, 0xfe])),
      message: /not a text in UTF-8/,
    },
    {
      name: "is UTF-16",
      prepare: (path) => writeFileSync(path, Buffer.from("\uFEFFworkers: 1", "utf16le")),
      message: /not a text in UTF-8/,
    },
  ];
  for (const { name, prepare, message } of refused) {
    it(`refuses a SWITCHYARD_CONFIG that ${name}, naming the variable`, () => {
      prepare(join(cwd, "named.yaml"));
      const { result } = loadConfig({ env: { SWITCHYARD_CONFIG: "named.yaml" }, cwd });
      expect(result).toEqual({
        kind: "invalid",
        problems: [{ path: "SWITCHYARD_CONFIG", line: undefined, message: expect.stringMatching(message) }],
      });
    });
  }

  it("refuses a local file that is not UTF-8, and does not fall back to the shipped one", () => {
    writeFileSync(join(cwd, "switchyard.yaml"), Buffer.from([0xc3, 0x28]));
    expect(loadConfig({ env: {}, cwd }).result.kind).toBe("invalid");
  });
});
