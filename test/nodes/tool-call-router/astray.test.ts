import assert from "node:assert/strict";
import type { Message, RuntimeNode } from "../../../src/node-red/red/api.js";
import { createFlowNode } from "../../support/flows/nodes.js";
import { answerByWeatherTool, createRouterFlow } from "../../support/flows/router.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";
import { createModel, RouterWorld, WEATHER } from "../../support/worlds/router-world.js";

const PARIS = { name: "get_weather", args: { city: "Paris" } };

/** Starts a run that waits for its tool. */
function startRun(config: object = {}): RouterWorld {
  const world = new RouterWorld(createModel({ calls: [PARIS] }, { texts: ["Done."] }), config);
  world.onCall = () => {};
  world.input({ payload: "Go", topic: "t", _msgid: "m" });
  return world;
}

describe("A stray message at a tool-call-router", () => {
  it("reports an answer that lost msg.toolCall, and sends no request for it", async () => {
    const world = startRun();
    const { _msgid } = world.calls[0]!.message;
    const answer = { payload: "sunny", _msgid } as Message;
    world.input(answer);
    assert.match(world.errors[0]!.message, /msg\.toolCall/);
    assert.equal(world.requests.length, 1);
    world.sendStream({ payload: "Hi", _msgid: _msgid! }, { texts: ["a", "b", "c"] });
    assert.equal(world.errors.length, 2);
    assert.equal(world.out.length, 0);
    world.answer(0, "sunny");
    assert.equal(world.ends[0]!["_msgid"], "m");
    world.input({ ...answer });
    assert.equal(world.errors.length, 3);
    assert.equal(world.requests.length, 2);
    assert.equal(world.done, world.got);
  });

  it("says that no tool is called if a node on the way has removed the calls", () => {
    for (const [removed, warnings] of [
      [true, 1],
      [false, 0],
    ] as const) {
      const world = new RouterWorld(createModel({ texts: ["a"], calls: [PARIS] }, { texts: ["b"] }));
      world.onStream = (message) => {
        const { chunk: _, ...rest } = message;
        world.input((removed ? rest : message) as Message);
      };
      world.input({ payload: "Paris?" });
      assert.equal(world.calls.length, removed ? 0 : 1);
      assert.equal(world.ends[0]!.finishReason, removed ? "tool_calls" : "stop");
      assert.equal(
        world.warnings.filter((text) => /leave it on the messages/.test(String(text))).length,
        warnings,
      );
    }
  });

  it("takes a message with the _msgid of the question before as a new question", () => {
    const world = startRun();
    world.input({ payload: "Another", topic: "t", _msgid: "m" });
    assert.equal(world.requests.length, 2);
    assert.equal(world.errors.length, 0);
  });

  it("ends the run with bad_response if a message of a later turn is missing", async () => {
    const world = new RouterWorld(createModel({ calls: [PARIS] }, { texts: ["a", "b", "c"] }));
    world.onStream = (message) => {
      if (world.requests.length === 1 || message.parts!.index !== 1) world.input(message);
    };
    world.input({ payload: "Paris?" });
    await world.clock.advance(5_000);
    assert.equal((world.ends[0]!.error as { code: string }).code, "bad_response");
    assert.equal(world.clock.timerCount, 0);
  });

  it("does not wait for a missing message once the stream starts over", async () => {
    const world = new RouterWorld(createModel({ texts: ["a", "b"] }));
    world.onStream = (message) => {
      if (message.parts!.index !== 1) world.input(message);
    };
    world.input({ payload: "Paris?" });
    const { askedBy } = world.requests[0]!;
    const parts = { id: "stream-0", index: 0, type: "string", ch: "", restarts: 1 };
    world.input({ payload: "", reset: true, parts: { ...parts }, askedBy });
    await world.clock.advance(4_000);
    world.input({ payload: "again", parts: { ...parts }, askedBy });
    await world.clock.advance(4_000);
    assert.equal(world.ends.length, 0);
    const last = { payload: "", complete: true, finishReason: "stop", askedBy };
    world.input({ ...last, parts: { ...parts, index: 1, count: 2 } });
    assert.equal(world.ends[0]!.finishReason, "stop");
    assert.equal(world.clock.timerCount, 0);
  });

  it("takes a reset as no end, whatever else is on the message", async () => {
    const world = new RouterWorld(createModel({ texts: ["a"], stalls: "within" }));
    world.input({ payload: "Paris?" });
    const { askedBy } = world.requests[0]!;
    const parts = { id: "stream-0", index: 0, count: 1, type: "string", ch: "", restarts: 1 };
    world.input({ payload: "", reset: true, complete: true, parts, askedBy });
    assert.deepEqual(world.ends, []);
    assert.equal(world.out.at(-1)!.reset, true);
  });

  it("warns once of a stream that answers after the tool's timeout", async () => {
    const world = startRun();
    await world.clock.advance(60_000);
    world.warnings.length = 0;
    const { toolCall } = world.calls[0]!.message;
    world.sendStream({ payload: "Hi", toolCall }, { texts: ["a", "b", "c"] });
    assert.equal(world.warnings.length, 1);
    assert.match(world.warnings[0]!, /1 so far/);
  });

  it("keeps the outer sequence if a reader changes the parts of an earlier message", () => {
    const world = new RouterWorld(createModel({ texts: ["a"], calls: [PARIS] }, { texts: ["b"] }));
    const outer = { id: "questions", index: 0, count: 2, type: "array" };
    world.onStream = (message) => {
      if (message.complete) message.payload = "!";
      const before = world.out.length;
      world.input(message);
      for (const { parts } of world.out.slice(before)) {
        assert.deepEqual(parts!.parts, outer);
        delete parts!.parts;
      }
    };
    world.input({ payload: "Paris?", parts: { ...outer } });
    assert.equal(joinPayloads(world.out), "a!b!");
  });

  it("names the stream as the reason if it stops in the middle for an hour", async () => {
    const world = new RouterWorld(createModel({ texts: ["a"], stalls: "within" }));
    world.input({ payload: "Hi" });
    await world.clock.advance(3_700_000);
    assert.match(world.errors[0]!.message, /end never came/);
    assert.equal((world.ends[0]!.stats as { rounds: number }).rounds, 0);
  });

  it("refuses msg.tools that are not plain data, by name", () => {
    const world = new RouterWorld(createModel({}));
    const circle: Record<string, unknown> = { type: "function" };
    circle["function"] = { name: "x", circle };
    world.input({ payload: "Hi", tools: [circle] });
    assert.match(world.errors[0]!.message, /msg\.tools/);
    assert.equal(world.requests.length, 0);
    assert.equal((world.errors[0] as { code?: string }).code, "invalid_request");
  });

  it("ignores an answer that repeats a failure, as from a node that throws and sends", () => {
    const world = new RouterWorld(createModel({ calls: [PARIS] }, { stalls: "before" }));
    world.onCall = () => {};
    world.input({ payload: "Go" });
    world.answer(0, {}, { error: { message: "RequestError: connect ECONNREFUSED" } });
    world.answer(0, "RequestError: connect ECONNREFUSED : http://x/");
    world.answer(0, {}, { error: { message: "RequestError: connect ECONNREFUSED" } });
    assert.deepEqual(world.getResults(1), ["Error: RequestError: connect ECONNREFUSED"]);
    assert.deepEqual(world.warnings, []);
    world.answer(0, "sunny after all");
    assert.match(world.warnings[0]!, /“get_weather”.*1 so far/);
  });
});

