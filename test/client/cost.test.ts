import assert from "node:assert/strict";
import { findCost } from "../../src/client/cost/find-cost.js";
import type { Usage } from "../../src/core/chat/chunk.js";
import type { Cost } from "../../src/core/cost/amount.js";
import type { OwnPrices } from "../../src/core/cost/own-prices.js";
import { AnthropicUsage } from "../../src/dialects/anthropic/usage.js";
import { readGeminiUsage } from "../../src/dialects/gemini/metadata.js";
import { findUsage } from "../../src/dialects/openai/usage.js";
import { readResponsesUsage } from "../../src/dialects/responses/usage.js";
import { getProvider } from "../../src/providers/index.js";

const ASKED_AT = Date.UTC(2026, 10, 29, 12);

/** Reads a usage as the dialect does, from what the service sends. */
const readChat = (usage: Usage) => findUsage({ usage }, []);
const readAnthropic = (usage: Usage) => {
  const reader = new AnthropicUsage();
  reader.add(usage);
  return reader.build();
};

function find(
  provider: string,
  model: string,
  usage: Usage | undefined,
  {
    prices,
    answered = model,
    baseUrl = "",
    askedAt = ASKED_AT,
    ...fields
  }: Record<string, unknown> & { prices?: OwnPrices } = {},
): Cost | null {
  return findCost(
    {
      provider: getProvider(provider),
      endpoint: { baseUrl: String(baseUrl) },
      request: { model, messages: [] },
      prices,
    },
    { choices: [], model: String(answered), usage: usage ?? null, ...fields },
    Number(askedAt),
  );
}

/** US dollars for a number of tokens at a price for a million. */
const per = (tokens: number, price: number) => (tokens * price) / 1e6;

interface Row {
  title: string;
  provider: string;
  model: string;
  usage: Usage | undefined;
  /** Computed by hand from the vendor's price for a million tokens. */
  usd: number;
}

