import { describe, expect, it } from "vitest";
import { configDifferences } from "../../src/config/config-differences.ts";
import { anyKey, configOf } from "../support/parsed-config.ts";

describe("the differences of two configurations", () => {
  it("are none for two texts that mean the same", () => {
    const one = configOf("retry: { attempts: 3 }\nhedge: { enabled: true }");
    const other = configOf("hedge: { enabled: true }\nretry: { attempts: 3 }");
    expect(configDifferences(one, other)).toEqual([]);
    expect(other.revision).toBe(one.revision);
  });

  it("are the sections that changed", () => {
    const other = configOf("retry: { attempts: 3 }\nlimits: { maxInFlight: 5 }");
    expect(configDifferences(configOf(""), other)).toEqual(["retry", "limits"]);
  });

  it("never tell a key from another of the same id", () => {
    const one = configOf("", { HOLYSHEEP_API_KEY: anyKey });
    const other = configOf("", { HOLYSHEEP_API_KEY: `${anyKey}-other` });
    expect(configDifferences(one, other)).toEqual([]);
    expect(configDifferences(one, configOf(""))).toContain("upstreams");
  });
});