describe("A cancelled call by link", () => {
  it("is removed, and its late answer is ignored", () => {
    const world = new RouterWorld(createModel({ calls: [PARIS] }), {
      tools: [{ ...WEATHER, link: "entry" }],
    });
    const events: string[] = [];
    const receive = (message: Message) =>
      events.push((message["_linkSource"] as { id: string }[]).at(-1)!.id);
    world.nodes.set("entry", { type: "link in", receive });
    world.input({ payload: "Go" });
    world.input({ cancel: true });
    assert.equal(countOpenLinks(world), 0);
    const linked = world.node as RuntimeNode & { returnLinkMessage(event: string, message: Message): void };
    linked.returnLinkMessage(events[0]!, { payload: "late" });
    assert.equal(world.ends.length, 1);
  });
});

/** @returns the number of open calls by link */
function countOpenLinks(world: RouterWorld): number {
  const { ports } = world.controller as unknown as {
    ports: { calls: { links: { open: Map<string, unknown> } } };
  };
  return ports.calls.links.open.size;
}

describe("A tool's flow that loses msg.toolCall", () => {
  const service = useService();
  const runtime = useRuntime();

  it("sends no second request, and reports the loss to a Catch node", async () => {
    service().script = answerByWeatherTool;
    const func = "return { payload: 'sunny' };";
    await runtime().deploy(
      createRouterFlow(service().url, {
        router: { toolTimeout: 0.2, wires: [["out", "collect"], ["ask"], ["work"], ["time"]] },
        more: [createFlowNode("function", "work", ["router"], { func, outputs: 1, libs: [] })],
      }),
    );
    runtime().inject("router", { payload: "Paris" });
    await runtime().waitForEnds("out");
    await pause();
    assert.match(joinPayloads(runtime().getMessages("out")), /timed out/);
    assert.equal(service().requests.length, 2);
    assert.match(JSON.stringify(runtime().getMessages("errors")[0]!["error"]), /msg\.toolCall/);
  });

  for (const [what, func, status] of [
    ["a tool's lost call", "return { payload: 'sunny' };", 200],
    ["a service that fails", "return msg;", 500],
  ] as const) {
    it(`reports ${what} once if a Catch node for all nodes is wired back`, async () => {
      service().script =
        status === 200 ? answerByWeatherTool : (reply) => reply.sendJson(status, { error: "down" });
      await runtime().deploy(
        createRouterFlow(service().url, {
          router: { toolTimeout: 0.2, wires: [["out", "collect"], ["ask"], ["work"], ["time"]] },
          more: [
            createFlowNode("function", "work", ["router"], { func, outputs: 1, libs: [] }),
            createFlowNode("catch", "all", ["router"], {}),
          ],
        }),
      );
      runtime().inject("router", { payload: "Paris" });
      await runtime().waitForEnds("out");
      await pause();
      assert.equal(runtime().getMessages("errors").length, 1);
    });
  }
});
