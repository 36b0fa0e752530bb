import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createChatStreamNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { joinPayloads, waitForEnd, waitForEnds } from "../../support/runtime/inbox.js";
import { useHelper } from "../../support/runtime/use-helper.js";
import type { Reply } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";

function errorCode(message: Message): string | undefined {
  return (message.error as { code: string } | undefined)?.code;
}

describe("The queue and limits of a chat-provider", () => {
  const load = useHelper();
  const service = useService();
  let open: Reply[];
  beforeEach(() => {
    open = [];
    service().script = (reply) => {
      open.push(reply.open());
    };
  });

  /** Two chat-streams on one provider. */
  const loadFlow = (limits: Record<string, unknown>) =>
    load([
      TAB,
      createProviderNode(service().url, limits),
      { ...createChatStreamNode(), id: "one" },
      { ...createChatStreamNode(), id: "two" },
      createSinkNode("out"),
      ...createWitnessNodes("one", "two"),
    ]);

  function questions(): unknown[] {
    return service().requests.map(({ body }) => (body["messages"] as { content: string }[])[0]!.content);
  }

  it("runs at most maxConcurrent streams of all nodes at once, the others in order of arrival", async () => {
    const flow = await loadFlow({ maxConcurrent: 2 });
    for (const payload of ["A", "B", "C", "D", "E"]) flow.inject(payload < "C" ? "one" : "two", { payload });
    for (let count = 1; count <= 5; count++) {
      await service().waitForRequests(Math.min(count + 1, 5));
      await pause(10);
      assert.equal(service().requests.length, Math.min(count + 1, 5));
      open[count - 1]!.say("x");
      await waitForEnds(flow.getInbox("out"), count);
    }
    assert.deepEqual(questions().slice().sort(), ["A", "B", "C", "D", "E"]);
    assert.deepEqual(questions().slice(2), ["C", "D", "E"]);
    assert.equal(service().maxOpenStreams, 2);
  });

  it("takes maxConcurrent from an environment variable", async () => {
    process.env["MAX_AT_ONCE"] = "1";
    try {
      const flow = await loadFlow({ maxConcurrent: "$" + "{MAX_AT_ONCE}" });
      for (const payload of ["A", "B"]) flow.inject("one", { payload });
      await service().waitForRequests(1);
      await pause(10);
      assert.equal(service().requests.length, 1);
      open[0]!.say("x");
      await service().waitForRequests(2);
    } finally {
      delete process.env["MAX_AT_ONCE"];
    }
  });

  for (const maxRecord of [1e308, "1e308", true, 0, -1, "much", "Infinity", {}]) {
    it(`refuses the largest record ${JSON.stringify(maxRecord)}, and names the setting`, async () => {
      const flow = await loadFlow({ maxRecord });
      flow.inject("one", { payload: "A" });
      const [last] = await waitForEnds(flow.getInbox("out"), 1);
      assert.equal(errorCode(last!), "configuration");
      assert.match((last!.error as { message: string }).message, /maxRecord/);
      assert.equal(service().requests.length, 0);
    });
  }

  it("ends a stream with overloaded at once if the queue is full", async () => {
    const flow = await loadFlow({ maxConcurrent: 8, maxQueued: 100 });
    for (let at = 0; at < 200; at++) flow.inject(at % 2 === 0 ? "one" : "two", { payload: `${at}` });
    const refused = await waitForEnds(flow.getInbox("out"), 92);
    assert.ok(refused.every((message) => errorCode(message) === "overloaded"));
    await service().waitForRequests(8);
    assert.equal(service().requests.length, 8);
    assert.match((refused[0]!.error as { message: string }).message, /8 .*100/);
    service().script = (reply) => reply.say("x");
    for (const reply of open) reply.say("x");
    const all = await waitForEnds(flow.getInbox("out"), 200);
    assert.equal(all.filter(({ finishReason }) => finishReason === "stop").length, 108);
    assert.equal(service().maxOpenStreams, 8);
  });

  it("ends a stream with overloaded if the queue has no place at all", async () => {
    const flow = await loadFlow({ maxConcurrent: 1, maxQueued: 0 });
    flow.inject("one", { payload: "A" });
    flow.inject("two", { payload: "B" });
    assert.equal(errorCode(await waitForEnd(flow.getInbox("out"))), "overloaded");
    await service().waitForRequests(1);
  });

  it("takes a cancelled stream out of the queue without connecting", async () => {
    const flow = await loadFlow({ maxConcurrent: 1 });
    flow.inject("one", { payload: "A" });
    await service().waitForRequests(1);
    flow.inject("two", { payload: "B" });
    flow.inject("one", { payload: "C" });
    await pause(10);
    flow.inject("two", { cancel: true });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.equal(last.finishReason, "cancelled");
    open[0]!.say("x");
    await service().waitForRequests(2);
    assert.deepEqual(questions(), ["A", "C"]);
  });

  it("starts the next stream if a running one fails or is cancelled", async () => {
    const flow = await loadFlow({ maxConcurrent: 1 });
    for (const payload of ["A", "B", "C"]) flow.inject("one", { payload });
    await service().waitForRequests(1);
    open[0]!.drop();
    await service().waitForRequests(2);
    flow.inject("one", { cancel: true, parts: { id: "nobody", index: 0 } });
    open[1]!.drop();
    await service().waitForRequests(3);
  });

  it("learns once that the service refuses stream_options, and never sends them again", async () => {
    service().script = (reply, { body }) => {
      if (body["stream_options"])
        reply.sendJson(400, { error: { message: "Unknown field: stream_options" } });
      else reply.say("x");
    };
    const flow = await loadFlow({});
    for (let count = 1; count <= 3; count++) {
      flow.inject(count === 2 ? "two" : "one", { payload: "Hi" });
      const lasts = await waitForEnds(flow.getInbox("out"), count);
      assert.equal(lasts.at(-1)!.finishReason, "stop");
    }
    const hasOptions = service().requests.map(({ body }) => "stream_options" in body);
    assert.deepEqual(hasOptions, [true, false, false, false]);
  });

  it("ends a stream with timeout if the service is slower than the setting allows", async () => {
    const flow = await loadFlow({ firstChunkTimeout: "0.05" });
    flow.inject("one", { payload: "A" });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.equal(errorCode(last), "timeout");
    assert.match((last.error as { message: string }).message, /0\.05 s/);
    await service().requests[0]!.gone;
  });

  it("takes [DONE] without a finish reason for the end of the answer, unless the provider requires one", async () => {
    service().script = (reply) => void reply.send("Hello").response.end("data: [DONE]\n\n");
    for (const needsFinishReason of [undefined, false, true]) {
      const flow = await loadFlow(needsFinishReason === undefined ? {} : { needsFinishReason });
      flow.inject("one", { payload: "A" });
      const last = await waitForEnd(flow.getInbox("out"));
      assert.equal(joinPayloads(flow.getInbox("out").messages), "Hello");
      assert.equal(last.finishReason, needsFinishReason ? "error" : "unknown");
      assert.equal(errorCode(last), needsFinishReason ? "interrupted" : undefined);
    }
  });

  it("ends well with a finish reason if the provider requires one", async () => {
    service().script = (reply) => reply.say("Hello");
    const flow = await loadFlow({ needsFinishReason: true });
    flow.inject("one", { payload: "A" });
    assert.equal((await waitForEnd(flow.getInbox("out"))).finishReason, "stop");
  });

  it("skips records that are not JSON if tolerant is set, and warns with their number", async () => {
    service().script = (reply) => {
      reply.send("a");
      reply.response.write("data: {oops\n\ndata: {oops again\n\n");
      reply.say("b");
    };
    const flow = await loadFlow({ tolerant: true });
    const warnings: string[] = [];
    const node = flow.getNode("one") as unknown as {
      on(event: string, listener: (call: { firstArg: string }) => void): void;
    };
    node.on("call:warn", ({ firstArg }) => warnings.push(firstArg));
    flow.inject("one", { payload: "A" });
    assert.equal((await waitForEnd(flow.getInbox("out"))).finishReason, "stop");
    await pause();
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /^2 records/);
  });
});

