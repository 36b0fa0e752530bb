import assert from "node:assert/strict";
import { Lanes, Replacements } from "../../../src/node-red/chat-stream/busy/lanes.js";
import type { StreamSession } from "../../../src/node-red/chat-stream/session.js";
import { measureHeldBytes } from "../../support/held-bytes.js";

describe("Lanes of conversations", () => {
  it("run one task of each at a time, in order of arrival, and keep nothing of those that are over", () => {
    const lanes = new Lanes();
    const before = measureHeldBytes(lanes);
    const started: string[] = [];
    const enter = (lane: string, task: string) => lanes.enter(lane, () => started.push(task));
    const [a1, a2, a3, b1] = [enter("a", "a1"), enter("a", "a2"), enter("a", "a3"), enter("b", "b1")];
    assert.deepEqual(started, ["a1", "b1"]);
    a2.release();
    a1.release();
    assert.deepEqual(started, ["a1", "b1", "a3"]);
    const a4 = enter("a", "a4");
    a1.release();
    assert.deepEqual(started, ["a1", "b1", "a3"], "a second release does nothing");
    a3.release();
    assert.deepEqual(started, ["a1", "b1", "a3", "a4"]);
    for (const ticket of [a4, b1]) ticket.release();
    assert.equal(measureHeldBytes(lanes), before);
  });
});

describe("Replaced streams", () => {
  const createStream = (arrival: number, key = "k", message = {}) =>
    ({ key, arrival, message, isOver: false }) as unknown as StreamSession;

  it("are those of the same conversation that arrived before and still run", () => {
    const replacements = new Replacements();
    const [first, second, other, third] = [
      createStream(1),
      createStream(2),
      createStream(3, "x"),
      createStream(4),
    ];
    assert.deepEqual(replacements.add(first), []);
    assert.deepEqual(replacements.add(second), [first]);
    assert.deepEqual(replacements.add(other), []);
    first.isOver = true;
    replacements.remove(first);
    assert.deepEqual(replacements.add(third), [second]);
    second.isOver = true;
    assert.deepEqual(
      replacements.add(createStream(5)),
      [third],
      "the second one is over, though not removed yet",
    );
  });

  it("are none if a newer one has been added, whose request was composed first", () => {
    const replacements = new Replacements();
    assert.deepEqual(replacements.add(createStream(2)), []);
    assert.equal(replacements.add(createStream(1)), undefined);
  });

  it("leave nothing behind when they are removed", () => {
    const replacements = new Replacements();
    const before = measureHeldBytes(replacements);
    const streams = [createStream(1), createStream(2)];
    for (const stream of streams) replacements.add(stream);
    for (const stream of [...streams, ...streams]) replacements.remove(stream);
    assert.equal(measureHeldBytes(replacements), before);
  });
});
