import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { createModel, RouterWorld } from "../../support/worlds/router-world.js";

const CALLS = [
  { name: "get_weather", args: { city: "Paris" } },
  { name: "get_time", id: "same" },
  { name: "get_time", id: "same" },
  { name: "nobody" },
];
const TEXT = "One two three four";

type Fault = (world: RouterWorld, message: Message) => void;

const FAULTS: Readonly<Record<string, Fault>> = {
  "preceded by a cancel": (world, message) => {
    world.input({ cancel: true });
    world.input(message);
  },
  "followed by a cancel": (world, message) => {
    world.input(message);
    world.input({ cancel: true, parts: { id: "stream-0", index: 0 } });
  },
  lost: () => {},
  repeated: (world, message) => {
    world.input(structuredClone(message));
    world.input(message);
  },
  broken: (world, message) => {
    world.input({ ...message, chunk: "x", payload: null });
  },
  "without its tags": (world, { askedBy: _, toolCall: _call, ...message }) => world.input(message),
};

/** Plays three turns, two with tools, with a fault at the nth message that comes back to the router. */
function playWithFault(nth: number, fault: Fault): { world: RouterWorld; isReached: boolean } {
  const world = new RouterWorld(
    createModel(
      { texts: ["One", " two"], calls: CALLS },
      { texts: [" three"], calls: CALLS },
      { texts: [" four"] },
    ),
  );
  let step = 0;
  const deliver = (message: Message) => {
    if (step++ === nth) fault(world, message);
    else world.input(message);
  };
  world.onStream = deliver;
  world.onCall = (message) => deliver({ ...message, payload: "ok" });
  world.input({ payload: "Go" });
  return { world, isReached: step > nth };
}

describe("Run of three turns", () => {
  for (const [name, fault] of Object.entries(FAULTS)) {
    it(`R10: ends once, runs no tool twice and leaves no timer if any message is ${name}`, async () => {
      let nth = 0;
      for (; ; nth++) {
        const { world, isReached } = playWithFault(nth, fault);
        await world.clock.advance(5_000_000);
        const where = `step ${nth}`;
        const ends = world.ends.filter(({ parts }) => parts!.id === "stream-0");
        assert.equal(ends.length, 1, where);
        assert.equal(world.done, world.got, where);
        assert.equal(world.clock.timerCount, 0, where);
        const ids = world.calls.map(({ message }) => {
          const { run, id } = message["toolCall"] as { run: string; id: string };
          return `${run} ${id}`;
        });
        assert.equal(new Set(ids).size, ids.length, where);
        const text = joinPayloads(
          world.out.filter(({ parts, payload }) => parts!.id === "stream-0" && payload !== null),
        );
        if (!/broken|lost|without/.test(name)) assert.ok(TEXT.startsWith(text), `${where}: ${text}`);
        if (!isReached) {
          assert.equal(text, TEXT);
          break;
        }
      }
      assert.ok(nth > 25, `only ${nth} steps`);
    });
  }

  it("R10: sends nothing after it is closed at any message", async () => {
    for (let nth = 0; nth < 30; nth++) {
      let sent = 0;
      const { world } = playWithFault(nth, (played) => {
        played.controller.close();
        played.input = () => {};
        sent = played.out.length + played.requests.length + played.calls.length;
      });
      assert.equal(world.clock.timerCount, 0);
      await world.clock.advance(5_000_000);
      if (sent > 0) assert.equal(world.out.length + world.requests.length + world.calls.length, sent);
    }
  });
});
