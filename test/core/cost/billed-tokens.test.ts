import assert from "node:assert/strict";
import { readBilledTokens } from "../../../src/core/cost/billed-tokens.js";

describe("Billed tokens", () => {
  it("has the cached tokens that Mistral counts in fields of its own", () => {
    const usage = { prompt_tokens: 1000, completion_tokens: 10, total_tokens: 1010 };
    for (const cached of [{ num_cached_tokens: 400 }, { prompt_token_details: { cached_tokens: 400 } }])
      assert.equal(readBilledTokens({ ...usage, ...cached })?.cacheRead, 400);
    const { cacheRead, input } = readBilledTokens({ ...usage, num_cached_tokens: null })!;
    assert.deepEqual([cacheRead, input], [0, 1000]);
  });
});
