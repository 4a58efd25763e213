import { describe, expect, it } from "vitest";
import { type CanaryLinks, createCanaryLinks } from "../../src/attempt/canary-links.ts";
import type { FailureKind } from "../../src/routing/failure.ts";
import { canaryCatalog } from "../support/canary-calls.ts";
import { attemptEntry } from "../support/call-samples.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { sampleFailure } from "../support/routing-samples.ts";

function world() {
  const clock = createManualClock(0);
  const links = createCanaryLinks(canaryCatalog, canaryCatalog.canary!, clock.now);
  const attempt = (upstream: string, fails?: FailureKind): void =>
    links.onAttempt(
      attemptEntry({
        upstream,
        outcome: fails === undefined ? "succeeded" : "failed",
        failure: fails === undefined ? undefined : sampleFailure(fails),
      }),
    );
  return { clock, links, attempt };
}

const openNames = (links: CanaryLinks) => links.outage().breakers.map(({ name }) => name);

describe("the breakers of a canary", () => {
  it("count from when they opened, however often they are half-open in between", () => {
    const { clock, links } = world();
    clock.advanceSync(100);
    links.onBreaker("open", "acme/a@new");
    clock.advanceSync(900);
    links.onBreaker("half-open", "acme/a@new");
    links.onBreaker("open", "acme/a@new");
    expect(links.outage().breakers).toEqual([{ name: "acme/a@new", openedAt: 100 }]);
    expect(links.quiet()).toBe(false);
    links.onBreaker("closed", "acme/a@new");
    expect(links.outage().breakers).toEqual([]);
    expect(links.quiet()).toBe(true);
  });

  it("are those of models at both upstreams, and the upstream's own", () => {
    const { links } = world();
    for (const name of ["acme/b@new", "new", "acme/a@old", "acme/c@old", "elsewhere"]) {
      links.onBreaker("open", name);
    }
    expect(openNames(links)).toEqual(["new", "acme/b@new"]);
  });

  it("say nothing while stable's of the same model is open too", () => {
    const { links } = world();
    links.onBreaker("open", "acme/a@new");
    links.onBreaker("open", "acme/a@old");
    expect(openNames(links)).toEqual([]);
    links.onBreaker("open", "acme/b@new");
    expect(openNames(links)).toEqual(["acme/b@new"]);
  });

  it("say nothing while all of stable is away", () => {
    const { links } = world();
    for (const name of ["new", "acme/a@new", "old"]) links.onBreaker("open", name);
    expect(openNames(links)).toEqual([]);
  });

  it("count anew once stable is back, since both were down before", () => {
    const { clock, links } = world();
    links.onBreaker("open", "new");
    links.onBreaker("open", "old");
    clock.advanceSync(300_000);
    links.onBreaker("closed", "old");
    expect(links.outage().breakers).toEqual([{ name: "new", openedAt: 300_000 }]);
  });
});

describe("connections to a canary", () => {
  it("count in a row, until one comes about", () => {
    const { links, attempt } = world();
    for (let index = 0; index < 4; index++) attempt("new", "unreachable");
    expect(links.outage().unreached).toBe(4);
    expect(links.quiet()).toBe(false);
    attempt("new", "server-error");
    expect(links.outage().unreached).toBe(0);
  });

  it("are not judged by calls that their callers left, nor by other upstreams", () => {
    const { links, attempt } = world();
    attempt("new", "unreachable");
    attempt("new", "cancelled");
    attempt("elsewhere", "unreachable");
    attempt("elsewhere");
    expect(links.outage().unreached).toBe(1);
  });

  it("do not count while stable cannot be reached either", () => {
    const { links, attempt } = world();
    attempt("old", "unreachable");
    for (let index = 0; index < 9; index++) attempt("new", "unreachable");
    expect(links.outage().unreached).toBe(0);
    attempt("old");
    attempt("new", "unreachable");
    expect(links.outage().unreached).toBe(1);
  });

  it("count from the start again once the canary is armed", () => {
    const { links, attempt } = world();
    attempt("new", "unreachable");
    links.clear();
    expect(links.outage().unreached).toBe(0);
  });
});
