import type { Behaviour } from "../test/support/faulty-upstream.ts";
import {
  answers,
  answersHtml,
  answersNothing,
  finishesBeforeHeaders,
  hangsAfterHeaders,
  hangsBeforeHeaders,
  refuses,
  resetsBeforeHeaders,
  resetsInHeaders,
  sendsHeartbeats,
  streamsThenCuts,
  streamsThenEnds,
  streamsThenFails,
  streamsThenGarbles,
  streamsThenResets,
  streamsThenStalls,
} from "../test/support/upstream-behaviours.ts";

// No 401: it would put a key in quarantine for a minute, and nothing would be called any more.
const bad: readonly Behaviour[] = [
  answersHtml(),
  answersNothing,
  finishesBeforeHeaders,
  hangsAfterHeaders,
  hangsBeforeHeaders,
  refuses(500),
  refuses(503, {}, { "retry-after-ms": "100" }),
  refuses(429, {}, { "retry-after-ms": "100" }),
  refuses(400),
  resetsBeforeHeaders,
  resetsInHeaders,
  sendsHeartbeats(50),
  streamsThenCuts(2),
  streamsThenEnds(2),
  streamsThenFails(2, { message: "x" }),
  streamsThenGarbles(2),
  streamsThenResets(2),
  streamsThenStalls(2),
];

/** How one request is answered. @param random uniform in [0, 1) */
export function anyBehaviour(random: () => number, faultShare: number): Behaviour {
  if (random() >= faultShare) return answers();
  return bad[Math.floor(random() * bad.length)] ?? answers();
}
