import assert from "node:assert/strict";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { createCollectFlow, createProviderNode } from "../../support/flows/nodes.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import { answerCalls, createRouterFlow } from "../../support/flows/router.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import {
  buildCallEvents,
  buildEvent,
  buildMessageEvents,
  buildReasoningEvents,
  buildStream,
  formatEvents,
  type WireEvent,
} from "../../support/services/responses-records.js";
import { ONLY_IN_RESPONSES, ResponsesService } from "../../support/services/responses-service.js";
import type { Reply } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";

const OPENAI = { provider: "openai", api: "" };
const CREDENTIALS = { provider: { apiKey: "sk-test-1234567890" } };

type Item = Record<string, unknown>;

const thinkAndCall = (call: string, city: string): WireEvent[] => [
  ...buildReasoningEvents(["I need ", "the weather."], 0, { encrypted_content: `enc-${call}` }),
  ...buildMessageEvents(["I ", "look. "], 1, { phase: "commentary" }),
  ...buildCallEvents(call, "get_weather", ['{"city"', `:"${city}"}`], 2),
];
const IT_RAINS = buildMessageEvents(["It ", "rains."], 0, { phase: "final_answer" });

describe("Flow with OpenAI in Responses", () => {
  const service = useService();
  const runtime = useRuntime();
  let openai: ResponsesService;
  beforeEach(() => {
    openai = new ResponsesService(service());
  });

  const readInput = (at: number) => openai.bodies[at]!["input"] as Item[];

  async function ask(message: Message = {}, stream: Item = {}, provider: Item = OPENAI): Promise<Message> {
    runtime().clearMessages();
    const flow = createCollectFlow(createProviderNode(openai.url, provider), stream);
    await runtime().deploy(flow, "full", CREDENTIALS);
    runtime().inject("ask", { payload: "Hi", ...message });
    return (await runtime().waitForEnds("out"))[0]!;
  }

  const readError = (end: Message) => end.error as { code: string; message: string; partial: string };

  async function readCollected(): Promise<ChatMessage> {
    const [{ response }] = (await runtime().waitUntil("finished", ({ length }) => length > 0)) as [Message];
    return (response as { choices: { message: ChatMessage }[] }).choices[0]!.message;
  }

  it("streams an answer whose messages are those of Chat Completions", async () => {
    openai.answers = [[...buildReasoningEvents(["Hm."]), ...buildMessageEvents(["Grüße ", "aus Köln"], 1)]];
    const end = await ask();
    assert.equal(joinPayloads(runtime().getMessages("out")), "Grüße aus Köln");
    assert.deepEqual([end.complete, end.finishReason, end.error], [true, "stop", undefined]);
    assert.equal((end["usage"] as Item)["prompt_tokens"], 9);
    const message = await readCollected();
    assert.equal(message["reasoning_content"], "Hm.");
    assert.equal(service().requests[0]!.path, "/v1/responses");
  });

  it("calls tools through a tool-call-router, and sends reasoning and phase back in order", async () => {
    openai.answers = [thinkAndCall("call_1", "Köln"), thinkAndCall("call_2", "Bonn"), IT_RAINS];
    await runtime().deploy(createRouterFlow(openai.url, { service: OPENAI }), "full", CREDENTIALS);
    answerCalls(runtime(), "weather", (payload) => `rain in ${(payload as { city: string }).city}`);
    runtime().inject("ask", { payload: "Weather?" });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(end!.error, undefined);
    assert.equal(joinPayloads(runtime().getMessages("out")), "I look. I look. It rains.");
    assert.equal(openai.generations, 3, "no request was refused");
    const input = readInput(2);
    assert.deepEqual(
      input.map(
        ({ type, phase, encrypted_content, call_id }) => phase ?? encrypted_content ?? call_id ?? type,
      ),
      [
        "message",
        "enc-call_1",
        "commentary",
        "call_1",
        "call_1",
        "enc-call_2",
        "commentary",
        "call_2",
        "call_2",
      ],
    );
    assert.equal(input.at(-1)!["output"], "rain in Bonn");
  });

  it("keeps reasoning and phase in a conversation for its service, whatever its form", async () => {
    openai.answers = [
      [
        ...buildReasoningEvents(["Hm."], 0, { encrypted_content: "enc-1" }),
        ...buildMessageEvents(["One."], 1, { phase: "final_answer" }),
      ],
      buildMessageEvents(["Two."]),
    ];
    const stream = { conversation: "flow" };
    await ask({}, stream);
    runtime().inject("ask", { payload: "And?" });
    await runtime().waitForEnds("out", 2);
    assert.equal(openai.generations, 2);
    const told = readInput(1).map((item) => item["encrypted_content"] ?? item["phase"] ?? item["content"]);
    assert.deepEqual(told, ["Hi", "enc-1", "final_answer", "And?"]);
  });

  it("leaves out reasoning that the service can no longer read, and answers all the same", async () => {
    openai.answers = [buildMessageEvents(["Two."])];
    const details = [
      { type: "reasoning.encrypted", data: "of-another-key", format: "openai-responses-v1", index: 0 },
    ];
    const messages = [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "One.", reasoning_details: details },
      { role: "user", content: "And?" },
    ];
    const end = await ask({ messages });
    assert.equal(end.finishReason, "stop");
    assert.deepEqual([service().requests.length, openai.generations], [2, 1]);
    assert.doesNotMatch(JSON.stringify(readInput(1)), /reasoning/);
  });

  it("asks a model that does not reason once more without encrypted reasoning, and remembers it", async () => {
    openai.plainModels.add("model-1");
    openai.answers = [buildMessageEvents(["Hi."])];
    assert.equal((await ask()).finishReason, "stop");
    runtime().inject("ask", { payload: "Hi" });
    await runtime().waitForEnds("out", 2);
    assert.equal(service().requests.length, 3);
  });

  it("gives parsed JSON by a schema", async () => {
    openai.answers = [buildMessageEvents(['{"a"', ':"x"}'])];
    const schema = {
      type: "object",
      properties: { a: { type: "string" } },
      required: ["a"],
      additionalProperties: false,
    };
    const end = await ask({}, { responseFormat: "json_schema", schema: JSON.stringify(schema) });
    assert.equal(end.finishReason, "stop");
    const { text } = openai.bodies[0]! as { text: { format: Item } };
    assert.equal(text.format["type"], "json_schema");
    assert.deepEqual(text.format["schema"], schema);
  });

  it("goes on with a broken answer through retry, by a quote", async () => {
    openai.answers = [
      (reply: Reply) => {
        reply.open();
        reply.response.write(
          formatEvents(buildStream(buildMessageEvents(["Once upon a time, ", "there was"])).slice(0, 6)),
        );
        setTimeout(() => reply.drop(), 20);
      },
      buildMessageEvents([" a king."]),
    ];
    await runtime().deploy(createRetryFlow(openai.url, { service: OPENAI }), "full", CREDENTIALS);
    runtime().inject("ask", { payload: "Tell me." });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(end!.error, undefined);
    assert.equal(joinPayloads(runtime().getMessages("out")), "Once upon a time, there was a king.");
    assert.deepEqual(
      readInput(1).map(({ role }) => role),
      ["user", "assistant", "user"],
    );
  });

  it("goes on by a quote if a service takes the wish to keep the answer, and then does not know it", async () => {
    const begun = formatEvents(
      buildStream(buildMessageEvents(["Once upon a time, ", "there was"])).slice(0, 6),
    );
    openai.answers = [
      (reply: Reply) => {
        reply.open().response.write(begun);
        setTimeout(() => reply.drop(), 20);
      },
      buildMessageEvents([" a king."]),
    ];
    const flow = createRetryFlow(openai.url, { service: OPENAI, stream: { background: true } });
    await runtime().deploy(flow, "full", CREDENTIALS);
    runtime().inject("ask", { payload: "Tell me." });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(end!.error, undefined, JSON.stringify(end!.error));
    assert.equal(joinPayloads(runtime().getMessages("out")), "Once upon a time, there was a king.");
    const methods = service().requests.map(({ method }) => method);
    assert.ok(methods.includes("GET"), methods.join());
    assert.equal(openai.generations, 2);
  });

  it("ends an answer that fails in the middle with the service's error, and one that is cut off as length", async () => {
    const begun = buildStream(buildMessageEvents(["Half"])).slice(0, 5);
    const error = { code: "rate_limit_exceeded", message: "Slow down." };
    const failed = buildEvent("failed", { response: { id: "resp_1", status: "failed", error } });
    openai.answers = [
      (reply: Reply) => {
        reply.open().response.end(formatEvents([...begun, failed]));
      },
    ];
    const end = await ask();
    assert.deepEqual(
      [end.finishReason, readError(end).code, readError(end).partial],
      ["error", "rate_limit", "Half"],
    );
    const incomplete = { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } };
    openai.answers = [
      (reply: Reply) => {
        const events = buildStream(buildMessageEvents(["Half"]), incomplete, "incomplete");
        reply.open().response.end(formatEvents(events));
      },
    ];
    assert.equal((await ask()).finishReason, "length");
  });

  it("ends an answer with all its tokens as length if the service is one that never says so, and as it says otherwise", async () => {
    const options = { max_tokens: 5 };
    for (const [provider, reason] of [
      ["llamacpp", "length"],
      ["openai", "stop"],
    ]) {
      service().script = (reply) => {
        reply.open().response.end(formatEvents(buildStream(buildMessageEvents(["One, two"]))));
      };
      const end = await ask({ options }, {}, { provider, api: "responses" });
      assert.deepEqual(
        [end.finishReason, (end["usage"] as Item)["completion_tokens"]],
        [reason, 5],
        provider,
      );
    }
  });

  it("asks for the service's own tools that are ticked, and shows in msg.chunk and collect what they did", async () => {
    const search = { id: "ws_1", type: "web_search_call", status: "completed", action: { query: "a" } };
    openai.answers = [
      [
        buildEvent("output_item.done", { output_index: 0, item: search }),
        ...buildMessageEvents(["Found."], 1),
      ],
    ];
    const ticks = { hostedTools: ["web_search", "file_search"], vectorStores: "vs_1, vs_2" };
    const end = await ask({}, ticks);
    assert.equal(end.error, undefined);
    assert.deepEqual(openai.bodies[0]!["tools"], [
      { type: "web_search" },
      { type: "file_search", vector_store_ids: ["vs_1", "vs_2"] },
    ]);
    assert.deepEqual((await readCollected())["responses_items"], { 0: search });
    const chunks = runtime()
      .getMessages("out")
      .map(({ chunk }) => JSON.stringify(chunk ?? ""));
    assert.ok(chunks.some((chunk) => chunk.includes("web_search_call")));
    const { parameters } = end.request as { parameters: Item };
    assert.deepEqual(parameters["hosted_tools"], [
      "web_search",
      { type: "file_search", vector_store_ids: ["vs_1", "vs_2"] },
    ]);
    const without = await ask({ options: { hosted_tools: [] } }, ticks);
    assert.equal(without.error, undefined);
    assert.equal(openai.bodies[1]!["tools"], undefined);
    const refused = await ask({}, ticks, { ...OPENAI, api: "chat" });
    assert.equal(readError(refused).code, "invalid_request");
    assert.match(readError(refused).message, /hosted tool web_search in Responses only/);
  });

  it("says which setting to change if a model takes the request only in Responses", async () => {
    const end = await ask({}, {}, { ...OPENAI, api: "chat" });
    assert.equal(readError(end).code, "invalid_request");
    assert.ok(readError(end).message.includes(ONLY_IN_RESPONSES.slice(0, 60)), readError(end).message);
    assert.match(readError(end).message, /Set API of the provider to Responses/);
    assert.equal(service().requests.length, 1, "nothing switches silently");
  });

  it("says which setting to change if there is no Responses API at the address", async () => {
    service().script = (reply) => reply.sendText(404, "text/html", "<h1>404 page not found</h1>");
    const end = await ask();
    assert.match(readError(end).message, /set API of the provider to Chat Completions/);
  });

  it("says that OpenAI has ended a model that it does not know any more", async () => {
    const error = { message: "The model `gpt-4` does not exist.", code: "model_not_found" };
    service().script = (reply) => reply.sendJson(404, { error });
    const end = await ask({ model: "gpt-4" });
    assert.equal(readError(end).code, "not_found");
    assert.match(readError(end).message, /OpenAI ended gpt-4 on 2026-10-23\. Choose a current model/);
  });

  it("asks in Chat Completions for a flow of an earlier version with another address", async () => {
    service().script = (reply) => reply.say("Hello");
    const end = await ask({}, {}, { provider: "openai" });
    assert.equal(end.finishReason, "stop");
    assert.equal(service().requests[0]!.path, "/v1/chat/completions");
  });
});
