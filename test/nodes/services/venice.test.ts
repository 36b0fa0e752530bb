import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createChatStreamNode,
  createCollectNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { waitForEnd } from "../../support/runtime/inbox.js";
import { useHelper } from "../../support/runtime/use-helper.js";
import { useService } from "../../support/services/use-service.js";
import { VENICE_KEY, VeniceService } from "../../support/services/venice-service.js";

interface Answer {
  choices: { message: Record<string, unknown>; finish_reason: string }[];
  [field: string]: unknown;
}

const CALL = { id: "call_1", type: "function", function: { name: "f", arguments: "" } };
const TOOLS = [{ type: "function", function: { name: "f", parameters: { type: "object" } } }];

describe("Flow with Venice", () => {
  const load = useHelper();
  const service = useService();
  let venice: VeniceService;
  beforeEach(() => {
    venice = new VeniceService(service());
  });

  /** Loads a flow: provider → ask → collect. */
  function loadFlow(settings: object = {}, apiKey = VENICE_KEY) {
    const nodes = [
      TAB,
      createProviderNode(venice.url, { provider: "venice", settings }),
      { ...createChatStreamNode(), wires: [["collect", "out"]] },
      createCollectNode(),
      createSinkNode("out"),
      createSinkNode("finished"),
      createSinkNode("unfinished"),
      ...createWitnessNodes(),
    ];
    return load(nodes, { provider: { apiKey } });
  }

  /** Asks once. @returns the flow, the last message of the stream and the collected answer */
  async function ask(message: Message = { payload: "Hi" }, settings: object = {}, apiKey = VENICE_KEY) {
    const flow = await loadFlow(settings, apiKey);
    flow.inject("ask", message);
    const last = await waitForEnd(flow.getInbox("out"));
    const box = flow.getInbox(last.error ? "unfinished" : "finished");
    const [collected] = await box.waitForCount(1);
    return { flow, last, collected: collected!, response: collected!["response"] as Answer };
  }

  const readMessage = (response: Answer) => response.choices[0]!.message;

  it("collects a Venice answer with its usage after strict checks of the request", async () => {
    const { collected, last } = await ask({ payload: "Hi", options: { temperature: null } });
    assert.equal(collected.payload, "Hello world");
    assert.equal(last.finishReason, "stop");
    assert.deepEqual(collected["usage"], { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 });
    assert.deepEqual(service().requests[0]!.body["stream_options"], { include_usage: true });
  });

  it("sends venice_parameters from settings, replaced by those of the message", async () => {
    const own = { venice_parameters: { enable_web_search: "off" } };
    await ask({ payload: "Hi", options: own }, { enable_web_search: "on", character_slug: "alan-watts" });
    assert.deepEqual(service().requests[0]!.body["venice_parameters"], {
      enable_web_search: "off",
      character_slug: "alan-watts",
    });
  });

  it("collects Venice's sources as annotations, each URL once", async () => {
    const createSource = (url: string) => ({ url, title: url, content: "…", date: "2026" });
    const searchFields = {
      web_search_citations: [createSource("https://a"), createSource("https://b")],
      enable_web_search: "on",
    };
    venice.answer = (reply) =>
      venice.sendStream(reply, [
        { id: "chatcmpl-v", choices: [], venice_parameters: searchFields },
        venice.createTextRecord("It is so.^1^"),
        {
          id: "chatcmpl-v",
          choices: [],
          venice_search_results: [createSource("https://b"), createSource("https://c")],
        },
        { id: "chatcmpl-v", choices: [], venice_parameters: searchFields },
      ]);
    const { response, collected } = await ask();
    const annotations = readMessage(response)["annotations"] as { url_citation: { url: string } }[];
    assert.deepEqual(
      annotations.map(({ url_citation: { url } }) => url),
      ["https://a", "https://b", "https://c"],
    );
    assert.equal(collected.payload, "It is so.^1^");
  });

  it("collects Venice's reasoning separately, with the encrypted part last, and sends it back", async () => {
    venice.answer = (reply) =>
      venice.sendStream(reply, [
        venice.createRecord({ reasoning_content: "first " }),
        venice.createRecord({ reasoning_content: "OPAQUE", reasoning_encrypted: true }),
        venice.createRecord({ reasoning_content: "then" }),
        venice.createTextRecord("Hello"),
      ]);
    const { response, collected } = await ask();
    assert.equal(readMessage(response)["reasoning_content"], "first thenOPAQUE");
    assert.equal(collected.payload, "Hello");
    service().reset();
    venice = new VeniceService(service());
    const { last } = await ask({
      messages: [{ role: "user", content: "Hi" }, readMessage(response), { role: "user", content: "On" }],
    });
    assert.equal(last.finishReason, "stop");
    const [, echoed] = service().requests[0]!.body["messages"] as object[];
    assert.deepEqual(echoed, { role: "assistant", content: "Hello", reasoning_content: "first thenOPAQUE" });
  });

  it("separates reasoning in tags from Venice's text if splitThinking is set", async () => {
    venice.answer = (reply) =>
      venice.sendStream(
        reply,
        ["<thi", "nk>hm</thi", "nk>Hello"].map((text) => venice.createTextRecord(text)),
      );
    const { response, collected } = await ask({ payload: "Hi" }, { splitThinking: true });
    assert.equal(readMessage(response)["reasoning_content"], "hm");
    assert.equal(collected.payload, "Hello");
  });

  it("collects Venice's tool calls with a null content, and sends them back with the results", async () => {
    venice.answer = (reply) =>
      venice.sendStream(
        reply,
        [
          venice.createRecord({ tool_calls: [{ index: 0, ...CALL }] }),
          venice.createRecord({ tool_calls: [{ index: 0, function: { arguments: '{"a":1}' } }] }),
        ],
        "tool_calls",
      );
    const { response, last } = await ask({ payload: "Hi", tools: TOOLS });
    assert.equal(last.finishReason, "tool_calls");
    const answer = readMessage(response);
    assert.deepEqual(answer["tool_calls"], [{ ...CALL, function: { name: "f", arguments: '{"a":1}' } }]);
    assert.equal(answer["content"], null);
    service().reset();
    venice = new VeniceService(service());
    const result = { role: "tool", tool_call_id: "call_1", content: "4" };
    const next = await ask({ messages: [{ role: "user", content: "Hi" }, answer, result], tools: TOOLS });
    assert.equal(next.last.finishReason, "stop");
  });

  it("treats Venice's own search as annotations, not as a tool call", async () => {
    const documents = JSON.stringify([{ url: "https://a", title: "A" }]);
    venice.answer = (reply) =>
      venice.sendStream(
        reply,
        [
          venice.createRecord({
            tool_calls: [
              {
                index: 0,
                id: "s",
                type: "function",
                function: { name: "venice_web_search_documents", arguments: documents },
              },
            ],
          }),
          venice.createTextRecord("Hello"),
        ],
        "tool_calls",
      );
    const { last, response } = await ask({ payload: "Hi", tools: TOOLS });
    assert.equal(last.finishReason, "stop");
    assert.equal(readMessage(response)["tool_calls"], undefined);
    assert.equal((readMessage(response)["annotations"] as object[]).length, 1);
  });

  it("fails with the matching code for Venice's wrong key, missing model, empty balance and rate limit", async () => {
    const wrong = await ask({ payload: "Hi" }, {}, "vn-wrong-key-12345");
    assert.equal((wrong.last.error as { code: string }).code, "authentication");
    assert.doesNotMatch(JSON.stringify(wrong.last), /vn-wrong-key/);
    const refusals = [
      [404, { error: "Specified model not found", code: "MODEL_NOT_FOUND" }, "not_found"],
      [402, { error: "Insufficient balance", code: "INSUFFICIENT_BALANCE" }, "insufficient_credits"],
      [429, { error: "Too many failed attempts", code: "RATE_LIMIT_EXCEEDED" }, "rate_limit"],
    ] as const;
    for (const [status, body, code] of refusals) {
      service().reset();
      venice = new VeniceService(service());
      venice.answer = (reply) => reply.sendJson(status, body, { "x-ratelimit-resets": "1790000000000" });
      const { last } = await ask();
      const error = last.error as { code: string; retryAfterMs?: number };
      assert.equal(error.code, code);
      assert.equal(error.retryAfterMs, code === "rate_limit" ? 30_000 : undefined);
    }
  });

  it("keeps the partial text if Venice's stream has an error or breaks off", async () => {
    venice.answer = (reply) => {
      reply.send(venice.createTextRecord("Hel"), {
        error: { message: "Inference failed", code: "INFERENCE_FAILED" },
      });
      reply.response.end("data: [DONE]\n\n");
    };
    const failed = await ask();
    assert.equal((failed.last.error as { code: string }).code, "server_error");
    assert.equal(failed.collected.payload, "Hel");
    service().reset();
    venice = new VeniceService(service());
    venice.answer = (reply) => void reply.send(venice.createTextRecord("Hel")).response.end();
    const cut = await ask();
    assert.equal((cut.last.error as { code: string }).code, "interrupted");
    assert.equal(cut.collected.payload, "Hel");
  });

  it("ends as length if Venice cuts the answer at the token limit", async () => {
    venice.answer = (reply) => venice.sendStream(reply, [venice.createTextRecord("Hel")], "length");
    assert.equal((await ask()).last.finishReason, "length");
  });

  it("warns once about the removal of a Venice model, however often it answers", async () => {
    venice.headers = {
      "x-venice-model-deprecation-warning": "venice-m goes.",
      "x-venice-model-deprecation-date": "2026-12-01",
    };
    const flow = await loadFlow();
    const warnings: unknown[] = [];
    const asking = flow.getNode("ask") as unknown as { warn(text: unknown): void };
    asking.warn = (text) => warnings.push(text);
    for (let count = 1; count <= 3; count++) {
      flow.inject("ask", { payload: "Hi" });
      await flow.getInbox("finished").waitForCount(count);
    }
    assert.deepEqual(warnings, ["Venice: venice-m goes. (2026-12-01)"]);
  });
});
