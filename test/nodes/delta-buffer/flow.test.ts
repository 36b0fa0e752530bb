import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createAskFlow,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { useHelper } from "../../support/runtime/use-helper.js";
import { createChunk, ScriptedService } from "../../support/services/scripted-service.js";
import { createStreamMessages } from "../../support/worlds/collect-world.js";

describe("delta-buffer in a flow", () => {
  const load = useHelper(["sequence/17-split.js"]);
  let service: ScriptedService;
  before(async () => {
    service = await ScriptedService.start();
  });
  afterEach(() => service.reset());
  after(() => service.close());

  /** chat-stream → delta-buffer → out, collect and join. */
  const chain = (config: Record<string, unknown>) => {
    const [, , ask] = createAskFlow(service.url);
    return [
      TAB,
      createProviderNode(service.url),
      { ...ask!, wires: [["buffer"]] },
      createFlowNode("delta-buffer", "buffer", ["out", "collect", "join"], config),
      createSinkNode("out"),
      { ...createFlowNode("collect", "collect", ["finished"]), wires: [["finished"], ["unfinished"]] },
      createSinkNode("finished"),
      createSinkNode("unfinished"),
      createFlowNode("join", "join", ["joined"], { mode: "auto" }),
      createSinkNode("joined"),
      ...createWitnessNodes("ask", "buffer"),
    ];
  };

  it("sends sentences to the next node, and the whole text to collect and core's join", async () => {
    const flow = await load(chain({ boundary: "sentence" }));
    service.script = (reply) =>
      reply
        .send(createChunk({ reasoning_content: "Hm." }), "Hel", "lo. How ", "are", " you? I am", " fine")
        .finish("stop", { total_tokens: 9 });
    flow.inject("ask", { payload: "Hi", topic: "t" });
    const messages = await flow
      .getInbox("out")
      .waitUntil((all) => all.some(({ complete }) => complete === true));
    assert.deepEqual(
      messages.map(({ payload }) => payload),
      ["", "Hello. ", "How are you? ", "I am fine", ""],
    );
    for (const { topic } of messages) assert.equal(topic, "t");
    const [finished] = await flow.getInbox("finished").waitUntil((all) => all.length === 1);
    assert.equal(finished!.payload, "Hello. How are you? I am fine");
    assert.deepEqual(finished!["usage"], { total_tokens: 9 });
    const response = finished!["response"] as { choices: { message: Message }[] };
    assert.equal(response.choices[0]!.message["reasoning_content"], "Hm.");
    const [joined] = await flow.getInbox("joined").waitUntil((all) => all.length === 1);
    assert.equal(joined!.payload, finished!.payload);
    assert.equal(flow.getInbox("errors").size, 0);
  });

  it("sends the held text of a broken stream before the last message", async () => {
    const flow = await load(chain({ boundary: "paragraph" }));
    service.script = async (reply) => {
      await reply.sendApart("Half a sen", "tence");
      reply.drop();
    };
    flow.inject("ask", { payload: "Hi" });
    const [unfinished] = await flow.getInbox("unfinished").waitUntil((all) => all.length === 1);
    assert.equal(unfinished!.payload, "Half a sentence");
    assert.deepEqual(
      flow.getInbox("out").messages.map(({ payload }) => payload),
      ["Half a sentence", ""],
    );
    assert.equal((unfinished!["error"] as { code: string }).code, "interrupted");
  });

  it("calls done for each message, and reports one that is not part of a stream to a Catch node", async () => {
    const flow = await load(chain({ count: 4 }));
    flow.inject("buffer", { payload: "no stream" });
    const [caught] = await flow.getInbox("errors").waitUntil((all) => all.length === 1);
    assert.equal((caught!["error"] as { code: string }).code, "configuration");
    for (const message of createStreamMessages([..."abcdef"])) flow.inject("buffer", message);
    await flow.getInbox("completed").waitUntil((all) => all.length === 7);
    assert.deepEqual(
      flow.getInbox("out").messages.map(({ payload }) => payload),
      ["abcd", "ef", ""],
    );
  });

  it("shows the number of open streams in its status, and nothing if there is none", async () => {
    const flow = await load(chain({ count: 4 }));
    const statuses: unknown[] = [];
    (
      flow.getNode("buffer") as unknown as {
        on(event: string, listener: (call: { firstArg: object }) => void): void;
      }
    ).on("call:status", ({ firstArg }) => statuses.push(firstArg));
    const [first, ...rest] = createStreamMessages(["a", "b"]) as [Message, ...Message[]];
    flow.inject("buffer", first);
    for (const message of rest) flow.inject("buffer", message);
    await flow.getInbox("out").waitUntil((all) => all.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(statuses.at(-1), {});
    assert.ok(statuses.length <= 3);
  });
});
