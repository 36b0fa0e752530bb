import assert from "node:assert/strict";
import {
  type AskTag,
  asksFor,
  continuesEarlierWork,
  findRetryTag,
  findRunTag,
  findTagOf,
  markTagsOver,
  type RetryTag,
  type RunTag,
  readAskerNames,
  readContinuation,
  readTags,
  replaceTags,
  selectTagsOutside,
} from "../../../src/node-red/messages/ask-tags.js";
import type { Message } from "../../../src/node-red/red/api.js";

const RUN: RunTag = { kind: "run", node: "router", run: "run-1", round: 1 };
const RETRY: RetryTag = {
  kind: "retry",
  node: "retry",
  stream: "stream-1",
  attempt: 2,
  request: "r",
  deployId: "d",
  route: "again",
  restarts: 0,
};
const OVER: RunTag = { ...RUN, node: "gone", run: "run-0", over: true };

const tagged = (...askedBy: unknown[]) => ({ payload: "a", askedBy });

describe("Tags of the nodes that asked", () => {
  it("are read outermost first, without those that a flow has damaged", () => {
    const damaged = [
      null,
      "run",
      [],
      {},
      { ...RUN, node: 1 },
      { ...RUN, run: undefined },
      { ...RUN, round: "1" },
      { ...RETRY, stream: {} },
      { ...RUN, kind: "other" },
      { ...RUN, run: "x".repeat(257) },
      { ...RETRY, node: "x".repeat(257) },
    ];
    assert.deepEqual(readTags(tagged(RUN, ...damaged, RETRY)), [RUN, RETRY]);
    const long = { ...RUN, run: "x".repeat(256) };
    assert.deepEqual(readTags(tagged(long)), [long]);
  });

  it("are none if the property is no list", () => {
    for (const askedBy of [undefined, null, "retry", { 0: RUN }]) assert.deepEqual(readTags({ askedBy }), []);
  });

  it("are at most 16, the innermost ones", () => {
    const many = Array.from({ length: 20 }, (_, nth) => ({ ...RUN, run: `${nth}` }));
    assert.deepEqual(readTags(tagged(...many)), many.slice(4));
  });

  it("are found by kind: the innermost, and of runs only one that goes on", () => {
    const inner = { ...RUN, node: "inner" };
    const message = tagged(RETRY, RUN, { ...RETRY, node: "second" }, inner, OVER);
    assert.equal(findRetryTag(message)?.node, "second");
    assert.equal(findRunTag(message), inner);
    assert.equal(findRunTag(tagged(RETRY, OVER)), undefined);
    assert.equal(findRetryTag({}), undefined);
    assert.equal(findRunTag({}), undefined);
  });

  it("are found by node: the innermost, also if its run is over", () => {
    assert.equal(findTagOf(tagged(RUN, { ...RUN, round: 2 }, RETRY), "router")?.kind, "run");
    assert.deepEqual(findTagOf(tagged(RUN, { ...RUN, round: 2 }), "router"), { ...RUN, round: 2 });
    assert.equal(findTagOf(tagged(OVER), "gone"), OVER);
    assert.equal(findTagOf(tagged(RUN), "retry"), undefined);
  });

  it("are replaced in a copy of the message, and leave no trace if there are none", () => {
    const message = tagged(RUN);
    assert.deepEqual(replaceTags(message, [RETRY]), tagged(RETRY));
    assert.deepEqual(replaceTags<Message>(message, []), { payload: "a" });
    assert.deepEqual(message, tagged(RUN));
  });

  it("outside a node's own are those before its outermost tag, or all if it has none", () => {
    const tags: AskTag[] = [RETRY, RUN, { ...RUN, node: "inner" }, { ...RUN, round: 2 }];
    assert.deepEqual(selectTagsOutside(tags, "router"), [RETRY]);
    assert.deepEqual(selectTagsOutside(tags, "retry"), []);
    assert.deepEqual(selectTagsOutside(tags, "other"), tags);
    assert.notEqual(selectTagsOutside(tags, "other"), tags);
  });

  it("of a finished stream keep the routers, marked as over, and lose the retry nodes", () => {
    const message = tagged(RETRY, RUN);
    assert.deepEqual(markTagsOver(message), tagged({ ...RUN, over: true }));
    assert.deepEqual(message, tagged(RETRY, RUN));
    assert.deepEqual(markTagsOver(tagged(RETRY)), { payload: "a" });
  });

  it("name the streams and runs on whose behalf a message asks, without those that are over", () => {
    const message = tagged(RETRY, RUN, { ...RUN, run: "run-2", stream: "stream-2" }, OVER);
    assert.deepEqual(readAskerNames(message), ["stream-1", "run-1", "run-2", "stream-2"]);
    assert.ok(asksFor(message, "stream-2"));
    assert.equal(asksFor(message, "run-0"), false);
    assert.deepEqual(readAskerNames({}), []);
  });

  it("say whether a message asks for something older than itself", () => {
    for (const [tags, expected] of [
      [[], false],
      [[RUN], false],
      [[{ ...RUN, round: 2 }], true],
      [[{ ...RUN, round: 2, over: true }], false],
      [[RETRY], true],
      [[RETRY, RUN], true],
    ] as const) {
      assert.equal(continuesEarlierWork(tagged(...tags)), expected, JSON.stringify(tags));
    }
  });

  it("say what the innermost repetition continues, if a flow has not damaged it", () => {
    const continuing = (continues: unknown) => tagged(RETRY, { ...RETRY, continues }, RUN);
    assert.deepEqual(readContinuation(continuing({ added: 2, echo: "", more: 1 })), { added: 2, echo: "" });
    assert.deepEqual(readContinuation(continuing({ added: 1, echo: "\n" })), { added: 1, echo: "\n" });
    for (const damaged of [
      undefined,
      null,
      1,
      {},
      { added: 3, echo: "" },
      { added: 1 },
      { added: 1, echo: 5 },
    ]) {
      assert.equal(readContinuation(continuing(damaged)), undefined, JSON.stringify(damaged));
    }
    assert.equal(readContinuation({}), undefined);
  });
});
