import assert from "node:assert/strict";
import fc from "fast-check";
import type { ChatRequest } from "../../src/core/chat/request.js";
import { Failure, type FailureCode } from "../../src/core/failure.js";
import { getProvider, PROVIDERS } from "../../src/providers/index.js";
import { PRESETS } from "../../src/providers/presets.js";
import type { ProviderMemory } from "../../src/providers/provider.js";
import { anyJson } from "../support/inputs/arbitraries.js";

const ENDPOINT = { baseUrl: "https://a.example/v1" };
const REQUEST: ChatRequest = { model: "m", messages: [{ role: "user", content: "hi" }] };
const custom = getProvider("custom");

function buildBody(
  request: Partial<ChatRequest> = {},
  provider = custom,
  memory: ProviderMemory = {},
): object {
  return JSON.parse(provider.buildChatRequest({ ...REQUEST, ...request }, ENDPOINT, memory).body!);
}

describe("Provider list", () => {
  it("gets each provider by its unique id, and the custom one by its alias", () => {
    const ids = PROVIDERS.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { id } of PRESETS) assert.ok(ids.includes(id), id);
    assert.equal(getProvider("openai-compatible"), custom);
    for (const { id } of PROVIDERS) assert.equal(getProvider(id).id, id);
  });

  it("fails with configuration for an unknown provider id, including names of object properties", () => {
    for (const id of ["", "nobody", "constructor", "__proto__"]) {
      assert.throws(
        () => getProvider(id),
        (thrown) => thrown instanceof Failure && thrown.code === "configuration",
        id,
      );
    }
  });

  it("requires a key exactly for the presets on remote hosts", () => {
    for (const { id, baseUrl, keyRequired, keyVariable } of PRESETS) {
      const remote = baseUrl?.startsWith("https:") ?? false;
      assert.equal(keyRequired, remote, id);
      if (remote) assert.match(keyVariable!, /^[A-Z]+_API_KEY$/, id);
      if (baseUrl) assert.equal(new URL(baseUrl).pathname.endsWith("/v1"), true, id);
    }
  });
});

describe("Chat request of an OpenAI-compatible service", () => {
  it("contains model, messages, stream, and a request for the usage", () => {
    assert.deepEqual(buildBody(), {
      model: "m",
      messages: [{ role: "user", content: "hi" }],
      stream_options: { include_usage: true },
      stream: true,
    });
  });

  it("contains the author's parameters without nulls and without reserved fields", () => {
    assert.deepEqual(
      buildBody({ parameters: { temperature: 0.2, n: null, stream: false, model: "x", top_p: 1 } }),
      {
        ...buildBody(),
        temperature: 0.2,
        top_p: 1,
      },
    );
  });

  it("keeps include_usage if the author sets another stream option, unless the author switches it off", () => {
    const buildStreamOptions = (stream_options: unknown, memory?: ProviderMemory) =>
      (buildBody({ parameters: { stream_options } }, custom, memory) as Record<string, unknown>)[
        "stream_options"
      ];
    assert.deepEqual(buildStreamOptions({ include_obfuscation: false }), {
      include_usage: true,
      include_obfuscation: false,
    });
    assert.deepEqual(buildStreamOptions({ include_usage: false }), { include_usage: false });
    assert.deepEqual(buildStreamOptions(null), { include_usage: true });
    assert.deepEqual(buildStreamOptions({ x: 1 }, { refusesStreamOptions: true }), { x: 1 });
  });

  it("drops fields of past answers that only Anthropic or Gemini understand", () => {
    const answer = { role: "assistant", content: "It is 2." };
    const messages = [
      { ...answer, anthropic_blocks: { 1: { type: "server_tool_use" } } },
      { ...answer, gemini_parts: { 0: { executableCode: {} } } },
      ...REQUEST.messages,
    ];
    const sent = (buildBody({ messages }) as ChatRequest).messages;
    assert.deepEqual(sent, [answer, answer, ...REQUEST.messages]);
  });

  it("contains tools only if there are any", () => {
    const tools = [{ type: "function", function: { name: "f" } }];
    assert.deepEqual(buildBody({ tools }), { ...buildBody(), tools });
    assert.deepEqual(buildBody({ tools: [] }), buildBody());
  });

  it("sends the token limit under the service's name for it", () => {
    const parameters = { max_tokens: 5 };
    assert.deepEqual(buildBody({ parameters }), { ...buildBody(), max_tokens: 5 });
    assert.deepEqual(buildBody({ parameters }, getProvider("openai")), {
      ...buildBody(),
      max_completion_tokens: 5,
    });
  });

  it("appends its path to base URLs with any slashes and queries", () => {
    const buildUrl = (baseUrl: string) => custom.buildChatRequest(REQUEST, { baseUrl }, {}).url.href;
    assert.equal(buildUrl("https://a/v1"), "https://a/v1/chat/completions");
    assert.equal(buildUrl("https://a/v1//"), "https://a/v1/chat/completions");
    assert.equal(buildUrl("https://a"), "https://a/chat/completions");
    assert.equal(buildUrl("https://a/x?api-version=2"), "https://a/x/chat/completions?api-version=2");
    assert.equal(custom.buildModelsRequest({ baseUrl: "https://a/v1/" }).url.href, "https://a/v1/models");
  });

  it("asks for an uncompressed event stream with the key as a bearer token", () => {
    const { headers, method } = custom.buildChatRequest(
      REQUEST,
      { ...ENDPOINT, apiKey: "k", headers: { "X-A": "b" } },
      {},
    );
    assert.equal(method, "POST");
    assert.deepEqual(headers, {
      accept: "text/event-stream",
      "accept-encoding": "identity",
      authorization: "Bearer k",
      "content-type": "application/json",
      "x-a": "b",
    });
    assert.equal(custom.buildModelsRequest(ENDPOINT).headers["authorization"], undefined);
  });

  it("replaces its own header by the author's in any letter case", () => {
    const { headers } = custom.buildModelsRequest({
      ...ENDPOINT,
      apiKey: "k",
      headers: { Authorization: "Basic x" },
    });
    assert.deepEqual(
      Object.keys(headers).filter((name) => /authorization/i.test(name)),
      ["authorization"],
    );
    assert.equal(headers["authorization"], "Basic x");
  });
});

