import assert from "node:assert/strict";
import { findCost } from "../../src/client/cost/find-cost.js";
import type { Usage } from "../../src/core/chat/chunk.js";
import type { OwnPrices } from "../../src/core/cost/own-prices.js";
import { getProvider } from "../../src/providers/index.js";

describe("The cost of an answer in several parts", () => {
  const setup = {
    provider: getProvider("anthropic"),
    endpoint: { baseUrl: "" },
    request: { model: "own-model", messages: [] },
    prices: { "*": { input: 1_000_000, output: 2_000_000 } } as unknown as OwnPrices,
  };
  const find = (usage: Usage) => findCost(setup, { choices: [], usage }, 0)?.usd;
  const part = { prompt_tokens: 10, completion_tokens: 5 };

  it("is that of all parts, each by its own counts", () => {
    assert.equal(find({ ...part, earlier_parts: [part, { prompt_tokens: 1, completion_tokens: 0 }] }), 41);
    assert.equal(find({ ...part, earlier_parts: [{}] }), undefined, "a part without counts");
  });

  it("includes Anthropic's summaries of the conversation, which its counts leave out", () => {
    const iterations = [
      { type: "compaction", input_tokens: 100, output_tokens: 10 },
      { type: "message", input_tokens: 10, output_tokens: 5 },
    ];
    assert.equal(find({ ...part, iterations }), 140);
  });
});
