import assert from "node:assert/strict";
import fc from "fast-check";
import type { AskTag, RetryTag, RunTag } from "../../../src/node-red/messages/ask-tags.js";
import { InFlight } from "../../../src/node-red/messages/in-flight.js";

const RUN: RunTag = { kind: "run", node: "router", run: "run-1", round: 1 };
const RETRY: RetryTag = {
  kind: "retry",
  node: "retry",
  stream: "s",
  attempt: 2,
  request: "r",
  deployId: "d",
  route: "again",
  restarts: 0,
};

describe("Requests in flight", () => {
  it("are held for each tag, until the last of their holders lets go", () => {
    const requests = new InFlight();
    const releases = [requests.hold([RUN, RETRY]), requests.hold([RETRY])];
    assert.ok(requests.isHeld(RUN) && requests.isHeld(RETRY));
    releases[0]!();
    assert.deepEqual([requests.isHeld(RUN), requests.isHeld(RETRY)], [false, true]);
    releases[1]!();
    assert.equal(requests.isHeld(RETRY), false);
  });

  it("are let go once by each holder, however often it does so", () => {
    const requests = new InFlight();
    const [release] = [requests.hold([RUN]), requests.hold([RUN])];
    release!();
    release!();
    assert.equal(requests.isHeld(RUN), true);
  });

  it("are told apart by everything that names a request", () => {
    const requests = new InFlight();
    requests.hold([RUN, RETRY]);
    const others: AskTag[] = [
      { ...RUN, node: "other" },
      { ...RUN, run: "other" },
      { ...RUN, round: 2 },
      { ...RETRY, node: "other" },
      { ...RETRY, stream: "other" },
      { ...RETRY, request: "other" },
    ];
    for (const tag of others) assert.equal(requests.isHeld(tag), false, JSON.stringify(tag));
  });

  it("are the same request if only what the tag says beside its name is different", () => {
    const requests = new InFlight();
    requests.hold([RUN, RETRY]);
    assert.ok(requests.isHeld({ ...RUN, stream: "s" }));
    assert.ok(requests.isHeld({ ...RETRY, attempt: 5, route: "fallback", restarts: 3, messagesSent: 1 }));
  });

  it("leave nothing behind, whoever holds them in whatever order", () => {
    const tags = [RUN, { ...RUN, round: 2 }, RETRY];
    const anyHold = fc.array(fc.constantFrom(...tags), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(fc.tuple(anyHold, fc.nat(5))), (steps) => {
        const requests = new InFlight();
        const open: { held: AskTag[]; release: () => void }[] = [];
        for (const [held, nth] of steps) {
          open.push({ held, release: requests.hold(held) });
          if (nth < open.length) open.splice(nth, 1)[0]!.release();
          for (const tag of tags) {
            assert.equal(
              requests.isHeld(tag),
              open.some((one) => one.held.includes(tag)),
            );
          }
        }
      }),
    );
  });
});
