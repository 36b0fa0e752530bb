import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import { waitForEnd } from "../../support/runtime/inbox.js";
import { useHelper } from "../../support/runtime/use-helper.js";
import { useService } from "../../support/services/use-service.js";

const USER = { role: "user", content: "Hi" };
const TOOL = { type: "function", function: { name: "f", parameters: {} } };

describe("The request of chat-stream", () => {
  const load = useHelper();
  const service = useService();

  /** Sends a message. @returns the request that the service got, its body, and the last message */
  async function ask(
    message: Message,
    settings: Record<string, unknown> = {},
    more: Record<string, unknown> = {},
  ) {
    const flow = await load(createAskFlow(service().url, settings, more));
    flow.inject("ask", message);
    const last = await waitForEnd(flow.getInbox("out"));
    return { flow, last, request: service().requests[0]!, body: service().requests[0]?.body ?? {} };
  }

  it("sends msg.payload as the user message if it is text", async () => {
    const { body } = await ask({ payload: "Hi" });
    assert.deepEqual(body["messages"], [USER]);
  });

  it("sends a number or a boolean as text", async () => {
    assert.deepEqual((await ask({ payload: 42 })).body["messages"], [{ role: "user", content: "42" }]);
    service().reset();
    assert.deepEqual((await ask({ payload: false })).body["messages"], [{ role: "user", content: "false" }]);
  });

  it("sends an array of chat messages unchanged, with content parts and unknown fields", async () => {
    const messages = [
      { role: "user", content: [{ type: "text", text: "What is this?" }], name: "Ann" },
      { role: "assistant", content: "A cat." },
      USER,
    ];
    const { body } = await ask({ payload: messages });
    assert.deepEqual(body["messages"], messages);
  });

  it("refuses bytes in the content of a message, and a message without a role, before anything is sent", async () => {
    const bytes = Buffer.from("GIF89a");
    const advice = " has a Buffer in its content. Send a picture or a file as a data URL";
    const picture = { type: "image_url", image_url: { url: bytes } };
    const nested = { type: "tool_result", content: [{ type: "image", source: { data: bytes } }] };
    for (const [message, name, problem] of [
      [{ payload: [USER, { role: "user", content: [picture] }] }, "msg.payload[1]", advice],
      [{ messages: [{ role: "user", content: bytes }] }, "msg.messages[0]", advice],
      [{ messages: [{ role: "user", content: [nested] }] }, "msg.messages[0]", advice],
      [
        { payload: { messages: [{ role: "user", content: new Uint8Array(2) }] } },
        "msg.payload.messages[0]",
        advice,
      ],
      // As it comes from a broker.
      [
        { payload: JSON.parse(JSON.stringify([{ role: "user", content: [picture] }])) },
        "msg.payload[0]",
        advice,
      ],
      [{ messages: [{ content: "Hi" }] }, "msg.messages[0]", " has no role. Add one, such as role: “user”."],
    ] as [Message, string, string][]) {
      const { error } = (await ask(message)).last as { error: { code: string; message: string } };
      assert.equal(error.code, "invalid_request");
      assert.ok(error.message.startsWith(name + problem), error.message);
    }
    assert.equal(service().requests.length, 0);
  });

  it("takes messages, model, tools and parameters from an object of request fields", async () => {
    const { body } = await ask({
      payload: { messages: [USER], model: "other", tools: [TOOL], temperature: 0.1, logit_bias: { 5: 1 } },
    });
    assert.deepEqual(body["messages"], [USER]);
    assert.equal(body["model"], "other");
    assert.deepEqual(body["tools"], [TOOL]);
    assert.equal(body["temperature"], 0.1);
    assert.deepEqual(body["logit_bias"], { 5: 1 });
  });

  it("takes a prompt and a system prompt from an object", async () => {
    const { body } = await ask({ payload: { prompt: "Hi", system: "Be brief." } }, { system: "Be long." });
    assert.deepEqual(body["messages"], [{ role: "system", content: "Be brief." }, USER]);
    assert.ok(!("prompt" in body) && !("system" in body));
  });

  it("takes the prompt from any message property that the author chooses", async () => {
    const { body } = await ask(
      { payload: "no", question: { text: "Hi" } },
      { prompt: "question.text", promptType: "msg" },
    );
    assert.deepEqual(body["messages"], [USER]);
  });

  it("takes the prompt from a fixed text or a JSONata expression", async () => {
    const fixed = await ask({ payload: "no" }, { prompt: "Hi", promptType: "str" });
    assert.deepEqual(fixed.body["messages"], [USER]);
    service().reset();
    const computed = await ask(
      { payload: "no", name: "Ann" },
      { prompt: '"Hi " & name', promptType: "jsonata" },
    );
    assert.deepEqual(computed.body["messages"], [{ role: "user", content: "Hi Ann" }]);
  });

  it("sends msg.messages alone if it is set, and ignores the payload", async () => {
    const { body } = await ask({ payload: { prompt: "no", temperature: 2 }, messages: [USER] });
    assert.deepEqual(body["messages"], [USER]);
    assert.ok(!("temperature" in body));
  });

  it("starts with the system prompt of the node", async () => {
    const { body } = await ask({ payload: "Hi" }, { system: "Be brief." });
    assert.deepEqual(body["messages"], [{ role: "system", content: "Be brief." }, USER]);
  });

  it("takes the system prompt from a message property, and sends none if the property is missing", async () => {
    const settings = { system: "rules", systemType: "msg" };
    const ruled = await ask({ payload: "Hi", rules: "Be brief." }, settings);
    assert.deepEqual(ruled.body["messages"], [{ role: "system", content: "Be brief." }, USER]);
    service().reset();
    const free = await ask({ payload: "Hi" }, settings);
    assert.deepEqual(free.body["messages"], [USER]);
  });

  it("leaves the node's system prompt out if the messages have a system or developer message", async () => {
    for (const role of ["system", "developer"]) {
      service().reset();
      const messages = [{ role, content: "Mine." }, USER];
      const { body } = await ask({ payload: messages }, { system: "Be brief." });
      assert.deepEqual(body["messages"], messages);
    }
  });

  it("sends the parameters of the node under the service's names, and leaves empty ones out", async () => {
    const { body } = await ask(
      { payload: "Hi" },
      {
        temperature: "0.2",
        maxTokens: "100",
        topP: "",
        seed: 7,
        stop: '["a","b"]',
        reasoningEffort: "low",
        options: '{"logprobs": true, "service_tier": null}',
      },
    );
    const { model, messages, stream, stream_options, ...parameters } = body;
    assert.deepEqual(parameters, {
      temperature: 0.2,
      max_tokens: 100,
      seed: 7,
      stop: ["a", "b"],
      reasoning_effort: "low",
      logprobs: true,
    });
    assert.equal(model, "model-1");
    assert.equal(stream, true);
    assert.deepEqual(stream_options, { include_usage: true });
  });

  it("sends a temperature of 0, which is not empty", async () => {
    const { body } = await ask({ payload: "Hi" }, { temperature: 0 });
    assert.equal(body["temperature"], 0);
  });

  it("prefers msg.options, then fields of the prompt, then the node's options, then the node's settings", async () => {
    const settings = {
      temperature: "1",
      seed: "1",
      topP: "1",
      maxTokens: "1",
      options: '{"seed": 2, "top_p": 2, "max_tokens": 2}',
    };
    const { body } = await ask(
      { payload: { prompt: "Hi", top_p: 3, max_tokens: 3 }, options: { max_tokens: 4 } },
      settings,
    );
    assert.deepEqual([body["temperature"], body["seed"], body["top_p"], body["max_tokens"]], [1, 2, 3, 4]);
  });

  it("prefers the model and tools of the message to all others", async () => {
    const { body, last } = await ask(
      { payload: { prompt: "Hi", model: "prompt's", tools: [] }, model: "msg's", tools: [TOOL] },
      { options: '{"tools": []}' },
    );
    assert.equal(body["model"], "msg's");
    assert.deepEqual(body["tools"], [TOOL]);
    const request = last.request as Record<string, unknown>;
    assert.equal(request["model"], "msg's");
    assert.deepEqual(request["tools"], [TOOL]);
  });

  it("takes tools from the options of the node", async () => {
    const { body } = await ask({ payload: "Hi" }, { options: JSON.stringify({ tools: [TOOL] }) });
    assert.deepEqual(body["tools"], [TOOL]);
  });

  it("takes the model from the options of the node, and ignores an empty model", async () => {
    const requestedModel = async (message: object, settings: Record<string, unknown>) => {
      service().reset();
      return (await ask({ payload: "Hi", ...message }, settings)).body["model"];
    };
    const raw = { options: '{"model": "raw"}' };
    assert.equal(await requestedModel({}, raw), "raw");
    assert.equal(await requestedModel({}, { ...raw, model: "" }), "raw");
    assert.equal(await requestedModel({ options: { model: "options'" } }, raw), "options'");
    assert.equal(await requestedModel({ model: "", options: { model: "" } }, {}), "model-1");
  });

  it("leaves out an option that is null, since strict services refuse it", async () => {
    const { body } = await ask({ payload: "Hi", options: { temperature: null } }, { temperature: "1" });
    assert.ok(!("temperature" in body));
  });

  it("goes to the provider's address with the provider's key, whatever the message or its options say", async () => {
    const key = "sk-right";
    const flow = await load(createAskFlow(service().url), { provider: { apiKey: key } });
    const elsewhere = {
      url: "http://127.0.0.1:1/",
      baseUrl: "http://127.0.0.1:1/",
      host: "127.0.0.1:1",
      method: "DELETE",
      headers: { authorization: "Bearer wrong", host: "wrong" },
      apiKey: "wrong",
      key: "wrong",
      stream: false,
    };
    flow.inject("ask", { payload: { prompt: "Hi", ...elsewhere }, options: elsewhere, ...elsewhere });
    await waitForEnd(flow.getInbox("out"));
    const [request] = service().requests;
    assert.equal(request!.path, "/v1/chat/completions");
    assert.equal(request!.method, "POST");
    assert.equal(request!.headers.authorization, `Bearer ${key}`);
    assert.equal(request!.headers.host, new URL(service().url).host);
    assert.equal(request!.body["stream"], true);
  });

  it("sends the provider's headers, secret ones too", async () => {
    const headers = { headers: '{"x-title": "my flow"}' };
    const flow = await load(createAskFlow(service().url, {}, headers), {
      provider: { secretHeaders: '{"x-secret": "s3cret"}' },
    });
    flow.inject("ask", { payload: "Hi" });
    await waitForEnd(flow.getInbox("out"));
    const [request] = service().requests;
    assert.equal(request!.headers["x-title"], "my flow");
    assert.equal(request!.headers["x-secret"], "s3cret");
    assert.equal(request!.headers["accept-encoding"], "identity");
  });

  it("is not changed by a property named __proto__ in a message from JSON", async () => {
    const hostile = JSON.parse(
      '{"payload": {"prompt": "Hi", "__proto__": {"polluted": 1}}, "__proto__": {"polluted": 1}}',
    );
    const { last } = await ask(hostile as Message);
    assert.equal(last.finishReason, "stop");
    assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
    assert.equal(last["polluted"], undefined);
  });
});
