import assert from "node:assert/strict";
import type { Chunk } from "../../../src/core/chat/chunk.js";
import { createProviderNode } from "../../support/flows/nodes.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import {
  COUNTED,
  createDoneRecord,
  createRecord,
  createTextRecord,
  TIMINGS,
} from "../../support/services/ollama-records.js";
import {
  createBrokenOllamaScript,
  createOllamaScript,
  formatOllamaUrl,
} from "../../support/services/ollama-service.js";
import { useService } from "../../support/services/use-service.js";
import { collectAnswer } from "../../support/worlds/collected-answer.js";

const WEATHER = { type: "function", function: { name: "get_weather", parameters: { type: "object" } } };
const IMAGE = { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0K" } };

describe("Flow with Ollama", () => {
  const runtime = useRuntime();
  const service = useService();

  const ask = (message: object, settings: object = {}) =>
    collectAnswer(
      runtime(),
      createProviderNode(formatOllamaUrl(service()), { provider: "ollama", settings }),
      "llama-1",
      message,
    );

  it("streams an Ollama answer with text, reasoning, usage and timings", async () => {
    service().script = createOllamaScript(
      createRecord({ thinking: "Hm." }),
      createTextRecord("Grüße"),
      createTextRecord(" 🙂"),
      createDoneRecord(),
    );
    const { messages, last, collected, response } = await ask(
      { payload: "Hi", topic: "t" },
      { keepAlive: "5m" },
    );
    assert.equal(joinPayloads(messages), "Grüße 🙂");
    assert.deepEqual(
      messages.map(({ payload, topic, parts }) => [payload, topic, parts!.index]),
      [
        ["", "t", 0],
        ["Grüße", "t", 1],
        [" 🙂", "t", 2],
        ["", "t", 3],
      ],
    );
    assert.equal((messages[0]!["chunk"] as Chunk).choices[0]!.delta.reasoning_content, "Hm.");
    assert.deepEqual([last.finishReason, last.usage, last.error], ["stop", COUNTED, undefined]);
    assert.equal(collected.payload, "Grüße 🙂");
    assert.deepEqual(response["timings"], TIMINGS);
    assert.equal(service().requests[0]!.body["keep_alive"], "5m");
  });

  it("sends Ollama images and tool results in its own form", async () => {
    service().queue.push(
      createOllamaScript(
        createRecord({ tool_calls: [{ function: { name: "get_weather", arguments: { city: "Bonn" } } }] }),
        createDoneRecord("stop"),
      ),
    );
    service().queue.push(createOllamaScript(createTextRecord("Sunny."), createDoneRecord()));
    const content = [{ type: "text", text: "Weather here?" }, IMAGE];
    const { last, calls, conversation } = await ask({
      messages: [{ role: "user", content }],
      tools: [WEATHER],
    });
    assert.equal(last.finishReason, "tool_calls");
    const [call] = calls;
    assert.deepEqual(JSON.parse(call!.function!.arguments), { city: "Bonn" });

    const result = { role: "tool", tool_call_id: call!.id, content: "clear" };
    const messages = [...conversation, result];
    const second = await ask({ messages, tools: [WEATHER] });
    assert.equal(second.collected.payload, "Sunny.");
    assert.deepEqual(service().requests[1]!.body["messages"], [
      { role: "user", content: "Weather here?", images: ["iVBORw0K"] },
      {
        role: "assistant",
        content: "",
        tool_calls: [{ id: call!.id, function: { name: "get_weather", arguments: { city: "Bonn" } } }],
      },
      { role: "tool", content: "clear", tool_name: "get_weather", tool_call_id: call!.id },
    ]);
  });

  it("fails and keeps the partial text if Ollama's stream has an error, no last line or a broken connection", async () => {
    const rows = [
      [
        createOllamaScript(createTextRecord("half"), { error: "llama runner process has terminated" }),
        "server_error",
      ],
      [createOllamaScript(createTextRecord("half")), "interrupted"],
      [createBrokenOllamaScript(createTextRecord("half")), "interrupted"],
    ] as const;
    for (const [script, code] of rows) {
      service().script = script;
      const { last, error, collected } = await ask({ payload: "Hi" });
      assert.deepEqual(
        [last.finishReason, error!.code, error!.retryable, error!.partial, error!.provider],
        ["error", code, true, "half", "ollama"],
      );
      assert.equal(collected.payload, "half");
      assert.equal(runtime().getMessages("unfinished").length, 1);
      await runtime().waitUntil("errors", (caught) => caught.length === 1);
    }
  });

  it("fails as not_found or invalid_request as Ollama's refusal says", async () => {
    service().script = createOllamaScript(createDoneRecord());
    const missing = await ask({ payload: "Hi", model: "nobody" });
    assert.deepEqual([missing.error!.code, missing.error!.status], ["not_found", 404]);
    assert.match(missing.error!.message, /model 'nobody' not found/);
    const thought = await ask({ payload: { prompt: "Hi", think: "high" } });
    assert.equal(thought.error!.code, "invalid_request");
  });

  it("fails before sending for an image URL, which Ollama cannot take", async () => {
    const content = [{ type: "image_url", image_url: { url: "https://host/a.png" } }];
    const { error } = await ask({ messages: [{ role: "user", content }] });
    assert.equal(error!.code, "invalid_request");
    assert.match(error!.message, /image by its address/);
    assert.equal(service().requests.length, 0);
  });
});
