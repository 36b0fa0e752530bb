import assert from "node:assert/strict";
import {
  createAskFlow,
  createChatStreamNode,
  createCollectNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  TAB,
} from "../../support/flows/nodes.js";
import { groupByStream, joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { FORMS } from "../../support/services/answer-writer.js";
import { useService } from "../../support/services/use-service.js";
import { spoil } from "../../support/spoil.js";
import { pause, waitUntil } from "../../support/waiting.js";

describe("Chat-stream in Node-RED", () => {
  const service = useService();
  const runtime = useRuntime();

  it("R16: keeps other messages, the request and the collected answer if a node changes its message", async () => {
    service().script = async (reply) => {
      await reply.sendApart("a", { ...JSON.parse(RICH) }, "b");
      reply.finish("stop", { total_tokens: 1 });
    };
    await runtime().deploy([
      TAB,
      createProviderNode(service().url),
      createChatStreamNode({ wires: [["spoiler", "collect"]], conversation: "flow" }),
      createSinkNode("spoiler"),
      createCollectNode({ wires: [["out"], []] }),
      createSinkNode("out"),
    ]);
    runtime().reactions.set("spoiler", (message) => spoil(message));
    runtime().inject("ask", { payload: "Hi", topic: "t" });
    const [message] = await runtime().waitUntil("out", (messages) => messages.length === 1);
    assert.equal(message!.payload, "ab");
    assert.deepEqual(message!.conversation, [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "ab" },
    ]);
    assert.deepEqual(message!.usage, { total_tokens: 1 });
    runtime().inject("ask", { payload: "And?", topic: "t" });
    await runtime().waitUntil("out", (messages) => messages.length === 2);
    assert.deepEqual((service().requests[1]!.body["messages"] as unknown[]).slice(0, 2), [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "ab" },
    ]);
  });

  it("R05: closes the server of a demo provider with its node, even during an answer", async () => {
    const demo = { id: "provider", type: "chat-provider", provider: "demo", demoPace: 20 };
    const flow = createAskFlow(service().url, { model: "demo" }).map((config) =>
      config.id === "provider" ? demo : config,
    );
    for (let times = 0; times < 3; times++) {
      runtime().clearMessages();
      await runtime().deploy(flow);
      runtime().inject("ask", { payload: "Tell me a story." });
      await runtime().waitUntil("out", (messages) => messages.length > 0);
    }
  });
});

for (const api of FORMS) {
  describe(`Chat-stream in Node-RED that asks in the form ${api}`, () => {
    const service = useService();
    const runtime = useRuntime();

    it("R12: makes a second stream of a message that comes while another streams", async () => {
      service().script = async (reply, { body }) => {
        const [question] = (body["messages"] ?? body["input"]) as { content: string }[];
        await reply.sendApart(...[...question!.content]);
        reply.finish();
      };
      await runtime().deploy(createAskFlow(service().url, {}, { api }));
      runtime().inject("ask", { payload: "abc", topic: "one" });
      runtime().inject("ask", { payload: "xyz", topic: "two" });
      await runtime().waitForEnds("out", 2);
      const streams = groupByStream(runtime().getMessages("out"));
      assert.deepEqual(streams.map(joinPayloads).sort(), ["abc", "xyz"]);
      for (const stream of streams) assert.equal(new Set(stream.map(({ topic }) => topic)).size, 1);
    });

    it("R13: ends and is done without wires", async () => {
      await runtime().deploy(createAskFlow(service().url, { wires: [[]] }, { api }));
      runtime().inject("ask", { payload: "Hi" });
      await runtime().waitUntil("completed", (messages) => messages.length === 1);
      await waitUntil(() => service().openStreams === 0, "the service has no open request");
    });

    it("R15: sends the same req and res objects of HTTP in on all messages", async () => {
      const req = { params: {} };
      const res = { _res: {} };
      await runtime().deploy(createAskFlow(service().url, { wires: [["out", "errors"]] }, { api }));
      runtime().inject("ask", { payload: "Hi", req, res });
      await runtime().waitForEnds("out");
      await runtime().waitForEnds("errors");
      for (const { message } of runtime().arrivals.messages) {
        assert.equal(message["req"], req);
        assert.equal(message["res"], res);
      }
    });

    it("R18: keeps streams, settings and cancels of two instances of a subflow apart", async () => {
      service().script = (reply) => void reply.send("half");
      const createEnv = (model: string) => [{ name: "MODEL", type: "str", value: model }];
      await runtime().deploy([
        TAB,
        createProviderNode(service().url, { api }),
        {
          id: "sub",
          type: "subflow",
          name: "asker",
          in: [{ x: 0, y: 0, wires: [{ id: "inner" }] }],
          out: [{ x: 0, y: 0, wires: [{ id: "inner", port: 0 }] }],
          env: createEnv("none"),
        },
        {
          ...createChatStreamNode({ z: "sub", wires: [[]] }),
          // biome-ignore lint/suspicious/noTemplateCurlyInString: as Node-RED writes an environment variable
          model: "${MODEL}",
          id: "inner",
        },
        createFlowNode("subflow:sub", "first", ["out"], { env: createEnv("model-a") }),
        createFlowNode("subflow:sub", "second", ["out"], { env: createEnv("model-b") }),
        createSinkNode("out"),
      ]);
      runtime().inject("first", { payload: "A", topic: "first" });
      runtime().inject("second", { payload: "B", topic: "second" });
      await runtime().waitUntil("out", (messages) => messages.length === 2);
      assert.deepEqual(
        service()
          .requests.map(({ body }) => body["model"])
          .sort(),
        ["model-a", "model-b"],
      );
      runtime().inject("first", { cancel: true });
      const [last] = await runtime().waitForEnds("out");
      assert.equal(last!.topic, "first");
      await pause();
      assert.equal(service().openStreams, 1);
    });

    it("R19: sets at most five statuses a second, shows the last one, and sets none after it is closed", async () => {
      service().script = async (reply) => {
        for (let at = 0; at < 300; at++) await reply.sendApart("x");
        reply.finish();
      };
      await runtime().deploy(createAskFlow(service().url, {}, { api }));
      const begun = performance.now();
      runtime().inject("ask", { payload: "Hi" });
      await runtime().waitForEnds("out");
      const seconds = (performance.now() - begun) / 1000;
      const getStatuses = () => runtime().statuses.messages.filter(({ id }) => id === "ask");
      assert.ok(
        getStatuses().length <= Math.ceil(seconds * 4) + 1,
        `${getStatuses().length} statuses in ${seconds} s`,
      );
      await waitUntil(() => getStatuses().at(-1)?.status?.fill === "green", "the last status is shown");
      runtime().inject("ask", { payload: "Hi" });
      await runtime().waitUntil("out", (messages) => messages.length > 310);
      await runtime().deploy(createAskFlow(service().url, {}, { api }));
      const count = getStatuses().length;
      await pause(300);
      assert.equal(getStatuses().length, count);
      assert.equal(getStatuses().at(-1)!.status?.text, undefined);
    });
  });
}

/** A record with nested values that a test can change. */
const RICH = JSON.stringify({
  choices: [{ index: 0, delta: { reasoning_content: "Hm", annotations: [{ url: "https://a" }] } }],
});
