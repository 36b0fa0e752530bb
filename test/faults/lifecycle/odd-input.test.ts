import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createAskFlow,
  createChatStreamNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { waitForEnd, waitForEnds } from "../../support/runtime/inbox.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useHelper } from "../../support/runtime/use-helper.js";
import { createChunk } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";

describe("Odd input of a chat-stream", () => {
  const load = useHelper();
  const service = useService();

  it("R14: answers a frozen message", async () => {
    const flow = await load(createAskFlow(service().url));
    const message = Object.freeze({
      payload: Object.freeze([Object.freeze({ role: "user", content: "Hi" })]),
      parts: Object.freeze({ id: "outer", index: 0 }),
      _msgid: "m",
    });
    flow.inject("ask", message as unknown as Message);
    assert.equal((await waitForEnd(flow.getInbox("out"))).finishReason, "stop");
  });

  it("R14: answers a message with invalid parts", async () => {
    const flow = await load(createAskFlow(service().url));
    const loop: Record<string, unknown> = { id: "outer", index: 0 };
    loop["parts"] = loop;
    for (const parts of ["x", null, 7, loop]) {
      flow.getInbox("out").clear();
      flow.inject("ask", { payload: "Hi", parts } as unknown as Message);
      assert.equal((await waitForEnd(flow.getInbox("out"))).finishReason, "stop");
    }
  });

  it("goes on after a message that cannot be copied for a second wire", async () => {
    const flow = await load(createAskFlow(service().url, { wires: [["out", "errors"]] }));
    const deep = Object.defineProperty({}, "x", {
      enumerable: true,
      get: () => {
        throw new Error("no entry");
      },
    });
    flow.inject("ask", { payload: "Hi", deep });
    await service().waitForRequests(1);
    await pause();
    flow.inject("ask", { payload: "Next" });
    await waitForEnd(flow.getInbox("out"));
  });

  it("R20: fails only the streams of a provider with a broken configuration", async () => {
    const flow = await load([
      ...createAskFlow(service().url),
      { ...createProviderNode("nonsense", { maxConcurrent: "many", headers: "[" }), id: "broken" },
      { ...createChatStreamNode({ provider: "broken", wires: [["out"]] }), id: "other" },
    ]);
    flow.inject("other", { payload: "Hi" });
    flow.inject("ask", { payload: "Hi" });
    const lasts = await waitForEnds(flow.getInbox("out"), 2);
    assert.deepEqual(lasts.map(({ finishReason }) => finishReason).sort(), ["error", "stop"]);
  });

  it("sends nine errors and no more if a Catch node is wired back to the failing chat-stream, because Node-RED stops the loop", async () => {
    service().script = (reply) => reply.sendJson(500, {});
    const flow = await load([
      ...createAskFlow(service().url).filter(({ id }) => id !== "catch"),
      createFlowNode("catch", "catch", ["ask", "errors"], { scope: ["ask"] }),
    ]);
    flow.inject("ask", { payload: "Hi" });
    await flow.getInbox("errors").waitForCount(9);
    await pause(100);
    assert.equal(flow.getInbox("errors").size, 9);
    assert.equal(service().requests.length, 10);
  });

  it("has the message, status, request id and waiting time of a refusal in its error", async () => {
    service().queue.push((reply) =>
      reply.sendJson(
        429,
        { error: { message: "Slow down" } },
        { "retry-after": "3", "x-request-id": "req_1" },
      ),
    );
    const flow = await load(createAskFlow(service().url));
    flow.inject("ask", { payload: "Hi" });
    const { message, ...data } = (await waitForEnd(flow.getInbox("out"))).error as Record<string, unknown>;
    assert.match(String(message), /Slow down/);
    assert.deepEqual(data, {
      code: "rate_limit",
      status: 429,
      retryable: true,
      retryAfterMs: 3000,
      requestId: "req_1",
      phase: "headers",
      provider: "custom",
      partial: "",
    });
  });

  it("keeps the text so far in the messages, and as partial in the error, if the stream breaks off", async () => {
    service().queue.push(async (reply) => {
      await reply.sendApart("half", " of it", createChunk({ reasoning_content: "x" }));
      reply.drop();
    });
    const flow = await load(createAskFlow(service().url));
    flow.inject("ask", { payload: "Hi", topic: "t" });
    const last = await waitForEnd(flow.getInbox("out"));
    const { partial, phase } = last.error as Record<string, unknown>;
    assert.equal(partial, "half of it");
    assert.equal(phase, "streaming");
    assert.equal(last.topic, "t");
    assert.ok(last.request);
  });
});

describe("Failed chat-stream with a retry node on its wire", () => {
  const service = useService();
  const load = useHelper([], ["retry"]);

  function createFlowTo(...targets: string[]): FlowNode[] {
    return [
      TAB,
      createProviderNode(service().url),
      createChatStreamNode({ wires: [targets] }),
      createFlowNode("retry", "retry", []),
      createSinkNode("out"),
      ...createWitnessNodes(),
    ];
  }

  it("is done without an error, because the retry node reports it", async () => {
    service().script = (reply) => reply.sendJson(500, {});
    const flow = await load(createFlowTo("retry", "out"));
    flow.inject("ask", { payload: "Hi" });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.equal((last.error as { code: string }).code, "server_error");
    await flow.getInbox("completed").waitForCount(1);
    await pause();
    assert.equal(flow.getInbox("errors").size, 0);
  });

  it("reports its error if the retry node is not directly behind it", async () => {
    service().script = (reply) => reply.sendJson(500, {});
    const flow = await load(createFlowTo("out"));
    flow.inject("ask", { payload: "Hi" });
    await flow.getInbox("errors").waitForCount(1);
  });
});
