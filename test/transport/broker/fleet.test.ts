import assert from "node:assert/strict";
import { Failure } from "../../../src/core/failure.js";
import { FleetWorld, ReceivedAnswer, type WorldWorker } from "../../support/worlds/fleet-world.js";

describe("Fleet of workers at a broker", () => {
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

  it("hands a request over and its answer back", () => {
    const { fleet } = world.addFront();
    const worker = world.addWorker();
    const answer = world.ask(fleet, { model: "m", messages: [] });
    const [call] = worker.calls;
    assert.equal(call!.model, "m");
    assert.deepEqual(JSON.parse(call!.body), { model: "m", messages: [] });
    assert.equal(answer.contentType, "text/event-stream");
    call!.writer.write("Hel");
    call!.writer.write("lo 🌍");
    call!.writer.end();
    world.broker.deliver();
    assert.equal(answer.text, "Hello 🌍");
    assert.equal(answer.end, "whole");
    assert.equal(worker.worker.callCount, 0);
    world.pass(2_000);
    assert.equal(world.clock.timerCount, 0);
  });

  it("sends the first text at once, and gathers what follows for 50 ms", () => {
    const { fleet } = world.addFront();
    const { calls } = world.addWorker();
    const answer = world.ask(fleet);
    const { writer } = calls[0]!;
    for (const word of ["a", "b", "c"]) writer.write(word);
    world.broker.deliver();
    assert.equal(answer.text, "a");
    world.pass(50);
    assert.equal(answer.text, "abc");
    assert.equal(world.broker.published.filter(({ text }) => text.includes('"piece"')).length, 2);
  });

  it("cuts long texts into pieces, and no character in two", () => {
    const { fleet } = world.addFront();
    const { calls } = world.addWorker();
    const answer = world.ask(fleet);
    const long = `x${"🌍".repeat(40_000)}`;
    calls[0]!.writer.write(long);
    calls[0]!.writer.end();
    world.broker.deliver();
    assert.equal(answer.text, long);
    for (const { text } of world.broker.published) assert.ok(text.length < 100_000);
  });

  it("passes the failure of a worker on as it is", () => {
    const { fleet } = world.addFront();
    const { calls } = world.addWorker();
    const answer = world.ask(fleet);
    const failure = new Failure("rate_limit", "Too fast.", { status: 429, retryAfterMs: 7_000 }).toJSON();
    calls[0]!.writer.end(failure);
    world.broker.deliver();
    assertFailed(answer, "rate_limit", /^Too fast\.$/);
    const { status, retryAfterMs } = answer.end as Failure;
    assert.deepEqual([status, retryAfterMs], [429, 7_000]);
  });

  describe("with a worker that goes away", () => {
    it("Q01: fails after the silence if the worker dies in the middle", () => {
      const { fleet } = world.addFront(5_000);
      const { calls, link } = world.addWorker();
      const answer = world.ask(fleet);
      calls[0]!.writer.write("Once upon");
      world.broker.deliver();
      link.isConnected = false;
      world.pass(4_500);
      assert.equal(answer.end, undefined);
      world.pass(2_000);
      assertFailed(answer, "interrupted", /said nothing for 5 s/);
      assert.equal(answer.text, "Once upon");
    });

    it("Q01: fails after the silence if no worker takes the request", () => {
      const { fleet } = world.addFront(3_000);
      const answer = world.ask(fleet);
      world.pass(3_500);
      assertFailed(answer, "connection", /No worker took the request within 3 s/);
    });

    it("Q02: waits for a worker that thinks for minutes, since it says that it works", () => {
      const { fleet } = world.addFront();
      const worker = world.addWorker();
      const answer = world.ask(fleet);
      world.pass(180_000);
      assert.equal(answer.end, undefined);
      answerAll(worker, "42");
      assert.equal(answer.text, "42");
    });

    it("Q03: takes nothing of a worker that was given up, and stops it", () => {
      const { fleet } = world.addFront(2_000);
      const { calls, link } = world.addWorker();
      const answer = world.ask(fleet);
      let hasLeft = false;
      calls[0]!.writer.onLeave = () => {
        hasLeft = true;
      };
      // The worker works on, but nothing of it arrives.
      world.broker.decideFate = (topic) => ({ copies: topic.includes("/fronts/") ? 0 : 1, lateness: 0 });
      world.pass(3_000);
      assertFailed(answer, "interrupted", /said nothing/);
      assert.ok(hasLeft);
      assert.ok(link.isConnected);
    });

    it("Q03: stops a worker that accepts a request only after it was given up", () => {
      const { fleet } = world.addFront(2_000);
      const lateRequests: string[] = [];
      world.broker.decideFate = (topic, text) => {
        if (!topic.endsWith("/requests")) return { copies: 1, lateness: 0 };
        lateRequests.push(text);
        return { copies: 0, lateness: 0 };
      };
      const first = world.ask(fleet);
      world.pass(2_500);
      assertFailed(first, "connection", /No worker/);
      const { calls, worker } = world.addWorker();
      world.broker.decideFate = () => ({ copies: 1, lateness: 0 });
      world.broker.publish("chat/requests", lateRequests[0]!);
      world.broker.deliver();
      assert.equal(calls.length, 1);
      assert.equal(worker.callCount, 0, "the worker does not work for nobody");
    });
  });

  describe("with a broker that fails", () => {
    it("Q04: fails if a piece is lost, never with a wrong text", () => {
      const { fleet } = world.addFront();
      const { calls } = world.addWorker();
      const answer = world.ask(fleet);
      let pieces = 0;
      world.broker.decideFate = (_topic, text) => ({
        copies: text.includes('"piece"') && ++pieces === 2 ? 0 : 1,
        lateness: 0,
      });
      for (const word of ["one ", "two ", "three "]) {
        calls[0]!.writer.write(word);
        world.pass(100);
      }
      calls[0]!.writer.end();
      world.pass(2_000);
      assertFailed(answer, "interrupted", /Piece 1 of the answer was lost/);
      assert.equal(answer.text, "one ");
    });

    it("Q05: reads doubled and overtaking messages once and in order", () => {
      const { fleet } = world.addFront();
      const { calls } = world.addWorker();
      let turn = 0;
      world.broker.decideFate = () => ({ copies: 2, lateness: turn++ % 3 });
      const answer = world.ask(fleet);
      assert.equal(calls.length, 1);
      for (const word of ["one ", "two ", "three ", "four"]) {
        calls[0]!.writer.write(word);
        world.clock.run(50);
      }
      calls[0]!.writer.end();
      world.broker.deliver();
      assert.equal(answer.text, "one two three four");
      assert.equal(answer.end, "whole");
      assert.equal(answer.ends, 1);
    });

    it("Q06: waits for a broker that comes back, and says so if it does not", () => {
      const { fleet, link } = world.addFront(3_000);
      const worker = world.addWorker();
      link.isConnected = false;
      const kept = world.ask(fleet);
      world.pass(1_000);
      link.isConnected = true;
      world.broker.deliver();
      answerAll(worker, "back");
      assert.equal(kept.text, "back");
      link.isConnected = false;
      const lost = world.ask(fleet);
      world.pass(4_000);
      assertFailed(lost, "connection", /broker is not connected/);
    });

    it("Q07: refuses a request that is larger than the broker takes", () => {
      const { fleet } = world.addFront();
      world.addWorker();
      world.broker.maxMessageBytes = 4_096;
      const answer = world.ask(fleet, {
        model: "m",
        messages: [{ role: "user", content: "x".repeat(4_000) }],
      });
      assertFailed(answer, "limit", /takes at most 4096/);
      assert.equal(world.broker.published.length, 0);
    });
  });

  describe("with readers that leave", () => {
    it("Q08: stops the worker in the middle of an answer", () => {
      const { fleet } = world.addFront();
      const { calls, worker } = world.addWorker();
      const answer = world.ask(fleet);
      let hasLeft = false;
      calls[0]!.writer.onLeave = () => (hasLeft = true);
      answer.abort();
      world.broker.deliver();
      assert.ok(hasLeft);
      assert.equal(worker.callCount, 0);
    });

    it("Q08: stops a request that no worker has taken yet", () => {
      const { fleet } = world.addFront();
      const { calls } = world.addWorker();
      let isHeld = true;
      world.broker.decideFate = (topic) => ({
        copies: isHeld && topic.endsWith("/requests") ? 0 : 1,
        lateness: 0,
      });
      const answer = world.ask(fleet);
      const request = world.broker.published.find(({ topic }) => topic.endsWith("/requests"))!;
      answer.abort();
      isHeld = false;
      world.broker.deliver();
      world.broker.publish(request.topic, request.text);
      world.broker.deliver();
      assert.equal(calls.length, 0);
    });

    it("Q09: stops the workers of a front that dies", () => {
      const { fleet, link } = world.addFront();
      const { calls, worker } = world.addWorker();
      world.ask(fleet);
      let hasLeft = false;
      calls[0]!.writer.onLeave = () => (hasLeft = true);
      world.pass(20_000);
      assert.ok(!hasLeft, "a front that lives is waited for");
      link.isConnected = false;
      world.pass(12_000);
      assert.ok(hasLeft);
      assert.equal(worker.callCount, 0);
    });
  });

  it("Q05: takes the answer of one worker if the broker gives a request to two, and stops the other", () => {
    const { fleet } = world.addFront();
    const workers = [world.addWorker(), world.addWorker()];
    world.broker.decideFate = (topic) => ({ copies: topic.endsWith("/requests") ? 2 : 1, lateness: 0 });
    const answer = world.ask(fleet);
    const [first, second] = workers.map(({ calls }) => calls[0]!);
    second!.writer.write("wrong");
    first!.writer.write("right");
    world.broker.deliver();
    assert.deepEqual(
      workers.map(({ worker }) => worker.callCount),
      [1, 0],
    );
    first!.writer.end();
    world.broker.deliver();
    assert.equal(answer.text, "right");
    assert.equal(answer.end, "whole");
  });

  it("Q13: keeps the answers of two fronts apart", () => {
    const [one, other] = [world.addFront(), world.addFront()];
    const { calls } = world.addWorker();
    const answers = [world.ask(one.fleet), world.ask(other.fleet)];
    for (const [index, { writer }] of calls.entries()) {
      writer.write(`answer ${index}`);
      writer.end();
    }
    world.broker.deliver();
    assert.deepEqual(
      answers.map(({ text }) => text),
      ["answer 0", "answer 1"],
    );
  });

  it("lists the models of all workers, and counts the workers", () => {
    const { fleet } = world.addFront();
    world.addWorker({ models: ["a", "b"] });
    world.addWorker({ models: ["b", "c"] });
    const answer = new ReceivedAnswer();
    fleet.dispatch({ method: "GET", path: "/models" }, answer);
    world.broker.deliver();
    world.pass(1_000);
    assert.deepEqual(JSON.parse(answer.text), {
      data: [{ id: "a" }, { id: "b" }, { id: "c" }],
      workers: 2,
    });
  });

  it("ignores what is no frame, whatever it is", () => {
    const { fleet } = world.addFront();
    const worker = world.addWorker();
    const answer = world.ask(fleet);
    const { topic } = world.broker.published.at(-1)!;
    const texts = [
      "",
      "{",
      "null",
      "[]",
      '{"type":"piece"}',
      '{"type":"end","call":"../#","number":0}',
      '{"type":"__proto__"}',
    ];
    for (const text of texts) {
      world.broker.publish(topic, text);
      world.broker.publish("chat/workers", text);
    }
    world.broker.deliver();
    answerAll(worker, "fine");
    assert.equal(answer.text, "fine");
  });
});
