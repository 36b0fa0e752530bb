import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { createWorldFailingOnce, FAILS, RetryWorld, SUCCEEDS } from "../../support/worlds/retry-world.js";

describe("Cancelled retry", () => {
  for (const hasId of [true, false]) {
    it(`Y09: ends a wait at msg.cancel with ${hasId ? "the id of its stream" : "no id"}, and sends no further request`, async () => {
      const world = createWorldFailingOnce({ ...FAILS, texts: ["Once"], takesMs: 10 }, { delay: 10_000 });
      world.ask({ payload: "Hi" });
      await world.clock.advance(1_000);
      assert.equal(world.done, world.got - 1, "the failed message is pending");
      world.input(hasId ? { cancel: true, parts: { id: "stream-0", index: 0 } } : { cancel: true });
      assert.equal(world.done, world.got);
      assert.equal(world.clock.timerCount, 0);
      await world.clock.advance(60_000);
      assert.equal(world.requests.length, 1);
      const [end] = world.ends;
      assert.equal(end!.finishReason, "cancelled");
      assert.equal(end!.error, undefined, "a cancelled stream has no error");
      assert.deepEqual(end!.parts, { id: "stream-0", index: 1, count: 2, type: "string", ch: "" });
      assert.equal(world.errors.length, 0);
    });
  }

  it("Y09: goes on waiting if another stream is cancelled", async () => {
    const world = createWorldFailingOnce(FAILS, { delay: 10_000 });
    world.ask({ payload: "Hi" });
    await world.clock.advance(1_000);
    world.input({ cancel: true, parts: { id: "another", index: 0 } });
    await world.clock.advance(60_000);
    assert.equal(world.ends[0]!.finishReason, "stop");
  });

  it("Y09: ends the waits of the conversation in msg.topic, or all waits if msg.topic is empty", async () => {
    const world = new RetryWorld((_request, nth) => (nth < 3 ? FAILS : SUCCEEDS), { delay: 10_000 });
    for (const topic of ["anna", "ben", "carl"]) world.ask({ payload: "Hi", topic });
    await world.clock.advance(15);
    world.input({ cancel: true, topic: "ben" });
    assert.deepEqual(
      world.ends.map(({ topic, finishReason }) => [topic, finishReason]),
      [["ben", "cancelled"]],
    );
    world.input({ cancel: true, topic: "" });
    assert.deepEqual(
      world.ends.map(({ topic }) => topic),
      ["ben", "anna", "carl"],
    );
    assert.equal(world.requests.length, 3);
    assert.equal(world.clock.timerCount, 0);
  });

  it("Y09: ends a cancelled stream soon if no answer comes to its repeated request", async () => {
    const world = createWorldFailingOnce({ ...FAILS, texts: ["Once"] });
    world.changeRequest = () => undefined;
    world.ask({ payload: "Hi" });
    await world.clock.advance(2_000);
    world.input({ cancel: true });
    await world.clock.advance(1_000);
    assert.equal(world.ends.length, 0, "the service may still end the stream");
    await world.clock.advance(1_500);
    const [end] = world.ends;
    assert.equal(end!.finishReason, "cancelled");
    assert.equal(end!.error, undefined);
    assert.deepEqual(end!.parts, { id: "stream-0", index: 1, count: 2, type: "string", ch: "" });
    assert.equal(world.clock.timerCount, 0);
    assert.equal(world.errors.length, 0);
  });

  it("Y09: ends a cancelled stream as the service does if its answer comes soon enough", async () => {
    const world = createWorldFailingOnce({ ...FAILS, texts: ["Once"] });
    world.changeRequest = (request) => {
      world.clock.setTimer(() => world.ask(request, "again"), 3_000);
      return undefined;
    };
    world.ask({ payload: "Hi" });
    await world.clock.advance(2_900);
    world.input({ cancel: true });
    await world.clock.advance(60_000);
    assert.equal(world.ends.length, 1);
    assert.equal(world.ends[0]!.finishReason, "stop");
    assert.equal(world.clock.timerCount, 0);
  });

  it("Y09: ends a stream that is cancelled twice soon after the second cancel if a failed answer came in between", async () => {
    const world = new RetryWorld(() => ({ ...FAILS, texts: ["Once"] }), { random: () => 0.5 });
    const sent: Message[] = [];
    world.changeRequest = (request) => {
      sent.push(request);
      return undefined;
    };
    world.ask({ payload: "Hi" });
    await world.clock.advance(2_000);
    world.input({ cancel: true });
    world.ask(sent[0], "again");
    await world.clock.advance(4_000);
    assert.equal(sent.length, 2);
    assert.equal(world.ends.length, 0);
    world.input({ cancel: true });
    await world.clock.advance(2_500);
    assert.equal(world.ends[0]?.finishReason, "cancelled");
    assert.equal(world.clock.timerCount, 0);
  });
});
