import assert from "node:assert/strict";
import { createCollectFlow, createProviderNode } from "../../support/flows/nodes.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { FORMS } from "../../support/services/answer-writer.js";
import { useService } from "../../support/services/use-service.js";

const TOKENS = { prompt_tokens: 3, completion_tokens: 2 };

/** Counts that no service should send. */
const ODD_COUNTS: readonly unknown[] = [
  null,
  7,
  "many",
  [],
  {},
  { ...TOKENS, prompt_tokens: "3" },
  { ...TOKENS, prompt_tokens: -3 },
  { ...TOKENS, prompt_tokens: Number.POSITIVE_INFINITY },
  { ...TOKENS, prompt_tokens: 3.5 },
  { prompt_tokens: null, completion_tokens: null },
  { prompt_tokens: 0, completion_tokens: 0 },
  { ...TOKENS, prompt_tokens_details: { cached_tokens: 9 } },
  { prompt_tokens: { deep: 1 }, completion_tokens: [2] },
];

/** Amounts that no service should send beside its counts, and what may stand in place of details. */
const ODD_AMOUNTS: readonly unknown[] = [
  { ...TOKENS, prompt_tokens_details: "some" },
  { ...TOKENS, cost: "0.5" },
  { ...TOKENS, cost: -1 },
  { ...TOKENS, cost: {} },
  { ...TOKENS, cost: { total_cost: "much" } },
  { ...TOKENS, cost: [] },
  { ...TOKENS, cost: Number.POSITIVE_INFINITY },
];

/** A dollar for each token, so that a cost can be known. */
const PRICES = JSON.stringify({ "*": { input: 1e6, output: 1e6 } });

for (const api of FORMS) {
  describe(`Cost of an answer whose service counts oddly (${api})`, () => {
    const service = useService();
    const runtime = useRuntime();

    /** Writes a usage under the names of the form. JSON has no infinity, but a service may write a number that is too large. */
    function writeUsage(usage: unknown): string {
      const toText = (_key: string, value: unknown) => (value === Number.POSITIVE_INFINITY ? "∞" : value);
      const text = JSON.stringify(usage, toText).replaceAll('"∞"', "1e400");
      return api === "chat"
        ? text
        : text.replaceAll("prompt_", "input_").replaceAll("completion_", "output_");
    }

    function writeBody(usage: unknown): string {
      if (api === "responses") {
        const content = [{ type: "output_text", text: "Hello" }];
        const output = [{ type: "message", role: "assistant", content }];
        const response = { id: "resp_1", status: "completed", output, usage: "#" };
        const record = JSON.stringify({ type: "response.completed", response });
        return `data: ${record.replace('"#"', writeUsage(usage))}\n\n`;
      }
      const choices = [{ index: 0, delta: { content: "Hello" }, finish_reason: "stop" }];
      const record = JSON.stringify({ choices, usage: "#" });
      return `data: ${record.replace('"#"', writeUsage(usage))}\n\ndata: [DONE]\n\n`;
    }

    async function assertCosts(usages: readonly unknown[], expected: object | null): Promise<void> {
      await runtime().deploy(
        createCollectFlow(createProviderNode(service().url, { api, prices: PRICES }), {}),
      );
      for (const usage of usages) {
        runtime().clearMessages();
        service().script = (reply) => void reply.open().response.end(writeBody(usage));
        runtime().inject("ask", { payload: "Hi" });
        const [message] = await runtime().waitUntil("finished", (messages) => messages.length === 1);
        assert.equal(message!.payload, "Hello", writeUsage(usage));
        assert.deepEqual(message!["cost"], expected, writeUsage(usage));
      }
      assert.deepEqual(runtime().getMessages("errors"), []);
    }

    it("P32: is null, never 0 and never guessed, if the counts are odd, and the answer is whole", () =>
      assertCosts(ODD_COUNTS, null));

    it("P32: comes from the author's prices if only the amount of the service is odd", () =>
      assertCosts(ODD_AMOUNTS, { usd: 5, source: "own" }));
  });
}
