import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { waitUntil } from "../../support/waiting.js";
import { createModel, RouterWorld, TIME, WEATHER } from "../../support/worlds/router-world.js";

const PARIS = { name: "get_weather", args: { city: "Paris" } };

describe("A tool-call-router with wrong settings", () => {
  for (const [what, tools, says] of [
    ["a tool without a name", [{ name: " " }], /Tool 1 has no name/],
    ["a name that services refuse", [{ name: "get weather" }], /“get weather” is not valid/],
    ["a name twice", [TIME, TIME], /Two tools are called “get_time”/],
    ["parameters that are not JSON", [{ name: "f", parameters: "{" }], /“f” are not a JSON object/],
    ["a schema that is not valid", [{ name: "f", parameters: { type: "thing" } }], /“f”.*Schema/],
  ] as const) {
    it(`refuses a request with configuration: ${what}`, () => {
      const world = new RouterWorld(createModel({ texts: ["."] }), { tools });
      world.input({ payload: "Hi" });
      assert.equal(world.requests.length, 0);
      assert.equal(world.errors[0]!.code, "configuration");
      assert.match(world.errors[0]!.message, says);
    });
  }

  it("passes streams on in spite of wrong settings", () => {
    const world = new RouterWorld(createModel({ texts: ["."] }), { tools: [{ name: "" }] });
    world.sendStream({ payload: "Hi" }, { texts: ["a", "b"] });
    assert.equal(joinPayloads(world.out), "ab");
    assert.equal(world.ends.length, 1);
    assert.equal(world.errors.length, 0);
  });

  it("refuses a request if the required tool is missing, and if msg.tools or msg.options are wrong", () => {
    const world = new RouterWorld(createModel({ texts: ["."] }), { toolChoice: "gone", tools: [WEATHER] });
    world.input({ payload: "Hi" });
    assert.match(world.errors[0]!.message, /required tool “gone” is not defined/);
    world.input({ payload: "Hi", tools: "x" });
    assert.match(world.errors[1]!.message, /msg\.tools/);
    world.input({ payload: "Hi", options: "x" });
    assert.match(world.errors[2]!.message, /msg\.options/);
    assert.equal(world.requests.length, 0);
    assert.equal(world.clock.timerCount, 0);
  });

  it("refuses a request at once if nothing is wired to output 2", () => {
    const world = new RouterWorld(createModel({ texts: ["."] }), { unwired: [1] });
    world.input({ payload: "Hi" });
    assert.match(world.errors[0]!.message, /output 2/);
    world.sendStream({ payload: "Hi" }, { texts: ["a"], calls: [PARIS] });
    assert.match(world.errors[1]!.message, /output 2/);
    assert.equal((world.ends[0]!.error as { code: string }).code, "configuration");
    assert.equal(world.requests.length, 0);
    assert.equal(world.clock.timerCount, 0);
  });

  it("refuses its own request if output 2 leads into its own input", () => {
    const world = new RouterWorld(createModel({ texts: ["."] }));
    world.changeRequest = (message) => {
      if (world.requests.length > 10) throw new Error("round in circles");
      world.input(message);
      return undefined;
    };
    world.input({ payload: "Hi" });
    assert.equal(world.requests.length, 1);
    assert.match(world.errors[0]!.message, /came back to it unanswered/);
    assert.equal(world.ends.length, 1);
  });

  it("ends the run with an error if the stream's last message lost msg.request", () => {
    const world = new RouterWorld(createModel({ texts: ["a"], calls: [PARIS] }));
    world.onStream = ({ request: _, ...message }) => world.input(message);
    world.input({ payload: "Hi" });
    assert.equal(world.calls.length, 0);
    assert.match(world.errors[0]!.message, /msg\.request/);
    assert.equal(world.ends.length, 1);
  });

  it("ends a run with timeout if nothing arrives for an hour, and says what may be wrong", async () => {
    const world = new RouterWorld(createModel({ stalls: "before" }));
    world.input({ payload: "Hi", topic: "t" });
    await world.clock.advance(3_500_000);
    assert.equal(world.ends.length, 0);
    await world.clock.advance(200_000);
    assert.equal((world.ends[0]!.error as { code: string }).code, "timeout");
    assert.equal(world.ends[0]!.topic, "t");
    assert.deepEqual(world.ends[0]!.parts!.index, 0);
    assert.match(world.errors[0]!.message, /output 2/);
    assert.equal(world.clock.timerCount, 0);
  });
});

