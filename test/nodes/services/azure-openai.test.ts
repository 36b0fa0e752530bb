import assert from "node:assert/strict";
import { createAskFlow } from "../../support/flows/nodes.js";
import { joinPayloads, waitForEnd } from "../../support/runtime/inbox.js";
import { useHelper } from "../../support/runtime/use-helper.js";
import { AZURE_KEY, AzureService } from "../../support/services/azure-service.js";
import { useService } from "../../support/services/use-service.js";

const V1 = { deployment: "my-gpt" };
const DATED = { deployment: "my-gpt", apiVersion: "2024-10-21" };

describe("Flow with Azure OpenAI", () => {
  const load = useHelper();
  const service = useService();
  let azure: AzureService;
  beforeEach(() => {
    azure = new AzureService(service());
  });

  async function ask(settings: object, payload: unknown = "Hi", credentials: object = { apiKey: AZURE_KEY }) {
    const flow = await load(createAskFlow(azure.url, {}, { provider: "azure-openai", settings }), {
      provider: credentials as Record<string, string>,
    });
    flow.inject("ask", { payload, tools: [{ type: "function", function: { name: "f" } }] });
    const last = await waitForEnd(flow.getInbox("out"));
    return {
      last,
      messages: flow.getInbox("out").messages,
      error: last.error as { code: string } | undefined,
    };
  }

  for (const [api, settings] of [
    ["the v1 API", V1],
    ["a dated API", DATED],
  ] as const) {
    it(`streams an answer from ${api} of Azure without messages for filter results`, async () => {
      const { last, messages } = await ask(settings);
      assert.equal(joinPayloads(messages), "Hello world");
      assert.equal(messages.length, 3);
      assert.equal(last.finishReason, "stop");
      assert.deepEqual(last["usage"], { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 });
      const closing = last["chunk"] as Record<string, unknown>;
      assert.equal(closing["id"], "chatcmpl-az");
      assert.equal((closing["prompt_filter_results"] as object[]).length, 1);
    });
  }

  it("ignores Azure's filter results without text, between the texts and after the end", async () => {
    azure.asynchronousFilter = true;
    const { last, messages } = await ask(V1);
    assert.equal(joinPayloads(messages), "Hello world");
    assert.equal(messages.length, 3);
    assert.equal(last.finishReason, "stop");
    assert.notEqual(last["usage"], null);
  });

  it("asks an old Azure API once more without the fields that it refuses", async () => {
    const { last, messages } = await ask({ deployment: "my-gpt", apiVersion: "2023-05-15" });
    assert.equal(joinPayloads(messages), "Hello world");
    assert.equal(last["usage"], null);
    assert.equal(service().requests.length, 2);
  });

  it("sends a token in a secret Authorization header instead of the Azure key", async () => {
    const secretHeaders = JSON.stringify({ Authorization: "Bearer entra-token" });
    const { last } = await ask(V1, "Hi", { secretHeaders });
    assert.equal(last.finishReason, "stop");
    assert.equal(service().requests[0]!.headers["api-key"], undefined);
  });

  it("streams Azure's tool calls", async () => {
    azure.pieces = [];
    azure.finish = "tool_calls";
    azure.calls = [
      { index: 0, id: "call_1", type: "function", function: { name: "f", arguments: "" } },
      { index: 0, function: { arguments: "{}" } },
    ];
    const { last, messages } = await ask(V1);
    assert.equal(last.finishReason, "tool_calls");
    assert.ok(messages.length > 1);
  });

  it("ends as content_filter before or within an Azure answer, and keeps the partial text", async () => {
    const refused = await ask(V1, "forbidden");
    assert.equal(refused.error?.code, "content_filter");
    service().reset();
    azure = new AzureService(service());
    azure.pieces = ["Hel"];
    azure.finish = "content_filter";
    const cut = await ask(V1);
    assert.equal(cut.last.finishReason, "content_filter");
    assert.equal(joinPayloads(cut.messages), "Hel");
  });

  it("keeps the partial text if Azure's stream breaks off", async () => {
    service().script = (reply) => void reply.send("Hel").response.end();
    const { error, messages } = await ask(V1);
    assert.equal(error?.code, "interrupted");
    assert.equal(joinPayloads(messages), "Hel");
  });

  it("fails as authentication or not_found for a wrong Azure key or deployment", async () => {
    assert.equal((await ask(V1, "Hi", { apiKey: "az-wrong-key" })).error?.code, "authentication");
    assert.equal((await ask({ deployment: "gone" })).error?.code, "not_found");
  });
});
