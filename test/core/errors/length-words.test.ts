import assert from "node:assert/strict";
import { classify, isRetryable } from "../../../src/core/errors/classify.js";

/** Refusals for length, in the manner of many services. */
const TOO_LONG = [
  "Prompt exceeds max length",
  "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]",
  "Please reduce the length of the messages or completion.",
  "Request body too large for the model. Max size: 8000 tokens.",
  "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 and 100",
  "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000",
  "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
  "The prompt (total length 5000) is too long to fit into the model",
  "Input is too long for requested model.",
  "Too many input tokens. Max input tokens: 8192, request input token count: 9000",
  "prompt is too long: 210000 tokens > 200000 maximum",
  "Bad request: prompt token count (9000) cannot exceed 4096.",
  "Your input exceeds the context window of this model. Please adjust your input and try again.",
  "the request exceeds the available context size",
  "total number of tokens in the prompt cannot exceed 4081 - received 6772. Try a shorter prompt",
  "The input token count (1300000) exceeds the maximum number of tokens allowed (1048576).",
  "Prompt contains 40000 tokens, too large for model with 32768",
  "Invalid request: Your request exceeded model token limit: 8192",
  "prompt token count of 70000 exceeds the limit of 64000",
  "The input token count is 40000 but model only supports up to 32768.",
  "length of prompt_tokens (9000) must be less than max_seq_len (8192).",
  "Message total length over limit",
  "The conversation is too long. Shorten it and send it again.",
  "Your messages have 9000 tokens, more than the model's 8192.",
  "The prompt with 20000 tokens does not fit into the window of the model",
  "tokens in request more than max tokens allowed",
  "Input too long. Please shorten your prompt.",
  "The prompt has 9000 tokens but the model only takes 8192",
  "requested 9000 tokens but only 8192 are available in the context",
  "input_tokens 9000 larger than the limit 8192",
  "Value at 'prompt' failed to satisfy constraint: Member must have length less than or equal to 100000",
  'OpenAIException - {"error":{"message":"Conversation is too long","code":400}}',
  'upstream said: "context_length_exceeded"',
  "provider returned 'ContextWindowExceededError'",
  "max_context_exceeded",
  "The conversation history no longer fits in the model's memory: 9000 tokens",
  "Your prompt is 9000 tokens long; the maximum is 8192",
  "The message you submitted was too long, please submit something shorter.",
  "prompt token count 9000 > limit 8192",
  "ran out of context",
];

/** Refusals of something else that use such words. */
const OTHER_FAULTS = [
  "max_tokens is too large: 5000. This model supports at most 4096 completion tokens",
  "messages.0.content.1.image.source.base64: image exceeds 5 MB maximum",
  "Too many tools: 200, at most 128",
  "Invalid 'tools[0].function.name': string too long",
  "The stop sequence is too long",
  "temperature must be at most 2",
  "'messages[1].name' is too long",
  "Unknown parameter: 'context_length'",
  "'max_tokens' must be an integer",
  "Unsupported value: 'max_input_tokens'",
  "tool name exceeds 64 characters",
  "metadata values can be at most 512 characters",
  "max_tokens (5000) must be less than or equal to 4096",
];

const THROTTLED = [
  "Too many tokens, please wait before trying again.",
  "Too many tokens per minute",
  "Tokens per minute limit exceeded - too many tokens processed.",
  "Too many input tokens in the last minute. Slow down.",
  "Token limit of 40000 tokens/min reached, retry later",
  "You have sent too many tokens. Please wait a moment.",
  "Exceeded the limit of input tokens per minute",
  "Model has too many tokens in flight, try again shortly",
  "Token limit per minute exceeded",
  "You've hit the TPM limit",
  "The input token count exceeds the quota per minute",
  "Exceeded token throughput limit",
  "Token budget for the current window exhausted, try again in 20s",
  "We're receiving too many tokens from you right now",
  "Hourly token limit reached",
  "Daily token limit exceeded. Resets in 3 hours.",
  "Open api qps request limit reached",
  "you sent 80000 tokens in the last minute, the ceiling is 60000",
  "token bucket empty, refill in 4s",
  "Burst limit hit: too many tokens in a short period",
  "Usage of input tokens over the minute quota",
];

/** Refusals of one request that is larger than what a minute may have. */
const TOO_LARGE = [
  "Request too large for the model on tokens per min (TPM): Limit 30000, Requested 45000. The tokens must be reduced.",
  "Request too large on tokens per min (TPM): Limit 30,000, Requested 45,000.",
  "Rate limit: your request needs 50000 tokens and the limit per minute is 30000",
  "A single request exceeds the quota of tokens per minute",
  "You requested 45000 tokens but your limit is 30000 tokens per minute",
  "The request is larger than the quota for a minute (TPM 30000)",
  "Requested 60000 tokens, at most 20000 allowed per minute",
  "Rate limit exceeded. Limit: 6000 TPM, requested: 7500. Reduce the prompt.",
  "This request alone uses more tokens than your TPM quota",
  "Requested 45000 tokens > 30000 tokens/min allowed",
  "Maximum request size for your tier is 30000 tokens per minute, got 45000",
  "Your request of 45000 tokens exceeds the quota of 30000 tokens per minute",
];

const LATER = [
  "Rate limit reached for gpt-4 on tokens per min (TPM): Limit 10000, Used 8000, Requested 3000. Please try again in 6s",
  "This request would exceed your organization's rate limit of 40,000 input tokens per minute. Please reduce the prompt length, or try again later.",
  "Limit 10, Used 10, Requested 1",
  "Quota of 30000 tokens per minute used up",
  "Limit: 60 tokens / min. Current: 61 / min",
  "Rate limit: requested 12 requests, limit 10 per minute",
];

describe("Words about lengths", () => {
  it("are a request that is too long, with any status that can mean it and without one", () => {
    for (const message of TOO_LONG)
      for (const status of [400, 413, 422, undefined])
        assert.equal(classify({ message, ...(status ? { status } : {}) }), "context_length", message);
  });

  it("are no request that is too long if they are about something else", () => {
    for (const message of OTHER_FAULTS)
      assert.equal(classify({ status: 400, message }), "invalid_request", message);
  });

  it("are throttling if they are about tokens in a time or say to wait, with any status and without one", () => {
    for (const message of THROTTLED) {
      for (const status of [400, 403, 429, 500, 503, undefined]) {
        const code = classify({ message, ...(status ? { status } : {}) });
        assert.ok(code === "rate_limit" || code === "overloaded", `${message} (${status}): ${code}`);
        assert.equal(isRetryable(code, status), true, message);
      }
    }
    const cerebras = { word: "token_quota_exceeded too_many_tokens_error", message: THROTTLED[2]! };
    assert.equal(classify(cerebras), "rate_limit");
  });

  it("allow no retry if one request is larger than what a minute may have", () => {
    for (const message of TOO_LARGE) {
      for (const status of [429, 413, undefined]) {
        const code = classify({ message, word: "tokens rate_limit_exceeded", ...(status ? { status } : {}) });
        assert.deepEqual([code, isRetryable(code, status)], ["context_length", false], message);
      }
    }
    for (const message of LATER)
      assert.equal(classify({ status: 429, message, word: "rate_limit_exceeded" }), "rate_limit", message);
  });
});
