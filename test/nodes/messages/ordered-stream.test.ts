import assert from "node:assert/strict";
import fc from "fast-check";
import { OrderedStream } from "../../../src/node-red/messages/ordered-stream.js";
import type { StreamMessage } from "../../../src/node-red/messages/stream-message.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

/** Creates a message. Its payload names its place. */
function createMessage(index: number, restarts = 0): StreamMessage {
  const parts = { id: "s", index, type: "string", ch: "", ...(restarts > 0 ? { restarts } : {}) };
  return { payload: `${restarts}/${index}`, parts };
}

/** Creates the message with which a retry node says that the stream begins again. */
function createNotice(restarts: number): StreamMessage {
  return { ...createMessage(0, restarts), payload: "", reset: true };
}

/** An ordered stream that records what its listener is told. */
class OrderWorld {
  readonly clock = new FakeClock();
  readonly told: string[] = [];
  readonly stream: OrderedStream;

  constructor(first = createMessage(0), mayBeginLate = false) {
    this.stream = new OrderedStream(
      this.clock,
      {
        onMessage: ({ payload }) => this.told.push(String(payload)),
        onRestart: ({ parts }) => this.told.push(`restart ${parts.restarts}`),
        onGap: ({ message }) => this.told.push(/messages (.*) are missing/.exec(message)![1]!),
      },
      first,
      mayBeginLate,
    );
  }

  add(...indexes: number[]): void {
    for (const index of indexes) this.stream.add(createMessage(index));
  }
}