describe("The demo provider", () => {
  const load = useHelper();

  /** A flow with a chat-provider that has its default settings. */
  const demoFlow = (settings: Record<string, unknown> = {}) => [
    TAB,
    { id: "provider", type: "chat-provider", provider: "demo", demoPace: 0, ...settings },
    createChatStreamNode({ model: "demo" }),
    createSinkNode("out"),
    ...createWitnessNodes(),
  ];

  it("answers without an account, a key or an address", async () => {
    const flow = await load(demoFlow());
    flow.inject("ask", { payload: "Count from 1 to 5." });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.equal(last.finishReason, "stop");
    assert.match(joinPayloads(flow.getInbox("out").messages), /1.*2.*3.*4.*5/s);
    assert.ok(last.usage);
  });

  it("is the default of a provider without settings", async () => {
    const flow = await load(demoFlow({ provider: "" }));
    flow.inject("ask", { payload: "Hi" });
    assert.equal((await waitForEnd(flow.getInbox("out"))).finishReason, "stop");
  });

  it("fails on request, so that authors can try how their flow behaves", async () => {
    const flow = await load(demoFlow());
    flow.inject("ask", { payload: "Hi", model: "demo:fault=429" });
    flow.inject("ask", { payload: "Hi", model: "demo:fault=drop&after=2" });
    const codes = (await waitForEnds(flow.getInbox("out"), 2)).map(errorCode).sort();
    assert.deepEqual(codes, ["interrupted", "rate_limit"]);
  });

  it("stops with its node: the next deploy has a server of its own", async () => {
    for (let times = 0; times < 3; times++) {
      const flow = await load(demoFlow({ demoPace: 5 }));
      flow.inject("ask", { payload: "Tell me a story." });
      await flow.getInbox("out").waitForCount(1);
    }
  });
});
