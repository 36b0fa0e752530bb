import assert from "node:assert/strict";
import type { Chunk } from "../../../src/core/chat/chunk.js";
import type { FailureData } from "../../../src/core/failure.js";
import { createChatStreamNode, createProviderNode, createSinkNode, TAB } from "../../support/flows/nodes.js";
import { answerCalls, createRouterFlow } from "../../support/flows/router.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import {
  COUNTED,
  createCallPart,
  createError,
  createFinishRecord,
  createRecord,
  createTextRecord,
  createThoughtRecord,
} from "../../support/services/gemini-records.js";
import {
  createBrokenGeminiScript,
  createGeminiArrayScript,
  createGeminiScript,
  formatGeminiUrl,
  GEMINI_KEY,
} from "../../support/services/gemini-service.js";
import { useService } from "../../support/services/use-service.js";
import { collectAnswer } from "../../support/worlds/collected-answer.js";

const WEATHER = {
  type: "function",
  function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
};

describe("Flow with Gemini", () => {
  const runtime = useRuntime();
  const service = useService();

  const ask = (message: object, apiKey = GEMINI_KEY, settings: object = {}) =>
    collectAnswer(
      runtime(),
      createProviderNode(formatGeminiUrl(service()), { provider: "gemini", ...settings }),
      "gemini-3-pro",
      message,
      { provider: { apiKey } },
    );

  for (const [framing, createScript] of Object.entries({
    events: createGeminiScript,
    "an array": createGeminiArrayScript,
  })) {
    it(`streams a Gemini answer from ${framing} with text, reasoning, finish reason and usage`, async () => {
      service().script = createScript(
        createThoughtRecord("Hm."),
        createTextRecord("Grüße"),
        createTextRecord(" 🙂"),
        createFinishRecord(),
      );
      const { messages, last, collected, response } = await ask({ payload: "Hi", topic: "t" });
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
      assert.equal(response.model, "gemini-1");
      assert.equal(response.choices[0]!.message.reasoning_content, "Hm.");
    });
  }

  it("fails as limit for a Gemini image above the record limit, and collects it below", async () => {
    const data = "iVBORw0K".repeat(512 * 1024);
    service().script = createGeminiScript(
      createRecord([{ inlineData: { mimeType: "image/png", data } }]),
      createFinishRecord(),
    );
    const { last } = await ask({ payload: "Draw a cat" });
    const error = last.error as FailureData;
    assert.equal(error.code, "limit");
    assert.match(error.message, /1048576.*raise “Max record size” in the provider/);
    const { response } = await ask({ payload: "Draw a cat" }, GEMINI_KEY, { maxRecord: "8192" });
    const [image] = response.choices[0]!.message["images"] as { image_url: { url: string } }[];
    assert.equal(image!.image_url.url, `data:image/png;base64,${data}`);
  });

  it("sends Gemini its signed image back, and other services only the text", async () => {
    const drawn = { inlineData: { mimeType: "image/png", data: "iVBORw0KGgo=" }, thoughtSignature: "c2ln" };
    service().queue.push(createGeminiScript(createRecord([drawn]), createFinishRecord()));
    service().queue.push(createGeminiScript(createTextRecord("Done."), createFinishRecord()));
    service().script = (reply) => reply.say("I cannot see it.");
    const service1 = createProviderNode(formatGeminiUrl(service()), { provider: "gemini", id: "google" });
    const service2 = createProviderNode(service().url, { id: "another" });
    const drawing = { id: "draw", provider: "google", model: "gemini-3-pro-image", conversation: "flow" };
    const talking = { id: "talk", provider: "another", conversation: "flow" };
    const nodes = [
      TAB,
      service1,
      service2,
      createChatStreamNode(drawing),
      createChatStreamNode(talking),
      createSinkNode("out"),
    ];
    await runtime().deploy(nodes, "full", { google: { apiKey: GEMINI_KEY } });
    for (const [at, [node, payload]] of [
      ["draw", "Draw a cat"],
      ["draw", "Make it blue"],
      ["talk", "What do you see?"],
    ].entries()) {
      runtime().inject(node!, { payload, topic: "t" });
      await runtime().waitForEnds("out", at + 1);
    }
    const [, second, third] = service().requests;
    assert.deepEqual(second!.body["contents"], [
      { role: "user", parts: [{ text: "Draw a cat" }] },
      { role: "model", parts: [drawn] },
      { role: "user", parts: [{ text: "Make it blue" }] },
    ]);
    assert.deepEqual(third!.body["messages"], [
      { role: "user", content: "Draw a cat" },
      { role: "user", content: "Make it blue" },
      { role: "assistant", content: "Done." },
      { role: "user", content: "What do you see?" },
    ]);
  });

  it("sends Gemini tool results in its own form with its signatures", async () => {
    service().queue.push(
      createGeminiScript(
        createRecord([
          createCallPart("get_weather", { city: "Bonn" }, { thoughtSignature: "c2ln" }),
          createCallPart("get_weather", { city: "Köln" }),
        ]),
        createFinishRecord(),
      ),
    );
    service().queue.push(
      createGeminiScript(
        createTextRecord("Sunny in both."),
        createFinishRecord("STOP", [{ text: "", thoughtSignature: "dGV4dA==" }]),
      ),
    );
    service().queue.push(createGeminiScript(createTextRecord("Yes."), createFinishRecord()));
    const question = { payload: "Weather in Bonn and Köln?", tools: [WEATHER] };
    const { last, calls, conversation } = await ask(question);
    assert.equal(last.finishReason, "tool_calls");
    const [bonn, koeln] = calls;
    assert.notEqual(bonn!.id, koeln!.id);

    const messages = [
      ...conversation,
      { role: "tool", tool_call_id: bonn!.id, content: '{"sky":"clear"}' },
      { role: "tool", tool_call_id: koeln!.id, content: "clear" },
    ];
    const second = await ask({ messages, tools: [WEATHER] });
    assert.equal(second.collected.payload, "Sunny in both.");
    const [, called, results] = service().requests[1]!.body["contents"] as { parts: object[] }[];
    assert.deepEqual(called!.parts, [
      {
        functionCall: { id: bonn!.id, name: "get_weather", args: { city: "Bonn" } },
        thoughtSignature: "c2ln",
      },
      { functionCall: { id: koeln!.id, name: "get_weather", args: { city: "Köln" } } },
    ]);
    assert.deepEqual(results!.parts, [
      { functionResponse: { id: bonn!.id, name: "get_weather", response: { sky: "clear" } } },
      { functionResponse: { id: koeln!.id, name: "get_weather", response: { result: "clear" } } },
    ]);

    await ask({
      messages: [...second.conversation, { role: "user", content: "Sure?" }],
      tools: [WEATHER],
    });
    assert.deepEqual((service().requests[2]!.body["contents"] as object[])[3], {
      role: "model",
      parts: [{ text: "Sunny in both.", thoughtSignature: "dGV4dA==" }],
    });
  });

  it("calls tools for Gemini through a tool-call-router and streams its final answer", async () => {
    service().queue.push(
      createGeminiScript(
        createTextRecord("Let me look. "),
        createRecord([createCallPart("get_weather", { city: "Bonn" }, { thoughtSignature: "c2ln" })]),
        createFinishRecord(),
      ),
    );
    service().queue.push(createGeminiScript(createTextRecord("It is clear."), createFinishRecord()));
    await runtime().deploy(
      createRouterFlow(formatGeminiUrl(service()), {
        service: { provider: "gemini" },
        stream: { model: "gemini-3-pro" },
      }),
      "full",
      { provider: { apiKey: GEMINI_KEY } },
    );
    answerCalls(runtime(), "weather", () => "clear");
    runtime().inject("router", { payload: "Weather?" });
    const [last] = await runtime().waitForEnds("out");
    assert.equal(last!["error"], undefined);
    assert.equal(joinPayloads(runtime().getMessages("out")), "Let me look. It is clear.");
    const contents = service().requests[1]!.body["contents"] as { parts: object[] }[];
    const [, call] = contents[1]!.parts as Record<string, unknown>[];
    assert.equal(call!["thoughtSignature"], "c2ln");
    const [answer] = contents[2]!.parts as { functionResponse: Record<string, unknown> }[];
    assert.deepEqual(
      [answer!.functionResponse["name"], answer!.functionResponse["response"]],
      ["get_weather", { result: "clear" }],
    );
  });

  const FAILURES: readonly (readonly [string, readonly object[], string, boolean, string])[] = [
    [
      "an error in the middle",
      [createTextRecord("half"), createError(503, "UNAVAILABLE", "Overloaded.")],
      "overloaded",
      true,
      "half",
    ],
    [
      "a call that cannot be read",
      [createTextRecord("half"), createFinishRecord("MALFORMED_FUNCTION_CALL")],
      "bad_response",
      true,
      "half",
    ],
    ["a blocked prompt", [{ promptFeedback: { blockReason: "SAFETY" } }], "content_filter", false, ""],
    ["no finish reason", [createTextRecord("half")], "interrupted", true, "half"],
  ];
  for (const [fault, records, code, retryable, partial] of FAILURES) {
    it(`fails as ${code} and keeps the partial text for ${fault} from Gemini`, async () => {
      for (const createScript of [createGeminiScript, createGeminiArrayScript]) {
        service().script = createScript(...records);
        const { last, error: failed, collected } = await ask({ payload: "Hi" });
        assert.deepEqual(
          [last.finishReason, failed!.code, failed!.retryable, failed!.partial, failed!.provider],
          ["error", code, retryable, partial, "gemini"],
        );
        assert.equal(collected.payload, partial);
        assert.equal(runtime().getMessages("unfinished").length, 1);
        await runtime().waitUntil("errors", (caught) => caught.length === 1);
      }
    });
  }

  it("keeps the partial text if the connection to Gemini breaks", async () => {
    service().script = createBrokenGeminiScript(createTextRecord("half"), createTextRecord(" of it"));
    const { error: failed } = await ask({ payload: "Hi" });
    assert.deepEqual([failed!.code, failed!.partial], ["interrupted", "half of it"]);
  });

  it("fails as authentication or invalid_request as Gemini's refusal says", async () => {
    service().script = createGeminiScript(createFinishRecord());
    const wrong = await ask({ payload: "Hi" }, "another-key");
    assert.deepEqual([wrong.error!.code, wrong.error!.status], ["authentication", 400]);
    assert.ok(!JSON.stringify(wrong.messages).includes("another-key"));
    const odd = await ask({ payload: { prompt: "Hi", oddField: 1 } });
    assert.equal(odd.error!.code, "invalid_request");
    assert.match(odd.error!.message, /oddField/);
  });

  it("fails before sending for a parameter that Gemini cannot take", async () => {
    const { error: failed } = await ask({ payload: { prompt: "Hi", logit_bias: { 5: 1 } } });
    assert.equal(failed!.code, "invalid_request");
    assert.match(failed!.message, /logit_bias/);
    assert.equal(service().requests.length, 0);
  });
});
