import assert from "node:assert/strict";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import { ANTHROPIC_CREDENTIALS, answerWith, createAnthropicFlow } from "../../support/flows/anthropic.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import {
  createBlock,
  createMessageStart,
  createTextBlock,
} from "../../support/services/anthropic-records.js";
import { useAnthropic } from "../../support/services/anthropic-service.js";

describe("Flow with Anthropic's own tools", () => {
  const service = useAnthropic();
  const runtime = useRuntime();

  const { ask, readSentBody, waitForCollected } = createAnthropicFlow(runtime, service);

  it("continues a paused Anthropic turn with the results of its own tools", async () => {
    const used = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "a" } };
    const { input: _input, ...begun } = used;
    const query = { type: "input_json_delta", partial_json: '{"query":"a"}' };
    service().turns = [
      (reply) =>
        reply.sendAnswer(
          [createTextBlock(0, "I look."), createBlock(1, { ...begun, input: {} }, query)],
          "pause_turn",
        ),
      answerWith(" Found."),
    ];
    const end = await ask();
    assert.equal(end.finishReason, "stop");
    assert.equal(joinPayloads(runtime().getMessages("out")), "I look. Found.");
    assert.equal((end["stats"] as { attempts: number }).attempts, 2);
    const { response } = await waitForCollected();
    const { message, finish_reason: reason } = (
      response as { choices: { message: ChatMessage; finish_reason: string }[] }
    ).choices[0]!;
    assert.deepEqual(message, {
      role: "assistant",
      content: "I look. Found.",
      anthropic_blocks: { "1": used },
      anthropic_order: [7, "block", 7],
    });
    assert.equal(reason, "stop");
    assert.deepEqual(readSentBody(1).messages[1], {
      role: "assistant",
      content: [{ type: "text", text: "I look." }, used],
    });
  });

  it("repairs a paused Anthropic answer whose continuation breaks, without repeating its text", async () => {
    const used = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "a" } };
    service().turns = [
      (reply) => reply.sendAnswer([createTextBlock(0, "I look."), createBlock(1, used)], "pause_turn"),
      (reply) => void reply.send(createMessageStart(), ...createTextBlock(0, " Found it").slice(0, 2)).end(),
      answerWith(" in Köln."),
    ];
    const flow = createRetryFlow(service().url, {
      service: { provider: "anthropic" },
      stream: { model: "claude-1" },
      retry: { afterText: "continue" },
    });
    await runtime().deploy(flow, "full", ANTHROPIC_CREDENTIALS);
    runtime().inject("ask", { payload: "Hi" });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(end!.error, undefined);
    assert.equal(joinPayloads(runtime().getMessages("out")), "I look. Found it in Köln.");
    assert.equal((end!["stats"] as { attempts: number }).attempts, 3);
    assert.match(JSON.stringify(readSentBody(2).messages), /I look\. Found it/);
  });

  it("sends Anthropic the sources of its own searches back with their texts", async () => {
    const cited = {
      type: "web_search_result_location",
      url: "https://a.de",
      title: "A",
      encrypted_index: "ZW5j",
    };
    const text = createBlock(
      0,
      { type: "text", text: "", citations: [] },
      { type: "citations_delta", citation: cited },
      { type: "text_delta", text: "Rain." },
    );
    service().turns = [(reply) => reply.sendAnswer([text]), answerWith("Fine.")];
    await ask({ topic: "sources" }, { conversation: "flow" });
    runtime().inject("ask", { payload: "Sure?", topic: "sources" });
    await runtime().waitForEnds("out", 2);
    assert.deepEqual(readSentBody(1).messages[1], {
      role: "assistant",
      content: [{ type: "text", text: "Rain.", citations: [cited] }],
    });
  });
});