describe("Ordered stream", () => {
  it("gives each message once and in order, however they come", () => {
    const world = new OrderWorld();
    world.add(1, 0, 0, 3, 1, 3, 2);
    assert.deepEqual(world.told, ["0/0", "0/1", "0/2", "0/3"]);
    assert.equal(world.stream.isWaiting, false);
    assert.equal(world.clock.timerCount, 0);
  });

  it("tells a gap five seconds after nothing filled it", () => {
    const world = new OrderWorld();
    world.add(0, 2, 4);
    world.clock.run(4_999);
    assert.deepEqual(world.told, ["0/0"]);
    world.clock.run(1);
    assert.deepEqual(world.told, ["0/0", "1, 3"]);
  });

  it("gives a later gap five seconds of its own", () => {
    const world = new OrderWorld();
    world.add(0, 2, 4);
    world.clock.run(4_000);
    world.add(1);
    world.clock.run(4_000);
    assert.deepEqual(world.told, ["0/0", "0/1", "0/2"]);
    world.clock.run(5_000);
    assert.deepEqual(world.told.at(-1), "3");
  });

  it("tells a gap at once if more than 10,000 messages wait", () => {
    const world = new OrderWorld();
    for (let index = 1; index <= 10_001; index++) world.add(index);
    assert.deepEqual(world.told, ["0"]);
  });

  it("begins with the first message that waits if the beginning may have gone elsewhere", () => {
    const world = new OrderWorld(createMessage(3), true);
    world.add(3, 5);
    world.clock.run(5_000);
    assert.deepEqual(world.told, ["0/3"]);
    world.clock.run(5_000);
    assert.deepEqual(world.told, ["0/3", "4"], "only the beginning may be missing");
  });

  it("tells a restart once, whichever message shows it first, and drops what is void", () => {
    for (const first of [createNotice(1), createMessage(1, 1)]) {
      const world = new OrderWorld();
      world.add(0, 2);
      for (const message of [
        first,
        createMessage(1),
        createNotice(1),
        createMessage(1, 1),
        createMessage(0, 1),
      ])
        world.stream.add(message);
      world.add(3);
      assert.deepEqual(world.told, ["0/0", "restart 1", "1/0", "1/1"]);
      world.clock.run(100_000);
      assert.equal(world.told.length, 4, "no gap of the old beginning is told");
    }
  });

  it("gives nothing of the old beginning if the stream begins again while a row of messages is given", () => {
    const told: string[] = [];
    const stream = new OrderedStream(
      new FakeClock(),
      {
        onMessage: ({ payload }) => {
          told.push(String(payload));
          if (payload === "0/1") for (const index of [1, 0]) stream.add(createMessage(index, 1));
        },
        onRestart: () => told.push("restart"),
        onGap: ({ message }) => told.push(message),
      },
      createMessage(0),
    );
    for (const index of [4, 3, 2, 1, 0]) stream.add(createMessage(index));
    assert.deepEqual(told, ["0/0", "0/1", "restart", "1/0", "1/1"]);
  });

  it("gives a gap after a restart five seconds of its own", () => {
    const world = new OrderWorld();
    world.add(1);
    world.clock.run(4_000);
    world.stream.add(createMessage(1, 1));
    world.clock.run(4_999);
    assert.deepEqual(world.told, ["restart 1"]);
    world.clock.run(1);
    assert.deepEqual(world.told, ["restart 1", "0"]);
  });

  it("tells a gap that comes after another one was filled", () => {
    const world = new OrderWorld();
    world.add(0, 2, 1, 4);
    world.clock.run(5_000);
    assert.deepEqual(world.told, ["0/0", "0/1", "0/2", "3"]);
  });

  it("tells the first message of a new beginning as missing, though the notice came in its place", () => {
    const world = new OrderWorld();
    world.add(0);
    for (const message of [createNotice(1), createMessage(1, 1)]) world.stream.add(message);
    world.clock.run(5_000);
    assert.deepEqual(world.told, ["0/0", "restart 1", "0"]);
  });

  it("takes an empty first message of a new beginning after five seconds, in case it was a notice", () => {
    const world = new OrderWorld();
    world.add(0);
    world.stream.add({ ...createMessage(0, 1), payload: "" });
    world.stream.add(createMessage(1, 1));
    assert.deepEqual(world.told, ["0/0", "restart 1"]);
    world.clock.run(5_000);
    assert.deepEqual(world.told, ["0/0", "restart 1", "", "1/1"]);
    world.stream.add(createMessage(3, 1));
    world.clock.run(5_000);
    assert.deepEqual(world.told.slice(4), ["2"], "it is not taken again for a later gap");
  });

  it("forgets a notice without its mark when the first message comes", () => {
    const world = new OrderWorld();
    world.add(0);
    world.stream.add({ ...createMessage(0, 1), payload: "" });
    world.stream.add(createMessage(0, 1));
    world.stream.add(createMessage(2, 1));
    world.clock.run(5_000);
    assert.deepEqual(world.told, ["0/0", "restart 1", "1/0", "1"]);
  });

  it("takes a stream that had begun again before as it comes", () => {
    const world = new OrderWorld(createMessage(0, 2));
    for (const message of [createMessage(0, 2), createMessage(1, 1), createMessage(1, 2)])
      world.stream.add(message);
    assert.deepEqual(world.told, ["2/0", "2/1"]);
  });

  it("gives nothing once it is closed, and leaves no timer", () => {
    const world = new OrderWorld();
    world.add(0, 2);
    world.stream.close();
    world.add(1, 3);
    world.clock.run(100_000);
    assert.deepEqual(world.told, ["0/0"]);
    assert.equal(world.clock.timerCount, 0);
  });

  it("stops inside a row of messages if its listener closes it", () => {
    const world = new OrderWorld();
    const told: number[] = [];
    const stream = new OrderedStream(
      world.clock,
      {
        onMessage: ({ parts }) => {
          if (told.push(parts.index) === 2) stream.close();
        },
        onRestart: () => {},
        onGap: () => {},
      },
      createMessage(0),
    );
    for (const index of [3, 2, 1, 0]) stream.add(createMessage(index));
    assert.deepEqual(told, [0, 1]);
  });

  it("gives the last beginning whole and in order, however messages are shuffled, doubled and delayed", () => {
    const anyLengths = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(anyLengths, fc.infiniteStream(fc.nat(10_000)), (lengths, chance) => {
        const messages = lengths.flatMap((length, restarts) => [
          ...(restarts > 0 ? [createNotice(restarts)] : []),
          ...Array.from({ length }, (_, index) => createMessage(index, restarts)),
        ]);
        const shuffled = [...messages, ...messages]
          .map((message) => ({ message, key: chance.next().value }))
          .sort((one, other) => one.key - other.key);
        const world = new OrderWorld(shuffled[0]!.message);
        for (const { message } of shuffled) world.stream.add(structuredClone(message));
        const last = lengths.length - 1;
        const given = world.told.slice(world.told.findLastIndex((told) => told.startsWith("restart")) + 1);
        assert.deepEqual(
          given,
          Array.from({ length: lengths[last]! }, (_, index) => `${last}/${index}`),
        );
        world.clock.run(100_000);
        assert.equal(world.clock.timerCount, 0);
      }),
    );
  });
});