describe("Learning that a service refuses stream_options", () => {
  const refusal = '{"error":[{"code":"unrecognized_keys","keys":["stream_options"]}]}';

  it("repeats a refused request once without stream_options", () => {
    const learnt = custom.learn?.(400, refusal, {});
    assert.ok(learnt);
    assert.equal("stream_options" in buildBody({}, custom, learnt), false);
    assert.equal(custom.learn?.(400, refusal, learnt), undefined);
  });

  it("recognises a refusal of stream_options in any form of error", () => {
    for (const body of [
      '{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"input":{"include_usage":true}}]}',
      '{"error":{"message":"Unrecognized request argument supplied: stream_options"}}',
      '{"error":"json: unknown field \\"stream_options\\""}',
      '{"details":{"stream_options":{"_errors":["Unrecognized key"]}}}',
      "stream_options: Extra inputs are not permitted",
      "stream_options.include_usage is not supported",
    ])
      assert.ok(custom.learn?.(422, body, {}), body);
  });

  it("ignores other refusals, even if they quote a request with stream_options", () => {
    const { body: sent } = custom.buildChatRequest(REQUEST, ENDPOINT, {});
    const missing = { type: "missing", loc: ["body", "max_tokens"], input: JSON.parse(sent!) };
    for (const [status, body] of [
      [400, '{"error":"bad"}'],
      [401, refusal],
      [500, refusal],
      [422, JSON.stringify({ detail: [missing] })],
      [422, JSON.stringify({ detail: [missing] }, null, 2)],
      [400, JSON.stringify({ error: `Cannot parse ${sent}` })],
      [400, "Bad: {'stream_options': {'include_usage': True}}"],
    ] as const)
      assert.equal(custom.learn?.(status, body, {}), undefined, body);
  });
});

describe("Model list of an OpenAI-compatible service", () => {
  it("reads model names from data, models or a bare array", () => {
    assert.deepEqual(custom.readModelNames({ data: [{ id: "a" }, { id: "b" }] }, ENDPOINT), ["a", "b"]);
    assert.deepEqual(custom.readModelNames({ models: [{ name: "a" }, "b", 7, null, {}] }, ENDPOINT), [
      "a",
      "b",
    ]);
    assert.deepEqual(custom.readModelNames(["a"], ENDPOINT), ["a"]);
  });

  it("fails with bad_response for a body that is not a model list", () => {
    for (const body of [null, "x", {}, { data: "x" }]) {
      assert.throws(
        () => custom.readModelNames(body, ENDPOINT),
        (thrown) => thrown instanceof Failure && thrown.code === "bad_response",
      );
    }
  });
});

