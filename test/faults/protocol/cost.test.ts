import assert from "node:assert/strict";
import { createCollectFlow, createProviderNode } from "../../support/flows/nodes.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";

/** Counts and amounts that no service should send. */
const ODD_USAGES: unknown[] = [
  null,
  7,
  "many",
  [],
  {},
  { prompt_tokens: "3", completion_tokens: 2 },
  { prompt_tokens: -3, completion_tokens: 2 },
  { prompt_tokens: Number.POSITIVE_INFINITY, completion_tokens: 2 },
  { prompt_tokens: 3.5, completion_tokens: 2 },
  { prompt_tokens: null, completion_tokens: null },
  { prompt_tokens: 0, completion_tokens: 0 },
  { prompt_tokens: 3, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 9 } },
  { prompt_tokens: 3, completion_tokens: 2, prompt_tokens_details: "some" },
  { prompt_tokens: { deep: 1 }, completion_tokens: [2] },
  { prompt_tokens: 3, completion_tokens: 2, cost: "0.5" },
  { prompt_tokens: 3, completion_tokens: 2, cost: -1 },
  { prompt_tokens: 3, completion_tokens: 2, cost: {} },
  { prompt_tokens: 3, completion_tokens: 2, cost: { total_cost: "much" } },
  { prompt_tokens: 3, completion_tokens: 2, cost: [] },
  { prompt_tokens: 3, completion_tokens: 2, cost: Number.POSITIVE_INFINITY },
];

describe("Cost of an answer whose service counts oddly", () => {
  const service = useService();
  const runtime = useRuntime();

  it("P32: is null, never 0 and never guessed, and the answer is whole", async () => {
    await runtime().deploy(createCollectFlow(createProviderNode(service().url), {}));
    for (const [at, usage] of ODD_USAGES.entries()) {
      runtime().clearMessages();
      const chunk = {
        choices: [{ index: 0, delta: { content: "Hello" }, finish_reason: "stop" }],
        usage,
      };
      // JSON has no infinity, but a service may write a number that is too large.
      const toText = (_key: string, value: unknown) => (value === Number.POSITIVE_INFINITY ? "∞" : value);
      const text = JSON.stringify(chunk, toText).replaceAll('"∞"', "1e400");
      service().script = (reply) => void reply.open().response.end(`data: ${text}\n\ndata: [DONE]\n\n`);
      runtime().inject("ask", { payload: "Hi" });
      const [message] = await runtime().waitUntil("finished", (messages) => messages.length === 1);
      assert.equal(message!.payload, "Hello", String(at));
      assert.equal(message!["cost"], null, JSON.stringify(usage));
    }
    assert.deepEqual(runtime().getMessages("errors"), []);
  });
});
