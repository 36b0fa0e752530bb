import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createChatStreamNode,
  createCollectNode,
  createProviderNode,
  createSinkNode,
  TAB,
} from "../../support/flows/nodes.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import { createRouterFlow } from "../../support/flows/router.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { KeepingService } from "../../support/services/keeping-service.js";
import {
  buildCallEvents,
  buildEvent,
  buildMessageEvents,
  buildReasoningEvents,
  buildStream,
  formatEvents,
} from "../../support/services/responses-records.js";
import type { Reply } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { assertPrompt } from "../../support/speed.js";
import { spoil } from "../../support/spoil.js";
import { pause, waitUntil } from "../../support/waiting.js";

const CREDENTIALS = { provider: { apiKey: "sk-test-1234567890" } };
const STORY = buildMessageEvents(["Once ", "upon ", "a ", "time."]);

describe("Node-RED's life with answers in the form of Responses", () => {
  const service = useService();
  const runtime = useRuntime();
  let openai: KeepingService;
  /** How many clients have left in the middle of an answer. */
  let left: number;

  beforeEach(() => {
    openai = new KeepingService(service());
    left = 0;
  });

  /** An answer that begins and does not end until its client leaves. */
  const begin = async (
    reply: { open(): { response: { write(bytes: Buffer): unknown } } },
    { gone }: { gone: Promise<unknown> },
  ): Promise<void> => {
    reply.open().response.write(formatEvents(buildStream(STORY).slice(0, 7)));
    await gone;
    left++;
  };

  function createFlow(stream: object = {}, retry: object = {}): FlowNode[] {
    const provider = { provider: "openai", api: "responses" };
    return createRetryFlow(openai.url, { service: provider, stream: { ...stream }, retry: { ...retry } });
  }

  /** Starts a stream, and waits until its text has begun. */
  async function startStream(flow: FlowNode[]): Promise<void> {
    await runtime().deploy(flow, "full", CREDENTIALS);
    runtime().inject("ask", { payload: "Tell me." });
    await runtime().waitUntil("out", (messages) => joinPayloads(messages) !== "");
  }

  /** Asserts that a deploy ends what runs: within a second, without a message then or later. */
  async function assertSilentDeploy(flow: FlowNode[]): Promise<void> {
    await assertPrompt(1_000, () => runtime().deploy(flow, "full", CREDENTIALS));
    const { length } = runtime().getMessages("out");
    await pause(60);
    assert.equal(runtime().getMessages("out").length, length);
    assert.ok(
      !runtime()
        .getMessages("out")
        .some(({ complete }) => complete),
    );
  }

  const change = (flow: FlowNode[]) =>
    flow.map((node) => (node.id === "ask" ? { ...node, model: "model-2" } : node));

  it("ends a stream once as cancelled, closes its connection and asks for nothing more", async () => {
    openai.answers = [begin];
    await startStream(createFlow());
    runtime().inject("ask", { cancel: true });
    const [end] = await runtime().waitForEnds("out");
    assert.deepEqual([end!.finishReason, end!.error], ["cancelled", undefined]);
    await waitUntil(() => left === 1, "the service sees that the client has left");
    await pause(40);
    assert.equal(service().requests.length, 1);
    assert.equal(
      runtime()
        .getMessages("out")
        .filter(({ complete }) => complete).length,
      1,
    );
  });

  it("R09: takes up no answer after a deploy in the wait for it, and stops it at the service", async () => {
    openai.answers = [STORY];
    openai.cuts = [7];
    const flow = createFlow({ background: true }, { delay: 60_000, maxDelay: 60_000 });
    await startStream(flow);
    await pause(100);
    await assertSilentDeploy(change(flow));
    await waitUntil(() => openai.stopped.length === 1, "the answer is stopped at the service");
    assert.deepEqual(
      service().requests.map(({ method, path }) => `${method} ${path}`),
      ["POST /v1/responses", "POST /v1/responses/resp_kept1/cancel"],
    );
  });

  it("R10: drops a tool round at a deploy, and neither asks nor sends anything for a later answer", async () => {
    openai.answers = [
      [
        ...buildReasoningEvents(["Hm."], 0, { encrypted_content: "enc-1" }),
        ...buildCallEvents("call_1", "get_weather", ['{"city":"Köln"}'], 1),
      ],
      STORY,
    ];
    const flow = createRouterFlow(openai.url, { service: { provider: "openai", api: "responses" } });
    await runtime().deploy(flow, "full", CREDENTIALS);
    runtime().inject("ask", { payload: "Weather?" });
    const [call] = (await runtime().waitUntil("weather", ({ length }) => length === 1)) as [Message];
    const changed = flow.map((node) => (node.id === "router" ? { ...node, maxRounds: "3" } : node));
    for (const [type, next] of [
      ["nodes", changed],
      ["full", flow],
    ] as const) {
      await runtime().deploy(next, type, CREDENTIALS);
      const sent = runtime().getMessages("out").length;
      runtime().inject("router", { ...structuredClone(call), payload: "rain" });
      await pause(60);
      assert.equal(openai.generations, 1, type);
      assert.equal(runtime().getMessages("out").length, sent, type);
    }
    runtime().inject("ask", { payload: "And now?" });
    const [end] = await runtime().waitForEnds("out");
    assert.deepEqual([end!.finishReason, openai.generations], ["stop", 2]);
  });

  it("R16: keeps the next messages, the answer and what its service wants back if a node changes its message", async () => {
    const annotation = { type: "url_citation", url: "https://a.example", title: "A" };
    const search = { id: "ws_1", type: "web_search_call", status: "in_progress", action: { query: "a" } };
    const [opened, part, ...rest] = buildMessageEvents(["a", "b"], 2, { phase: "final_answer" });
    const events = buildStream([
      buildEvent("output_item.added", { output_index: 0, item: search }),
      buildEvent("web_search_call.completed", { output_index: 0, item_id: "ws_1" }),
      ...buildReasoningEvents(["Hm."], 1, { encrypted_content: "enc-1" }),
      ...[opened!, part!, ...rest.slice(0, 1)],
      buildEvent("output_text.annotation.added", { output_index: 2, content_index: 0, annotation }),
      ...rest.slice(1),
    ]);
    openai.remember(events);
    // Each event arrives by itself, so that the node changes a message before the next one is made.
    const answer = async (reply: Reply) => {
      reply.open();
      for (const event of events) {
        reply.response.write(formatEvents([event]));
        await pause(3);
      }
      reply.response.end();
    };
    openai.answers = [answer, STORY];
    await runtime().deploy(
      [
        TAB,
        createProviderNode(openai.url, { provider: "openai", api: "responses" }),
        createChatStreamNode({ wires: [["spoiler", "collect"]], conversation: "flow" }),
        createSinkNode("spoiler"),
        createCollectNode({ wires: [["finished"], []] }),
        createSinkNode("finished"),
      ],
      "full",
      CREDENTIALS,
    );
    runtime().reactions.set("spoiler", (message) => spoil(message));
    runtime().inject("ask", { payload: "Hi" });
    const [first] = await runtime().waitUntil("finished", ({ length }) => length === 1);
    assert.equal(first!.payload, "ab");
    assert.doesNotMatch(JSON.stringify(first), /spoilt/);
    runtime().inject("ask", { payload: "And?" });
    await runtime().waitUntil("finished", ({ length }) => length === 2);
    const input = openai.bodies[1]!["input"] as Record<string, unknown>[];
    assert.deepEqual(
      input.map((item) => item["encrypted_content"] ?? item["phase"] ?? item["content"]),
      ["Hi", "enc-1", "final_answer", "And?"],
    );
    assert.doesNotMatch(JSON.stringify(input), /spoilt/);
  });
});