describe("Error response of an OpenAI-compatible service", () => {
  const readFailure = (status: number, body: unknown, headers = {}) =>
    custom.readError(status, headers, typeof body === "string" ? body : JSON.stringify(body), 0);

  it("creates a failure with code, the service's message and advice", () => {
    const rows: [number, unknown, FailureCode, RegExp][] = [
      [
        401,
        { error: { message: "Bad key" } },
        "authentication",
        /^Wrong API key \(401\): Bad key — Check the API key/,
      ],
      [404, { detail: "Unknown model" }, "not_found", /Unknown model — Check the model's name/],
      [400, { error: { code: "context_length_exceeded" } }, "context_length", /Shorten the conversation/],
      [402, { error: "Insufficient balance" }, "insufficient_credits", /Check the balance/],
      [403, { error: { message: "No" } }, "permission", /rights/],
      [429, { error: { message: "Slow" } }, "rate_limit", /Send requests less often/],
      [503, "", "overloaded", /^The service is overloaded \(503\) — Try again/],
      [500, "oops", "server_error", /^The service failed \(500\): oops$/],
      [418, "[]", "invalid_request", /^Request refused \(418\)$/],
    ];
    for (const [status, body, code, pattern] of rows) {
      const failure = readFailure(status, body);
      assert.equal(failure.code, code, String(status));
      assert.equal(failure.status, status);
      assert.equal(failure.phase, "headers");
      assert.match(failure.message, pattern);
    }
  });

  it("quotes a web page briefly and without markup", () => {
    const page = `<html><style>b{color:red}</style><script>alert(1)</script><h1>502 Bad\nGateway</h1>${"<p>x</p>".repeat(2000)}`;
    const { message } = readFailure(502, page);
    assert.match(message, /502 Bad Gateway/);
    assert.doesNotMatch(message, /[<>]|alert|color/);
    assert.ok(message.length < 400);
  });

  it("reads the wait and the request id from the response headers", () => {
    const failure = readFailure(
      429,
      { error: "x" },
      { "retry-after": "2", "x-request-id": "req_1", "cf-ray": "ray" },
    );
    assert.equal(failure.retryAfterMs, 2000);
    assert.equal(failure.requestId, "req_1");
    assert.equal(readFailure(500, "", { "cf-ray": "ray" }).requestId, "ray");
    assert.equal(readFailure(500, "", { "x-request-id": "x".repeat(999) }).requestId!.length, 200);
    assert.equal(readFailure(500, "").retryAfterMs, undefined);
  });

  it("decides by status whether an error is retryable, unless x-should-retry decides", () => {
    assert.equal(readFailure(500, "").retryable, true);
    assert.equal(readFailure(500, "", { "x-should-retry": "false" }).retryable, false);
    assert.equal(readFailure(400, "", { "x-should-retry": "true" }).retryable, true);
    assert.equal(readFailure(429, { error: { code: "insufficient_quota" } }).retryable, false);
  });

  it("does not retry an exhausted daily quota, even if the service names a delay", () => {
    const failure = readFailure(429, [
      {
        error: {
          code: 429,
          status: "RESOURCE_EXHAUSTED",
          message: "You exceeded your current quota",
          details: [
            { violations: [{ quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier" }] },
            { retryDelay: "26s" },
          ],
        },
      },
    ]);
    assert.deepEqual(
      [failure.code, failure.retryable, failure.retryAfterMs],
      ["insufficient_credits", false, 26_000],
    );
  });

  it("creates a failure from any status and body, even deeply nested JSON", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 300, max: 599 }),
        fc.oneof(
          fc.string({ unit: "binary" }),
          anyJson.map((value) => JSON.stringify(value)),
        ),
        (status, body) => {
          const failure = readFailure(status, body);
          assert.ok(failure instanceof Failure);
          assert.ok(failure.message.length < 1500);
        },
      ),
      { numRuns: 500 },
    );
    assert.equal(readFailure(500, "[".repeat(60_000)).code, "server_error");
    assert.equal(readFailure(500, `${'{"error":'.repeat(6_000)}1${"}".repeat(6_000)}`).code, "server_error");
  });
});