const ROWS: readonly Row[] = [
  {
    title: "OpenAI: cached tokens are a part of the prompt, reasoning of the answer",
    provider: "openai",
    model: "gpt-5",
    usage: readChat({
      prompt_tokens: 1000,
      completion_tokens: 500,
      total_tokens: 1500,
      prompt_tokens_details: { cached_tokens: 400 },
      completion_tokens_details: { reasoning_tokens: 300 },
    }),
    usd: per(600, 1.25) + per(400, 0.125) + per(500, 10),
  },
  {
    title: "OpenAI: sound has a price of its own in both directions",
    provider: "openai",
    model: "gpt-audio",
    usage: readChat({
      prompt_tokens: 1000,
      completion_tokens: 100,
      prompt_tokens_details: { audio_tokens: 400, cached_tokens: 0 },
      completion_tokens_details: { audio_tokens: 20 },
    }),
    usd: per(600, 2.5) + per(400, 32) + per(80, 10) + per(20, 64),
  },
  {
    title: "OpenAI Responses: the same counts under other names",
    provider: "openai",
    model: "gpt-5",
    usage: readResponsesUsage({
      input_tokens: 1000,
      input_tokens_details: { cached_tokens: 400 },
      output_tokens: 500,
      output_tokens_details: { reasoning_tokens: 300 },
      total_tokens: 1500,
    }),
    usd: per(600, 1.25) + per(400, 0.125) + per(500, 10),
  },
  {
    title: "Azure OpenAI: by Azure's own list",
    provider: "azure-openai",
    model: "gpt-5",
    usage: readChat({
      prompt_tokens: 1000,
      completion_tokens: 1000,
      prompt_tokens_details: { cached_tokens: 400 },
    }),
    usd: per(600, 1.25) + per(400, 0.125) + per(1000, 10),
  },
  {
    title: "Anthropic: input_tokens leave the cache out; an hour of cache costs more than five minutes",
    provider: "anthropic",
    model: "claude-sonnet-4-5",
    usage: readAnthropic({
      input_tokens: 850,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 50,
      cache_creation: { ephemeral_5m_input_tokens: 30, ephemeral_1h_input_tokens: 20 },
      output_tokens: 10,
    }),
    usd: per(850, 3) + per(100, 0.3) + per(30, 3.75) + per(20, 6) + per(10, 15),
  },
  {
    title: "Anthropic: beyond 200,000 tokens all of them take the higher price",
    provider: "anthropic",
    model: "claude-sonnet-4-5",
    usage: readAnthropic({ input_tokens: 250_000, output_tokens: 1000 }),
    usd: per(250_000, 6) + per(1000, 22.5),
  },
  {
    title: "Anthropic: a search of the web costs a cent",
    provider: "anthropic",
    model: "claude-sonnet-4-5",
    usage: readAnthropic({
      input_tokens: 1000,
      output_tokens: 10,
      server_tool_use: { web_search_requests: 3 },
    }),
    usd: per(1000, 3) + per(10, 15) + 3 * 0.01,
  },
  {
    title: "Gemini: thoughts are beside the answer, results of tools beside the prompt",
    provider: "gemini",
    model: "gemini-2.5-flash",
    usage: readGeminiUsage({
      promptTokenCount: 900,
      toolUsePromptTokenCount: 100,
      cachedContentTokenCount: 200,
      candidatesTokenCount: 60,
      thoughtsTokenCount: 40,
      totalTokenCount: 1100,
    }),
    usd: per(800, 0.3) + per(200, 0.03) + per(100, 2.5),
  },
  {
    title: "Gemini: sound, some of it from the cache",
    provider: "gemini",
    model: "gemini-2.5-flash",
    usage: readGeminiUsage({
      promptTokenCount: 1000,
      promptTokensDetails: [
        { modality: "TEXT", tokenCount: 600 },
        { modality: "AUDIO", tokenCount: 400 },
      ],
      cachedContentTokenCount: 200,
      cacheTokensDetails: [
        { modality: "TEXT", tokenCount: 100 },
        { modality: "AUDIO", tokenCount: 100 },
      ],
      candidatesTokenCount: 100,
    }),
    usd: per(500, 0.3) + per(100, 0.03) + per(300, 1) + per(100, 0.1) + per(100, 2.5),
  },
  {
    title: "xAI: reasoning beside the answer, where the total says so",
    provider: "xai",
    model: "grok-4",
    usage: readChat({
      prompt_tokens: 1000,
      completion_tokens: 200,
      total_tokens: 2000,
      completion_tokens_details: { reasoning_tokens: 800 },
    }),
    usd: per(1000, 3) + per(1000, 15),
  },
  {
    title: "xAI: reasoning as a part of the answer, where the total says so",
    provider: "xai",
    model: "grok-4",
    usage: readChat({
      prompt_tokens: 1000,
      completion_tokens: 1000,
      total_tokens: 2000,
      completion_tokens_details: { reasoning_tokens: 800 },
    }),
    usd: per(1000, 3) + per(1000, 15),
  },
  {
    title: "DeepSeek: the cache is told by a pair of counts",
    provider: "deepseek",
    model: "deepseek-chat",
    usage: readChat({
      prompt_tokens: 1000,
      completion_tokens: 1000,
      prompt_cache_hit_tokens: 400,
      prompt_cache_miss_tokens: 600,
    }),
    usd: per(600, 0.27) + per(400, 0.07) + per(1000, 1.1),
  },
  {
    title: "Mistral",
    provider: "mistral",
    model: "mistral-large-latest",
    usage: readChat({ prompt_tokens: 1000, completion_tokens: 1000, num_cached_tokens: 400 }),
    usd: per(1000, 2) + per(1000, 6),
  },
  {
    title: "Groq: the usage lies in x_groq",
    provider: "groq",
    model: "llama-3.3-70b-versatile",
    usage: findUsage({ x_groq: { usage: { prompt_tokens: 1000, completion_tokens: 1000 } } }, []),
    usd: per(1000, 0.59) + per(1000, 0.79),
  },
  {
    title: "Together AI",
    provider: "together",
    model: "meta-llama/Llama-3.3-70B-Instruct-Turbo",
    usage: readChat({ prompt_tokens: 1000, completion_tokens: 1000 }),
    usd: per(2000, 0.88),
  },
  {
    title: "LiteLLM: the model's name has the service before it",
    provider: "litellm",
    model: "openai/gpt-4o",
    usage: readChat({ prompt_tokens: 1000, completion_tokens: 100 }),
    usd: per(1000, 2.5) + per(100, 10),
  },
];

