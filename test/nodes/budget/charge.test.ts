import assert from "node:assert/strict";
import { Failure, type FailureDetails } from "../../../src/core/failure.js";
import type { Asked } from "../../../src/node-red/budget/asked.js";
import {
  addEstimates,
  type Estimate,
  estimateRequest,
  readCharge,
} from "../../../src/node-red/budget/charge.js";
import type { Message } from "../../../src/node-red/red/api.js";

const USD = 1e9;

/** A chat-stream whose model costs a dollar for each token, in or out. */
const DEAR: Asked = {
  maxTokens: undefined,
  estimateCost: (_message, input, output) => ({ usd: input + output, source: "own" }),
};

/** A request that reserves 1,000 tokens, and costs what its answer has of them. */
const RESERVED: Estimate = { amount: 1_000, price: (outputTokens) => outputTokens };

const fail = (details: FailureDetails): Message => ({
  error: new Failure("connection", "x", details).toJSON(),
});

describe("What a budget reserves for a request", () => {
  const reserve = (message: Message, maxTokens?: number) =>
    estimateRequest("tokens", message, { ...DEAR, maxTokens }, 2_000, 0).amount;

  it("is its own length and the longest answer: by the request, else by the chat-stream, else by the setting", () => {
    // With its quotes, the payload has 30 bytes, and no tools have 2 more.
    const payload = "x".repeat(28);
    assert.equal(reserve({ payload }), 11 + 2_000);
    assert.equal(reserve({ payload }, 300), 11 + 300);
    for (const field of ["max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens"])
      assert.equal(reserve({ payload, options: { [field]: 50 } }, 300), 11 + 50, field);
    assert.equal(reserve({ payload, options: { max_tokens: 0 } }, 300), 11 + 300);
    assert.equal(reserve({ payload, options: { max_tokens: 50, n: 3 } }), 11 + 150);
  });

  it("counts the conversation in place of the payload, and the tools", () => {
    const messages = [{ role: "user", content: "x".repeat(3_000) }];
    const tools = [{ type: "function", function: { name: "f", description: "x".repeat(3_000) } }];
    const least = (message: Message) => reserve({ ...message, options: { max_tokens: 1 } });
    assert.ok(least({ payload: "Hi", messages }) > 1_000);
    assert.ok(least({ payload: "Hi", tools }) > 1_000);
  });

  it("is the dearest request so far if the price of the model is unknown", () => {
    const unknown: Asked = { ...DEAR, estimateCost: () => null };
    for (const asked of [unknown, undefined])
      assert.equal(estimateRequest("usd", { payload: "Hi" }, asked, 10, 7).amount, 7);
    const { amount } = estimateRequest("usd", { payload: "x" }, DEAR, 10, 7);
    assert.equal(amount, (2 + 10) * USD);
  });

  it("is the sum for two requests that one stream answers", () => {
    const { amount, price } = addEstimates(RESERVED, { amount: 10, price: (outputTokens) => outputTokens });
    assert.deepEqual([amount, price(5)], [1_010, 1_005], "the first one counts whole");
  });
});

describe("What a budget counts for a stream", () => {
  const count = (last: Message) => readCharge("tokens", last, RESERVED);
  const usage = (prompt_tokens: number, completion_tokens: number) => ({
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
  });

  it("is the tokens of all turns of a run, also if it had only one", () => {
    assert.equal(count({ usage: usage(3, 4) }), 7);
    const [first, second] = [{ usage: usage(10, 20) }, { usage: usage(3, 4) }];
    assert.equal(count({ usage: usage(3, 4), rounds: [first, second] }), 37);
    assert.equal(count({ usage: usage(3, 4), rounds: [first] }), 30);
  });

  it("is guessed by the text if the tokens of one turn are unknown, and never more than was reserved", () => {
    const rounds = [{ usage: usage(10, 20) }, { usage: null }];
    assert.equal(count({ usage: null, rounds, stats: { characters: 300 } }), 100);
    assert.equal(count({ usage: null, stats: { characters: 300_000 } }), 1_000);
    assert.equal(count({}), 0);
  });

  it("is nothing for a request that reached no model, and a guess for one that broke off", () => {
    const stats = { characters: 300 };
    for (const details of [
      { phase: "queue" },
      { phase: "connect" },
      { phase: "headers", status: 401 },
    ] as const)
      assert.equal(count(fail(details)), 0, details.phase);
    for (const details of [{ phase: "headers" }, { phase: "streaming" }] as const)
      assert.equal(count({ ...fail(details), stats }), 100, details.phase);
  });

  it("is what the earlier turns of a run have cost if its last request reached no model", () => {
    const refused = { usage: null, cost: null, characters: 0 };
    const rounds = [{ usage: usage(100, 20), cost: { usd: 2, source: "own" }, characters: 0 }, refused];
    const last = { ...fail({ phase: "connect" }), usage: null, cost: null, rounds };
    assert.equal(count(last), 120);
    assert.equal(readCharge("usd", last, { amount: 5 * USD, price: () => 5 * USD }), 2 * USD);
    assert.equal(readCharge("requests", { ...last, stats: { attempts: 2 } }, RESERVED), 1);
    assert.equal(
      count({ ...last, rounds: [refused, refused] }),
      0,
      "how much the first one cost is not known",
    );
  });

  it("is guessed by the text of the attempts before one that reached no model", () => {
    const last = { ...fail({ phase: "connect" }), usage: null, stats: { characters: 300, attempts: 3 } };
    assert.equal(count(last), 100);
    assert.equal(readCharge("requests", last, RESERVED), 2);
  });

  it("is the requests that left, all attempts of a retry node among them", () => {
    const requests = (last: Message) => readCharge("requests", last, { amount: 1, price: () => 1 });
    assert.equal(requests({ stats: { attempts: 3 } }), 3);
    assert.equal(requests({}), 1);
    assert.equal(requests({ ...fail({ phase: "streaming" }), stats: { attempts: 2 } }), 2);
    for (const phase of ["queue", "connect"] as const) assert.equal(requests(fail({ phase })), 0, phase);
  });
});
