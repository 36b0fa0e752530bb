import assert from "node:assert/strict";
import { Failure } from "../../../src/core/failure.js";
import { FleetWorld, type ReceivedAnswer, type WorldWorker } from "../../support/worlds/fleet-world.js";

describe("Fleet with workers that refuse", () => {
  let world: FleetWorld;
  beforeEach(() => {
    world = new FleetWorld();
  });

  /** Asserts how an answer failed, and that it ended once. */
  function assertFailed(answer: ReceivedAnswer, code: string, words: RegExp): void {
    assert.ok(answer.end instanceof Failure, String(answer.end));
    assert.equal(answer.end.code, code);
    assert.match(answer.end.message, words);
    assert.equal(answer.ends, 1);
  }

  /** The calls of a worker, answered with its name. */
  function answerAll({ calls }: WorldWorker, name: string): void {
    for (const { writer } of calls.splice(0)) {
      writer.write(name);
      writer.end();
    }
    world.broker.deliver();
  }

  describe("with a full worker", () => {
    it("Q10: asks another one at once", () => {
      const { fleet } = world.addFront();
      const [full, free] = [world.addWorker({ maxCalls: 1 }), world.addWorker({ maxCalls: 5 })];
      const answers = [1, 2, 3, 4].map(() => world.ask(fleet));
      assert.equal(full.calls.length, 1);
      assert.equal(free.calls.length, 3);
      answerAll(full, "full");
      answerAll(free, "free");
      assert.deepEqual(
        answers.map(({ end }) => end),
        Array(4).fill("whole"),
      );
    });

    it("Q11: waits if all are full, and goes to the first that becomes free", () => {
      const { fleet } = world.addFront();
      const [one, other] = [world.addWorker({ maxCalls: 1 }), world.addWorker({ maxCalls: 1 })];
      const answers = [1, 2, 3, 4].map(() => world.ask(fleet));
      assert.deepEqual([one.calls.length, other.calls.length], [1, 1]);
      answerAll(other, "other");
      assert.equal(other.calls.length, 1, "the free one has the next call without a wait");
      answerAll(other, "other");
      answerAll(other, "other");
      answerAll(one, "one");
      assert.deepEqual(answers.map(({ text }) => text).sort(), ["one", "other", "other", "other"]);
    });

    it("Q11: asks again after a second if the news of a free worker was lost", () => {
      const { fleet } = world.addFront();
      const worker = world.addWorker({ maxCalls: 1 });
      world.ask(fleet);
      const answer = world.ask(fleet);
      world.broker.decideFate = (_topic, text) => ({ copies: text.includes('"free"') ? 0 : 1, lateness: 0 });
      answerAll(worker, "first");
      assert.equal(worker.calls.length, 0);
      world.pass(1_500);
      answerAll(worker, "second");
      assert.equal(answer.text, "second");
    });

    it("Q11: keeps a waiting call as long as its front wants it", () => {
      const { fleet } = world.addFront();
      const worker = world.addWorker({ maxCalls: 1 });
      world.ask(fleet);
      const answer = world.ask(fleet);
      world.pass(60_000);
      assert.equal(answer.end, undefined);
      answer.abort();
      answerAll(worker, "first");
      assert.equal(worker.calls.length, 0, "nobody asks for a cancelled call");
    });
  });

  it("Q12: finds the worker that has the model", () => {
    const { fleet } = world.addFront();
    world.addWorker({ models: ["a"] });
    const other = world.addWorker({ models: ["b"] });
    const answers = [1, 2].map(() => world.ask(fleet, { model: "b" }));
    assert.equal(other.calls.length, 2);
    answerAll(other, "b");
    assert.deepEqual(
      answers.map(({ text }) => text),
      ["b", "b"],
    );
  });

  it("Q12: says which models there are if no worker has the one that was asked for", () => {
    const { fleet } = world.addFront();
    world.addWorker({ models: ["a", "b"] });
    world.addWorker({ models: ["c"] });
    const answer = world.ask(fleet, { model: "x" });
    assertFailed(answer, "not_found", /“x”.*“a”, “b”, “c”|“x”.*“c”, “a”, “b”/);
  });
});
