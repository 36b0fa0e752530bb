import assert from "node:assert/strict";
import type { RetryTag, RunTag } from "../../../src/node-red/messages/ask-tags.js";
import { CancelledStreams } from "../../../src/node-red/messages/cancelled-streams.js";
import type { Message } from "../../../src/node-red/red/api.js";

/** Creates a message that asks on behalf of a run, and perhaps of its reader's stream. */
function askFor(run: string, stream?: string): Message {
  const tag: RunTag = { kind: "run", node: "router", run, round: 2, ...(stream ? { stream } : {}) };
  return { askedBy: [tag] };
}

function askAgain(stream: string): Message {
  const tag: Partial<RetryTag> = { kind: "retry", node: "retry", stream };
  return { askedBy: [tag] };
}

describe("Cancelled streams", () => {
  it("admit what nobody has cancelled", () => {
    const streams = new CancelledStreams();
    assert.ok(streams.admit("a", "", {}));
    assert.ok(streams.admit("b", "", askFor("a")));
    assert.ok(streams.admit("c", "", askAgain("b")));
  });

  it("refuse what asks on behalf of a cancelled stream, by any of its names", () => {
    for (const name of ["run-1", "stream-1"]) {
      const streams = new CancelledStreams();
      streams.cancel(name);
      assert.equal(streams.admit("x", "", askFor("run-1", "stream-1")), false);
      assert.ok(streams.admit("y", "", askFor("run-2", "stream-2")));
    }
    const streams = new CancelledStreams();
    streams.cancel("stream-1");
    assert.equal(streams.admit("x", "", askAgain("stream-1")), false);
  });

  it("remember a cancel that comes before the stream has started", () => {
    const streams = new CancelledStreams();
    streams.cancel("run-1");
    assert.equal(streams.admit("a", "", askFor("run-1")), false);
    assert.equal(streams.admit("b", "", askFor("run-1")), false, "a refused stream starts nothing");
  });

  it("are those of a conversation if its key is cancelled, or all with an empty key", () => {
    const streams = new CancelledStreams();
    // Of the third, no command can name the conversation.
    const keys = ["t", "u", undefined];
    for (const key of keys) streams.admit(`stream-${key}`, key, {});
    streams.cancelAll("t");
    const admits = () => keys.map((key) => streams.admit("next", key, askAgain(`stream-${key}`)));
    assert.deepEqual(admits(), [false, true, true]);
    streams.cancelAll("");
    assert.deepEqual(admits(), [false, false, false]);
  });

  it("of a conversation are those that started before the cancel", () => {
    const streams = new CancelledStreams();
    streams.cancelAll("t");
    streams.admit("a", "t", {});
    assert.ok(streams.admit("b", "t", askAgain("a")));
  });

  it("know long names and keys apart", () => {
    const streams = new CancelledStreams();
    const long = "x".repeat(250);
    streams.admit(`${long}1`, `${long}1`, {});
    streams.admit(`${long}2`, `${long}2`, {});
    streams.cancelAll(`${long}1`);
    assert.equal(streams.admit("a", "", askAgain(`${long}1`)), false);
    assert.ok(streams.admit("b", "", askAgain(`${long}2`)));
  });
});