describe("The cost of an answer", () => {
  describe("by the price list", () => {
    for (const { title, provider, model, usage, usd } of ROWS) {
      it(title, () => {
        const cost = find(provider, model, usage);
        assert.equal(cost?.source, "prices");
        assert.ok(Math.abs(cost.usd - usd) < 1e-12, `${cost.usd} instead of ${usd}`);
      });
    }

    it("is by the model that answered, otherwise by the one that was asked for", () => {
      const usage = { prompt_tokens: 1_000_000, completion_tokens: 0 };
      assert.equal(find("openai", "gpt-4o", usage, { answered: "gpt-5" })?.usd, 1.25);
      assert.equal(find("openai", "gpt-5", usage, { answered: "my-deployment" })?.usd, 1.25);
    });

    it("is that of the hour at which the request was sent", () => {
      const usage = { prompt_tokens: 1_000_000, completion_tokens: 0 };
      const midnight = Date.UTC(2026, 10, 29);
      assert.equal(find("deepseek", "deepseek-chat", usage)?.usd, 0.27);
      assert.equal(find("deepseek", "deepseek-chat", usage, { askedAt: midnight })?.usd, 0.135);
    });

    it("is found for a service that only its address names", () => {
      const usage = { prompt_tokens: 1000, completion_tokens: 0 };
      const baseUrl = "https://api.openai.com/v1";
      assert.equal(find("custom", "gpt-5", usage, { baseUrl })?.source, "prices");
      assert.equal(find("custom", "gpt-5", usage, { baseUrl: "http://127.0.0.1:1234/v1" }), null);
    });
  });

  describe("by the service", () => {
    const counts = { prompt_tokens: 1000, completion_tokens: 1000 };
    const told: readonly (readonly [string, string, Usage, number | null])[] = [
      ["OpenRouter", "openrouter", { cost: 0.0123 }, 0.0123],
      [
        "OpenRouter, whose upstream cost is already in it",
        "openrouter",
        { cost: 0.01, is_byok: false, cost_details: { upstream_inference_cost: 0.009 } },
        0.01,
      ],
      [
        "OpenRouter with a key of the author's own",
        "openrouter",
        { cost: 0.001, is_byok: true, cost_details: { upstream_inference_cost: 0.02 } },
        0.021,
      ],
      [
        "OpenRouter with such a key and nothing about the rest",
        "openrouter",
        { cost: 0, is_byok: true },
        null,
      ],
      ["xAI, in ticks", "xai", { cost_in_usd_ticks: 232_856_000 }, 0.0232856],
      [
        "Perplexity, as an object",
        "custom",
        { cost: { input_tokens_cost: 0.001, total_cost: 0.006 } },
        0.006,
      ],
      ["LiteLLM", "litellm", { cost: 0.5 }, 0.5],
      ["DeepInfra", "custom", { estimated_cost: 0.25 }, 0.25],
      ["a service for which an answer was free", "openrouter", { cost: 0 }, 0],
    ];
    for (const [name, provider, usage, usd] of told) {
      it(`is read from ${name}`, () => {
        const cost = find(provider, "a-model-without-price", { ...counts, ...usage });
        assert.deepEqual(cost, usd === null ? null : { usd, source: "service" });
      });
    }

    it("is read from Venice, which tells it beside the usage", () => {
      const cost = find("venice", "venice-uncensored", counts, { cost: { usd: 0.002, diem: 0.002 } });
      assert.deepEqual(cost, { usd: 0.002, source: "service" });
    });

    it("goes before the price list and the author's prices", () => {
      const prices = { "gpt-5": { input: 1, output: 1 } };
      const cost = find("openai", "gpt-5", { ...counts, cost: 0.07 }, { prices });
      assert.deepEqual(cost, { usd: 0.07, source: "service" });
    });

    it("is ignored if it is negative or no number", () => {
      for (const cost of [-1, "0.1", null, Number.NaN, { total_cost: "1" }]) {
        assert.equal(find("custom", "m", { ...counts, cost }), null);
      }
    });
  });

  describe("by the author's prices", () => {
    const usage = { prompt_tokens: 1000, completion_tokens: 500 };
    const prices: OwnPrices = {
      "my-model": { input: 2, output: 4, request: 0.001 },
      "my-*": { input: 1, output: 1 },
      "*": { input: 0, output: 0 },
    };

    it("is counted for a model that nobody else prices", () => {
      assert.deepEqual(find("vllm", "my-model", usage, { prices }), {
        usd: 0.005,
        source: "own",
      });
    });

    it("is by the longest name that fits", () => {
      assert.equal(find("vllm", "my-other", usage, { prices })?.usd, 0.0015);
      assert.deepEqual(find("vllm", "llama", usage, { prices }), { usd: 0, source: "own" });
    });

    it("prices cached and spoken tokens by themselves, or like the others", () => {
      const table = { m: { input: 10, output: 20, cacheRead: 1, inputAudio: 100 } };
      const parts = {
        prompt_tokens: 1000,
        completion_tokens: 10,
        prompt_tokens_details: {
          cached_tokens: 300,
          audio_tokens: 200,
          cached_tokens_details: { audio_tokens: 100 },
        },
      };
      const usd = per(600, 10) + per(300, 1) + per(100, 100) + per(10, 20);
      assert.equal(find("vllm", "m", parts, { prices: table })?.usd, usd);
    });

    it("goes after the price list", () => {
      const cost = find("openai", "gpt-5", usage, { prices: { "*": { input: 0, output: 0 } } });
      assert.equal(cost?.source, "prices");
    });
  });

  describe("is null, never 0,", () => {
    const usage = { prompt_tokens: 1000, completion_tokens: 500 };
    const cases: readonly (readonly [string, string, string, Usage | undefined])[] = [
      ["without usage", "openai", "gpt-5", undefined],
      ["if all counts are 0", "openai", "gpt-5", { prompt_tokens: 0, completion_tokens: 0 }],
      ["for an unknown model", "openai", "gpt-99-unheard-of", usage],
      ["for a local copy of a model that is sold elsewhere", "ollama", "deepseek-r1:8b", usage],
      ["for the demo", "demo", "gpt-5", usage],
      [
        "if more tokens came from the cache than were asked",
        "xai",
        "grok-4",
        { ...usage, prompt_tokens_details: { cached_tokens: 1001 } },
      ],
      ["if counts are texts", "openai", "gpt-5", { prompt_tokens: "1000" as never, completion_tokens: 500 }],
      ["if counts are negative", "openai", "gpt-5", { prompt_tokens: -1, completion_tokens: 500 }],
      [
        "if sound and cache overlap by an unknown number",
        "gemini",
        "gemini-2.5-flash",
        {
          ...usage,
          cachedContentTokenCount: 10,
          prompt_tokens_details: { cached_tokens: 10 },
          promptTokensDetails: [{ modality: "AUDIO", tokenCount: 20 }],
        },
      ],
    ];
    for (const [title, provider, model, counts] of cases) {
      it(title, () => assert.equal(find(provider, model, counts), null));
    }
  });
});
