import assert from "node:assert/strict";
import { createAskFlow } from "../../support/flows/nodes.js";
import { joinPayloads, waitForEnd } from "../../support/runtime/inbox.js";
import { useHelper } from "../../support/runtime/use-helper.js";
import { CHOREO_KEY, ChoreoService } from "../../support/services/choreoai-service.js";
import { useService } from "../../support/services/use-service.js";

const CLAUDE = "claude-3-sonnet-20240229";

describe("Flow with ChoreoAI", () => {
  const load = useHelper();
  const service = useService();
  let choreo: ChoreoService;
  beforeEach(() => {
    choreo = new ChoreoService(service());
  });

  async function ask(model: string, message: object = {}, path = "", apiKey = CHOREO_KEY) {
    const flow = await load(createAskFlow(choreo.url + path, { model }, { provider: "choreoai" }), {
      provider: { apiKey },
    });
    flow.inject("ask", { payload: "Hi", ...message });
    const last = await waitForEnd(flow.getInbox("out"));
    return {
      last,
      messages: flow.getInbox("out").messages,
      error: last.error as {
        code: string;
        retryable: boolean;
        retryAfterMs?: number;
        partial: string;
        message: string;
      },
    };
  }

  for (const path of ["", "/v1"]) {
    it(`streams an OpenAI answer through ChoreoAI with the base URL ending in ${path || "the host"}`, async () => {
      const { last, messages } = await ask("gpt-4o", {}, path);
      assert.equal(joinPayloads(messages), "Hello world");
      assert.deepEqual([last.finishReason, last["usage"], messages.length], ["stop", null, 3]);
    });
  }

  it("streams a Claude answer through ChoreoAI, with changing ids and without a finish reason", async () => {
    const { last, messages } = await ask(CLAUDE);
    assert.equal(joinPayloads(messages), "Hello world");
    assert.deepEqual([last.finishReason, last["usage"], last.error], ["unknown", null, undefined]);
    assert.equal((last["chunk"] as { id: string }).id, "chatcmpl-1760190000");
  });

  it("sends ChoreoAI only fields in its schema", async () => {
    await ask("gpt-4o", { options: { temperature: 0.2, max_completion_tokens: 4, stream_options: {} } });
    assert.deepEqual(choreo.knownFields, service().requests[0]!.body);
  });

  it("fails before sending if ChoreoAI would drop the tools", async () => {
    const { error } = await ask("gpt-4o", { tools: [{ type: "function", function: { name: "f" } }] });
    assert.equal(error.code, "invalid_request");
    assert.match(error.message, /tools/);
    assert.equal(service().requests.length, 0);
  });

  const upstreamErrors: readonly [text: string, code: string, retryable: boolean, wait?: number][] = [
    ["Error code: 429 - Rate limit reached. Please try again in 20s.", "rate_limit", true, 20_000],
    ["Error code: 401 - Incorrect API key provided", "authentication", false],
    ["Request timed out.", "timeout", true],
    ["Error code: 529 - Overloaded", "overloaded", true],
    ["Connection error.", "server_error", true],
  ];
  for (const [text, code, retryable, wait] of upstreamErrors) {
    it(`fails as ${code} if ChoreoAI reports it as text in a stream with status 200`, async () => {
      choreo.pieces = ["Hel"];
      choreo.upstreamError = text;
      for (const model of ["gpt-4o", CLAUDE]) {
        const { error, messages } = await ask(model);
        assert.deepEqual([error.code, error.retryable, error.retryAfterMs], [code, retryable, wait]);
        assert.equal(error.partial, "Hel");
        assert.equal(joinPayloads(messages), "Hel");
      }
    });
  }

  it("fails as not_found without a retry if ChoreoAI has no service for the model", async () => {
    const { error } = await ask("gemini-pro");
    assert.deepEqual([error.code, error.retryable], ["not_found", false]);
    assert.equal((await ask("llama")).error.code, "not_found");
  });

  it("fails as authentication for a wrong ChoreoAI key, and as interrupted if the stream has no end", async () => {
    assert.equal((await ask("gpt-4o", {}, "", "ch-wrong-key")).error.code, "authentication");
    service().reset();
    service().script = (reply) => void reply.send("Hel").response.end();
    const { error } = await ask("gpt-4o");
    assert.deepEqual([error.code, error.partial], ["interrupted", "Hel"]);
  });
});
