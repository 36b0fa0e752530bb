import assert from "node:assert/strict";
import { classify, type ErrorClues, isRetryable } from "../../../src/core/errors/classify.js";
import type { FailureCode } from "../../../src/core/failure.js";

type Row = readonly [ErrorClues, FailureCode];

describe("Error classification", () => {
  const table = (title: string, rows: readonly Row[]) => {
    it(title, () => {
      for (const [clues, code] of rows) assert.equal(classify(clues), code, JSON.stringify(clues));
    });
  };

  table("classifies an error by its status", [
    [{ status: 400 }, "invalid_request"],
    [{ status: 401 }, "authentication"],
    [{ status: 402 }, "insufficient_credits"],
    [{ status: 403 }, "permission"],
    [{ status: 404 }, "not_found"],
    [{ status: 408 }, "timeout"],
    [{ status: 409 }, "overloaded"],
    [{ status: 410 }, "not_found"],
    [{ status: 413 }, "invalid_request"],
    [{ status: 418 }, "invalid_request"],
    [{ status: 422 }, "invalid_request"],
    [{ status: 425 }, "overloaded"],
    [{ status: 429 }, "rate_limit"],
    [{ status: 499 }, "interrupted"],
    [{ status: 500 }, "server_error"],
    [{ status: 502 }, "server_error"],
    [{ status: 503 }, "overloaded"],
    [{ status: 504 }, "timeout"],
    [{ status: 520 }, "server_error"],
    [{ status: 522 }, "timeout"],
    [{ status: 524 }, "timeout"],
    [{ status: 529 }, "overloaded"],
  ]);

  table("refines the status by words that fit it", [
    [{ status: 400, word: "context_length_exceeded" }, "context_length"],
    [{ status: 400, message: "This model's maximum context length is 8192 tokens" }, "context_length"],
    [{ status: 400, word: "invalid_request_error", message: "The model `x` does not exist" }, "not_found"],
    [{ status: 400, word: "content_filter" }, "content_filter"],
    [{ status: 400, message: "Incorrect API key provided" }, "authentication"],
    [{ status: 403, message: "Team suspended or insufficient credits" }, "insufficient_credits"],
    [{ status: 422, word: "CONTENT_POLICY_VIOLATION" }, "content_filter"],
    [{ status: 429, word: "insufficient_quota" }, "insufficient_credits"],
    [{ status: 429, word: "MODEL_OVERLOADED" }, "overloaded"],
    [{ status: 500, message: "upstream timed out" }, "timeout"],
    [{ status: 503, word: "rate_limit_exceeded" }, "rate_limit"],
    [{ status: 429, message: "You exceeded your current quota, check your plan" }, "insufficient_credits"],
    [{ status: 400, message: "Your credit balance is too low" }, "insufficient_credits"],
    [{ status: 400, message: "input length and `max_tokens` exceed context limit: 9 > 8" }, "context_length"],
    [
      { status: 403, word: "no permission to do this", message: "The team doesn't have any credits yet." },
      "insufficient_credits",
    ],
    [{ status: 403, message: "This model requires moderation. No credits were charged." }, "content_filter"],
    [{ status: 413, message: "context_length_exceeded" }, "context_length"],
    [{ status: 413, message: "upstream said: 'prompt_too_long'" }, "context_length"],
    [{ status: 400, word: "request_too_long" }, "context_length"],
    [{ status: 400, word: "sequence_length_exceeded" }, "context_length"],
    [{ status: 413, word: "request_too_large" }, "invalid_request"],
    [{ status: 400, word: "input_image_too_large" }, "invalid_request"],
    [{ status: 400, word: "INPUT_TOO_LARGE" }, "context_length"],
    [{ status: 400, word: "prompt_over_limit" }, "context_length"],
    [{ status: 500, message: "litellm.RateLimitError: upstream" }, "rate_limit"],
    [{ status: 500, message: "the service of models threw ContextWindowExceededError" }, "context_length"],
    [{ status: 400, word: "AuthFailure.SignatureFailure" }, "authentication"],
    [{ status: 400, message: "invalid credential" }, "authentication"],
    [{ status: 400, word: "ACCESS_TOKEN_EXPIRED INVALID_ARGUMENT" }, "authentication"],
    [{ status: 400, word: "CREDENTIALS_MISSING" }, "authentication"],
    [{ status: 400, message: "Your API key was reported as leaked." }, "authentication"],
    [{ status: 400, message: "Unknown field “context_length”" }, "invalid_request"],
  ]);

  table("ignores words that contradict the status", [
    [{ status: 401, message: "rate limit" }, "authentication"],
    [{ status: 404, message: "insufficient permissions" }, "not_found"],
    [{ status: 500, message: "invalid api key" }, "server_error"],
    [{ status: 429, message: "Rate limit exceeded: token limit per minute" }, "rate_limit"],
  ]);

  table("ignores names that the error quotes from the request", [
    [
      {
        status: 400,
        message:
          "Invalid schema for response_format 'invoice': In context=('properties', 'billing_address'), 'required' is missing.",
      },
      "invalid_request",
    ],
    [{ status: 400, message: "Invalid schema for function 'authenticate_user'" }, "invalid_request"],
    [{ status: 422, message: "The function moderate_comment has no billing account" }, "invalid_request"],
    [{ status: 400, message: "Invalid type for 'metadata.balance': expected a string" }, "invalid_request"],
    [{ status: 400, message: "Invalid key in properties: quota" }, "invalid_request"],
    [{ status: 400, message: "Field balance exceeds the maximum, as quota does" }, "invalid_request"],
    [
      { word: "invalid_request_error", message: "Invalid schema for 'set_billing': balance is missing" },
      "invalid_request",
    ],
    [{ status: 403, message: "You have insufficient permissions for this operation." }, "permission"],
  ]);

  table("finds an empty account if the refusal says so in full", [
    [{ status: 400, message: "Quota exceeded: your account balance is too low" }, "insufficient_credits"],
    [{ status: 400, message: "The quota has been exhausted" }, "insufficient_credits"],
    [{ status: 400, message: "This request exceeds your monthly quota." }, "insufficient_credits"],
    [{ status: 400, message: "Monthly quota limit exceeded" }, "insufficient_credits"],
    [{ status: 400, message: "Balance insufficient" }, "insufficient_credits"],
    [{ status: 400, message: "Your project has hit its spend limit" }, "insufficient_credits"],
    [
      {
        status: 400,
        word: "FAILED_PRECONDITION",
        message:
          "Gemini API free tier is not available in your country. Please enable billing on your project.",
      },
      "insufficient_credits",
    ],
    [{ status: 400, message: "You have reached your specified API usage limits." }, "insufficient_credits"],
    [{ status: 400, word: "blocked_api_access invalid_request_error" }, "insufficient_credits"],
    [
      { status: 400, word: "budget_exceeded", message: "Budget has been exceeded! Current cost: 2" },
      "insufficient_credits",
    ],
    [{ status: 400, word: "Arrearage", message: "Access denied." }, "insufficient_credits"],
    [{ status: 403, message: "Your account has an overdue balance." }, "insufficient_credits"],
    [
      { status: 403, word: "PERMISSION_DENIED", message: "Please enable billing on project #7." },
      "insufficient_credits",
    ],
    [
      { status: 429, word: "RESOURCE_EXHAUSTED", message: "Your prepayment credits are depleted." },
      "insufficient_credits",
    ],
    [
      {
        word: "RESOURCE_EXHAUSTED",
        message: "The project has exceeded its monthly spending cap.",
        hasRetryHint: true,
      },
      "insufficient_credits",
    ],
  ]);

  table("finds missing permission, whatever the advice beside it mentions", [
    [
      {
        status: 403,
        word: "PERMISSION_DENIED",
        message:
          "Your application is authenticating by using local Application Default Credentials. The API requires a quota project.",
      },
      "permission",
    ],
    [
      {
        status: 403,
        word: "permission_error",
        message: "OAuth authentication is currently not allowed for this organization.",
      },
      "permission",
    ],
    [{ word: "permission_error", message: "OAuth authentication is currently not allowed" }, "permission"],
    [{ status: 403, word: "insufficient_permissions" }, "permission"],
  ]);

  table("classifies the messages of well-known services", [
    [
      { status: 400, message: "This model's maximum prompt length is 131072 but 537812 were sent." },
      "context_length",
    ],
    [
      { status: 400, word: "ValidationException", message: "Input is too long for requested model." },
      "context_length",
    ],
    [{ status: 400, word: "invalid_request_error", message: "Content Exists Risk" }, "content_filter"],
    [
      {
        status: 403,
        word: "The caller does not have permission to execute the specified operation",
        message: "Content violates usage guidelines.",
      },
      "content_filter",
    ],
  ]);

  table("finds a rate limit although an address or advice mentions money", [
    [{ status: 429, message: "Token rate reached. See https://aka.ms/oai/quotaincrease." }, "rate_limit"],
    [{ status: 429, message: "Slow down: openrouter.ai/settings/billing" }, "rate_limit"],
    [{ status: 429, message: "Rate limit exceeded. Raise it in your billing settings." }, "rate_limit"],
    [{ status: 429, message: "You exceeded your current quota", hasRetryHint: true }, "rate_limit"],
    [{ message: "Quota exceeded, retry in 5s", hasRetryHint: true }, "rate_limit"],
    [{ status: 429, message: "Rate limit: quota exceeded" }, "rate_limit"],
    [
      { status: 429, word: "RESOURCE_EXHAUSTED", message: "You exceeded your current quota, check billing" },
      "rate_limit",
    ],
    [{ status: 429, word: "insufficient_quota", hasRetryHint: true }, "insufficient_credits"],
  ]);

  table("classifies an error without a status by its code or type", [
    [{ word: "rate_limit_error" }, "rate_limit"],
    [{ word: "RESOURCE_EXHAUSTED", message: "check your plan and billing details" }, "rate_limit"],
    [{ word: "overloaded_error" }, "overloaded"],
    [{ word: "UNAVAILABLE" }, "overloaded"],
    [{ word: "authentication_error" }, "authentication"],
    [{ word: "permission_error" }, "permission"],
    [{ word: "not_found_error" }, "not_found"],
    [{ word: "DEADLINE_EXCEEDED" }, "timeout"],
    [{ word: "tool_use_failed" }, "invalid_request"],
    [{ word: "api_error" }, "server_error"],
    [{ word: "SPEND_LIMIT_EXCEEDED" }, "insufficient_credits"],
  ]);

  table("classifies an error with a vague code by its message", [
    [{ word: "stream_error", message: "Error code: 429" }, "rate_limit"],
    [{ word: "invalid_request_error", message: "prompt is too long" }, "context_length"],
    [{ word: "brand_new_word", message: "Service unavailable" }, "overloaded"],
    [{ message: "no resources available for this model" }, "rate_limit"],
    [{ message: "Unauthorised" }, "authentication"],
    [{ message: "You do not have access: 403" }, "permission"],
    [{ message: "Unknown model: gemini-pro" }, "not_found"],
    [{ message: "Your balance is too low" }, "insufficient_credits"],
    [{ message: "flagged by moderation" }, "content_filter"],
    [{ message: "Request timed out" }, "timeout"],
  ]);

  table("takes an error without clues for a server error", [
    [{}, "server_error"],
    [{ message: "the load balancer is on fire" }, "server_error"],
    [{ status: 200, message: "" }, "server_error"],
  ]);
});

describe("Retryable errors", () => {
  it("allow a retry after 408, 409, 425, 429 and 5xx except 501 and 505", () => {
    for (const status of [408, 409, 425, 429, 500, 502, 503, 504, 520, 529]) {
      assert.equal(isRetryable(classify({ status }), status), true, String(status));
    }
    for (const status of [400, 401, 402, 403, 404, 410, 413, 422, 451, 501, 505]) {
      assert.equal(isRetryable(classify({ status }), status), false, String(status));
    }
  });

  it("allow no retry with an empty account, a too long context or a wrong key, whatever the status", () => {
    assert.equal(isRetryable("insufficient_credits", 429), false);
    assert.equal(isRetryable("context_length", 500), false);
    assert.equal(isRetryable("authentication", 503), false);
  });

  it("depend on the failure code if there is no status", () => {
    const helps: FailureCode[] = [
      "rate_limit",
      "overloaded",
      "server_error",
      "connection",
      "timeout",
      "interrupted",
    ];
    for (const code of helps) assert.equal(isRetryable(code), true, code);
    for (const code of ["invalid_request", "permission", "not_found", "content_filter"] as const) {
      assert.equal(isRetryable(code), false, code);
    }
  });
});
