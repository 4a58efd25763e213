import { afterEach, describe, expect, it, vi } from "vitest";
import { serviceResource } from "../../src/telemetry/resource.ts";

const instance = "service.instance.id";

describe("who sends telemetry", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("is named by a random id where nothing else is said", () => {
    const ids = [serviceResource("1.2.3", 1), serviceResource("1.2.3", undefined)].map(
      ({ attributes }) => attributes[instance],
    );
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(ids[1]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("has the worker's number where the environment names one instance for all of them", () => {
    vi.stubEnv("OTEL_RESOURCE_ATTRIBUTES", `${instance}=pod-7,deployment.environment.name=test`);
    expect(serviceResource("1.2.3", undefined).attributes[instance]).toBe("pod-7");
    for (const worker of [1, 2]) {
      expect(serviceResource("1.2.3", worker).attributes).toMatchObject({
        [instance]: `pod-7-${worker}`,
        "service.name": "switchyard",
        "deployment.environment.name": "test",
      });
    }
  });
});