describe("A tool that answers with a stream", () => {
  const answerWithStream = (answers: (world: RouterWorld, message: Message) => void) => {
    const world = new RouterWorld(createModel({ calls: [PARIS] }, { texts: ["Done."] }));
    world.onCall = (message) => answers(world, message);
    world.input({ payload: "Go" });
    assert.equal(world.done, world.got);
    assert.equal(world.warnings.length, 0);
    return world.getResults(1);
  };

  it("answers the call with the stream's whole text", () => {
    const results = answerWithStream((world, message) =>
      world.sendStream({ ...message, payload: "Say it" }, { texts: ["sunny", " in", " Paris"] }),
    );
    assert.deepEqual(results, ["sunny in Paris"]);
  });

  it("answers the call with the stream's failure", () => {
    const results = answerWithStream((world, message) =>
      world.sendStream({ ...message, payload: "Say it" }, { texts: ["sun"], fails: "interrupted" }),
    );
    assert.deepEqual(results, ["Error: It failed."]);
  });

  it("answers the call once if two streams answer it: the first whole one wins, and nothing of the other counts", () => {
    const world = new RouterWorld(createModel({ calls: [PARIS] }, { texts: ["Done."] }));
    const part = (id: string, index: number, payload: string, count?: number) => {
      const { toolCall } = world.calls[0]!.message;
      const end = count === undefined ? {} : { complete: true };
      const parts = { id, index, type: "string", ch: "", ...(count === undefined ? {} : { count }) };
      world.input({ toolCall, payload, parts, ...end });
    };
    world.onCall = () => {};
    world.input({ payload: "Go" });
    part("a", 0, "sunny");
    part("b", 0, "REGEN");
    part("a", 1, " in");
    part("b", 1, "", 2);
    assert.deepEqual(world.getResults(1), ["REGEN"]);
    assert.equal(world.warnings.length, 0);
    part("a", 2, "", 3);
    assert.match(world.warnings[0]!, /twice.*1 so far/);
    assert.equal(world.requests.length, 2);
  });

  it("answers the call with the new text if the stream starts over", () => {
    const results = answerWithStream((world, { toolCall }) => {
      const parts = (index: number, restarts?: number) => ({
        id: "s",
        index,
        type: "string",
        ch: "",
        restarts,
      });
      world.input({ toolCall, payload: "rain", parts: parts(0) });
      world.input({ toolCall, payload: "", reset: true, parts: parts(0, 1) });
      world.input({ toolCall, payload: "sun", parts: parts(0, 1) });
      world.input({ toolCall, payload: " and rain", parts: parts(1) });
      world.input({ toolCall, payload: "", parts: { ...parts(1, 1), count: 2 }, complete: true });
    });
    assert.deepEqual(results, ["sun"]);
  });
});

describe("Many runs of a tool-call-router", () => {
  it("ends the oldest of more than a thousand runs with limit, and drops its tools' answers", () => {
    const world = new RouterWorld(createModel({ texts: ["a"], calls: [PARIS] }));
    world.onCall = () => {};
    for (let nth = 0; nth <= 1000; nth++) world.input({ payload: "Go", topic: nth });
    assert.deepEqual(
      world.ends.map(({ topic, error }) => [topic, (error as { code: string }).code]),
      [[0, "limit"]],
    );
    assert.equal(world.errors.length, 1);
    world.answer(0, "late");
    assert.equal(world.warnings.length, 1);
    world.controller.close();
    assert.equal(world.clock.timerCount, 0);
  });

  it("shows the state of the newest run and a tool's timeout in the status", async () => {
    const world = new RouterWorld(createModel({ calls: [PARIS, PARIS] }, { stalls: "before" }));
    world.onCall = () => {};
    const waitForStatus = (text: string) => waitUntil(() => world.statuses.at(-1)?.text === text, text);
    world.input({ payload: "Go" });
    await waitForStatus('tool-call-router.status.tools {"round":1,"count":2}');
    world.answer(0, "x");
    await waitForStatus('tool-call-router.status.tool {"round":1,"count":1}');
    await world.clock.advance(60_000);
    await waitForStatus('tool-call-router.status.timed-out {"round":2,"name":"get_weather"}');
    world.input({ payload: "Go", messages: [{ role: "user", content: "Go" }] });
    await waitForStatus('2 × tool-call-router.status.round {"round":1}');
    world.controller.close();
  });

  it("sends text on the last message of a turn once", () => {
    const world = new RouterWorld(createModel({ texts: ["a"], calls: [PARIS] }, { texts: ["c"] }));
    world.onStream = (message) => {
      if (message.complete && world.calls.length === 0) message.payload = "b";
      world.input(message);
    };
    world.input({ payload: "Go" });
    assert.equal(joinPayloads(world.out), "abc");
    assert.deepEqual(
      world.out.map(({ parts }) => parts!.index),
      [0, 1, 2, 3],
    );
  });
});
