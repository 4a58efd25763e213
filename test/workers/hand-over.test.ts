import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createHandOver, type HandOver } from "../../src/workers/hand-over.ts";

interface World {
  readonly handOver: HandOver<string>;
  /** `worker connection`, in order. */
  readonly sent: string[];
  readonly released: string[];
}

function createWorld(): World {
  const sent: string[] = [];
  const released: string[] = [];
  const handOver = createHandOver<string>({
    send: (worker, _listener, connection) => sent.push(`${worker} ${connection}`),
    release: (connection) => released.push(connection),
  });
  return { handOver, sent, released };
}

describe("handing connections over", () => {
  it("gives each to the worker with the fewest open ones, in turn where they have as many", () => {
    const { handOver, sent } = createWorld();
    handOver.join(1, ["grpc"]);
    handOver.join(2, ["grpc"]);
    for (const connection of ["a", "b", "c", "d"]) {
      handOver.give("grpc", connection);
      for (const worker of [1, 2]) handOver.took(worker, true);
    }
    expect(sent).toEqual(["1 a", "2 b", "1 c", "2 d"]);
    handOver.ended(2, 2);
    handOver.give("grpc", "e");
    handOver.took(2, true);
    handOver.give("grpc", "f");
    expect(sent.slice(4)).toEqual(["2 e", "2 f"]);
  });

  it("fills the place of a worker that left before the others get more", () => {
    const { handOver, sent } = createWorld();
    handOver.join(1, ["grpc"]);
    for (const connection of ["a", "b", "c"]) {
      handOver.give("grpc", connection);
      handOver.took(1, true);
    }
    handOver.join(2, ["grpc"]);
    for (const connection of ["d", "e", "f"]) {
      handOver.give("grpc", connection);
      handOver.took(2, true);
    }
    expect(sent.slice(3)).toEqual(["2 d", "2 e", "2 f"]);
  });

  it("sends a worker no second one before it has taken the first", () => {
    const { handOver, sent, released } = createWorld();
    handOver.join(1, ["grpc"]);
    handOver.give("grpc", "a");
    handOver.give("grpc", "b");
    expect(sent).toEqual(["1 a"]);
    handOver.took(1, true);
    expect(sent).toEqual(["1 a", "1 b"]);
    expect(released).toEqual(["a"]);
  });

  it("passes by a worker that hangs", () => {
    const { handOver, sent } = createWorld();
    handOver.join(1, ["grpc"]);
    handOver.join(2, ["grpc"]);
    handOver.give("grpc", "a");
    for (const connection of ["b", "c", "d"]) {
      handOver.give("grpc", connection);
      handOver.took(2, true);
    }
    expect(sent).toEqual(["1 a", "2 b", "2 c", "2 d"]);
  });

  it("gives what a worker did not take, or died with, to another, before those that came later", () => {
    const { handOver, sent, released } = createWorld();
    handOver.join(1, ["grpc"]);
    handOver.give("grpc", "a");
    handOver.give("grpc", "b");
    handOver.join(2, []);
    handOver.leave(1);
    expect(sent).toEqual(["1 a"]);
    handOver.join(3, ["grpc"]);
    handOver.close(3, "grpc");
    handOver.took(3, false);
    handOver.join(4, ["grpc"]);
    handOver.took(4, true);
    expect(sent).toEqual(["1 a", "3 a", "4 a", "4 b"]);
    expect(released).toEqual(["a"]);
  });

  it("knows how many open connections go with a worker, but for one that it has not taken", () => {
    const { handOver } = createWorld();
    handOver.join(1, ["grpc"]);
    for (const connection of ["a", "b", "c"]) {
      handOver.give("grpc", connection);
      handOver.took(1, true);
    }
    handOver.ended(1, 1);
    handOver.give("grpc", "d");
    expect(handOver.leave(1)).toBe(2);
    expect(handOver.leave(1)).toBe(0);
  });

  it("holds to the listener: a worker gets none of one that it closed", () => {
    const { handOver, sent } = createWorld();
    handOver.join(1, ["grpc", "connect"]);
    handOver.join(2, ["grpc", "connect"]);
    handOver.close(1, "grpc");
    for (const connection of ["a", "b"]) {
      handOver.give("grpc", connection);
      handOver.took(2, true);
    }
    handOver.give("connect", "c");
    expect(sent).toEqual(["2 a", "2 b", "1 c"]);
  });

  it("lets those go that nobody will take: too many while there is no worker, and all once it stops", () => {
    const { handOver, released } = createWorld();
    for (let n = 0; n < 1030; n++) handOver.give("grpc", `${n}`);
    expect(released).toEqual(["1024", "1025", "1026", "1027", "1028", "1029"]);
    handOver.stop();
    expect(released).toHaveLength(1030);
    handOver.give("grpc", "late");
    expect(released.at(-1)).toBe("late");
  });

  it("never loses a connection and never gives it to two that took it, whatever happens", () => {
    const happening = fc.oneof(
      fc.record({ kind: fc.constant("give" as const) }),
      fc.record({
        kind: fc.constantFrom("join" as const, "took" as const, "nack" as const, "leave" as const),
        worker: fc.integer({ min: 1, max: 3 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
        const { handOver, sent, released } = createWorld();
        const joined = new Set<number>();
        const underWay = new Map<number, string>();
        const taken: string[] = [];
        let given = 0;
        const look = (): void => {
          for (const line of sent.splice(0)) {
            const [worker = "", connection = ""] = line.split(" ");
            expect(underWay.has(Number(worker))).toBe(false);
            underWay.set(Number(worker), connection);
          }
        };
        for (const step of happenings) {
          if (step.kind === "give") handOver.give("grpc", `c${(given += 1)}`);
          else if (step.kind === "join") {
            if (!joined.has(step.worker)) handOver.join(step.worker, ["grpc"]);
            joined.add(step.worker);
          } else if (step.kind === "leave") {
            joined.delete(step.worker);
            underWay.delete(step.worker);
            handOver.leave(step.worker);
          } else if (underWay.has(step.worker)) {
            const connection = underWay.get(step.worker)!;
            underWay.delete(step.worker);
            if (step.kind === "took") taken.push(connection);
            else handOver.close(step.worker, "grpc");
            handOver.took(step.worker, step.kind === "took");
          }
          look();
        }
        // Each is released here exactly once it was taken, and not before.
        expect(released).toEqual(taken);
        expect(new Set(taken).size).toBe(taken.length);
        handOver.stop();
        expect(released.length + underWay.size).toBe(given);
      }),
    );
  });
});
