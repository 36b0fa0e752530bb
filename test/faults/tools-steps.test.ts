import assert from "node:assert/strict";
import type { Message } from "../../src/node-red/red/api.js";
import { textOf } from "../support/runtime/inbox.js";
import { RouterWorld, turns } from "../support/worlds/router-world.js";

const CALLS = [
  { name: "get_weather", args: { city: "Paris" } },
  { name: "get_time", id: "same" },
  { name: "get_time", id: "same" },
  { name: "nobody" },
];
const TEXT = "One two three four";

type Fault = (world: RouterWorld, message: Message) => void;

const FAULTS: Readonly<Record<string, Fault>> = {
  "a cancel before it": (world, message) => {
    world.input({ cancel: true });
    world.input(message);
  },
  "a cancel after it": (world, message) => {
    world.input(message);
    world.input({ cancel: true, parts: { id: "stream-0", index: 0 } });
  },
  "its loss": () => {},
  "its coming twice": (world, message) => {
    world.input(structuredClone(message));
    world.input(message);
  },
  "nothing in its place but a broken form": (world, message) => {
    world.input({ ...message, chunk: "x", payload: null });
  },
  "the loss of all that the node wrote on it": (world, { askedBy: _, toolCall: _call, ...message }) =>
    world.input(message),
};

/** Three turns with tools in the first two; at the nth message that comes back to the router, the fault. */
function playing(nth: number, fault: Fault): { world: RouterWorld; met: boolean } {
  const world = new RouterWorld(
    turns(
      { texts: ["One", " two"], calls: CALLS },
      { texts: [" three"], calls: CALLS },
      { texts: [" four"] },
    ),
  );
  let step = 0;
  const at = (message: Message) => {
    if (step++ === nth) fault(world, message);
    else world.input(message);
  };
  world.onStream = at;
  world.onCall = (message) => at({ ...message, payload: "ok" });
  world.input({ payload: "Go" });
  return { world, met: step > nth };
}

describe("A run of three turns", () => {
  for (const [name, fault] of Object.entries(FAULTS)) {
    it(`R10: has its one end, runs no tool twice and leaves nothing, whichever message meets ${name}`, async () => {
      let nth = 0;
      for (; ; nth++) {
        const { world, met } = playing(nth, fault);
        await world.clock.advance(5_000_000);
        const where = `step ${nth}`;
        const ends = world.ends.filter(({ parts }) => parts!.id === "stream-0");
        assert.equal(ends.length, 1, where);
        assert.equal(world.done, world.got, where);
        assert.equal(world.clock.waiting, 0, where);
        const ids = world.called.map(({ message }) => {
          const { run, id } = message["toolCall"] as { run: string; id: string };
          return `${run} ${id}`;
        });
        assert.equal(new Set(ids).size, ids.length, where);
        const text = textOf(
          world.out.filter(({ parts, payload }) => parts!.id === "stream-0" && payload !== null),
        );
        if (!/broken|loss/.test(name)) assert.ok(TEXT.startsWith(text), `${where}: ${text}`);
        if (!met) {
          assert.equal(text, TEXT);
          break;
        }
      }
      assert.ok(nth > 25, `only ${nth} steps`);
    });
  }

  it("R10: is let go of at any message, and nothing is sent after that", async () => {
    for (let nth = 0; nth < 30; nth++) {
      let sent = 0;
      const { world } = playing(nth, (played) => {
        played.controller.close();
        played.input = () => {};
        sent = played.out.length + played.requests.length + played.called.length;
      });
      assert.equal(world.clock.waiting, 0);
      await world.clock.advance(5_000_000);
      if (sent > 0) assert.equal(world.out.length + world.requests.length + world.called.length, sent);
    }
  });
});
