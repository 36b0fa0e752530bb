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

function bodyOf(request: Partial<ChatRequest> = {}, provider = custom, memory: ProviderMemory = {}): object {
  return JSON.parse(provider.chat({ ...REQUEST, ...request }, ENDPOINT, memory).body!);
}

describe("The providers", () => {
  it("are known by their ids, the custom one by its alias too", () => {
    const ids = PROVIDERS.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { id } of PRESETS) assert.ok(ids.includes(id), id);
    assert.equal(getProvider("openai-compatible"), custom);
    for (const { id } of PROVIDERS) assert.equal(getProvider(id).id, id);
  });

  it("that do not exist are refused, also under the names of an object's own", () => {
    for (const id of ["", "nobody", "constructor", "__proto__"]) {
      assert.throws(
        () => getProvider(id),
        (thrown) => thrown instanceof Failure && thrown.code === "configuration",
        id,
      );
    }
  });

  it("ask for a key exactly where they live elsewhere", () => {
    for (const { id, baseUrl, keyRequired, keyVariable } of PRESETS) {
      const remote = baseUrl?.startsWith("https:") ?? false;
      assert.equal(keyRequired, remote, id);
      if (remote) assert.match(keyVariable!, /^[A-Z]+_API_KEY$/, id);
      if (baseUrl) assert.equal(new URL(baseUrl).pathname.endsWith("/v1"), true, id);
    }
  });
});

describe("A chat request", () => {
  it("is the model, the messages, a stream, and the usage asked for", () => {
    assert.deepEqual(bodyOf(), {
      model: "m",
      messages: [{ role: "user", content: "hi" }],
      stream_options: { include_usage: true },
      stream: true,
    });
  });

  it("carries the author's parameters, without nulls and without what is not his", () => {
    assert.deepEqual(
      bodyOf({ parameters: { temperature: 0.2, n: null, stream: false, model: "x", top_p: 1 } }),
      {
        ...bodyOf(),
        temperature: 0.2,
        top_p: 1,
      },
    );
  });

  it("asks for the usage also where the author wants more of the same field, unless he says otherwise", () => {
    const optionsOf = (stream_options: unknown, memory?: ProviderMemory) =>
      (bodyOf({ parameters: { stream_options } }, custom, memory) as Record<string, unknown>)[
        "stream_options"
      ];
    assert.deepEqual(optionsOf({ include_obfuscation: false }), {
      include_usage: true,
      include_obfuscation: false,
    });
    assert.deepEqual(optionsOf({ include_usage: false }), { include_usage: false });
    assert.deepEqual(optionsOf(null), { include_usage: true });
    assert.deepEqual(optionsOf({ x: 1 }, { refusesStreamOptions: true }), { x: 1 });
  });

  it("leaves out what only Anthropic or Gemini can read of an answer of theirs", () => {
    const said = { role: "assistant", content: "It is 2." };
    const messages = [
      { ...said, anthropic_blocks: { 1: { type: "server_tool_use" } } },
      { ...said, gemini_parts: { 0: { executableCode: {} } } },
      ...REQUEST.messages,
    ];
    const sent = (bodyOf({ messages }) as ChatRequest).messages;
    assert.deepEqual(sent, [said, said, ...REQUEST.messages]);
  });

  it("carries tools where there are some", () => {
    const tools = [{ type: "function", function: { name: "f" } }];
    assert.deepEqual(bodyOf({ tools }), { ...bodyOf(), tools });
    assert.deepEqual(bodyOf({ tools: [] }), bodyOf());
  });

  it("names the limit of tokens as the service does", () => {
    const parameters = { max_tokens: 5 };
    assert.deepEqual(bodyOf({ parameters }), { ...bodyOf(), max_tokens: 5 });
    assert.deepEqual(bodyOf({ parameters }, getProvider("openai")), {
      ...bodyOf(),
      max_completion_tokens: 5,
    });
  });

  it("goes to its path below the base URL, whatever slashes and queries that has", () => {
    const at = (baseUrl: string) => custom.chat(REQUEST, { baseUrl }, {}).url.href;
    assert.equal(at("https://a/v1"), "https://a/v1/chat/completions");
    assert.equal(at("https://a/v1//"), "https://a/v1/chat/completions");
    assert.equal(at("https://a"), "https://a/chat/completions");
    assert.equal(at("https://a/x?api-version=2"), "https://a/x/chat/completions?api-version=2");
    assert.equal(custom.models({ baseUrl: "https://a/v1/" }).url.href, "https://a/v1/models");
  });

  it("asks for an event stream, uncompressed, with the key as a bearer", () => {
    const { headers, method } = custom.chat(
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
    assert.equal(custom.models(ENDPOINT).headers["authorization"], undefined);
  });

  it("has the author's header in place of ours, not beside it", () => {
    const { headers } = custom.models({ ...ENDPOINT, apiKey: "k", headers: { Authorization: "Basic x" } });
    assert.deepEqual(
      Object.keys(headers).filter((name) => /authorization/i.test(name)),
      ["authorization"],
    );
    assert.equal(headers["authorization"], "Basic x");
  });
});

describe("A service that refuses stream_options", () => {
  const refusal = '{"error":[{"code":"unrecognized_keys","keys":["stream_options"]}]}';

  it("is asked once more without, but where the request was without already", () => {
    const learnt = custom.learn?.(400, refusal, {});
    assert.ok(learnt);
    assert.equal("stream_options" in bodyOf({}, custom, learnt), false);
    assert.equal(custom.learn?.(400, refusal, learnt), undefined);
  });

  it("is known by any words about the field", () => {
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

  it("is told from one that refuses something else, even if it quotes the request", () => {
    const { body: sent } = custom.chat(REQUEST, ENDPOINT, {});
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

describe("A list of models", () => {
  it("is read in the forms it has", () => {
    assert.deepEqual(custom.modelNames({ data: [{ id: "a" }, { id: "b" }] }, ENDPOINT), ["a", "b"]);
    assert.deepEqual(custom.modelNames({ models: [{ name: "a" }, "b", 7, null, {}] }, ENDPOINT), ["a", "b"]);
    assert.deepEqual(custom.modelNames(["a"], ENDPOINT), ["a"]);
  });

  it("that is none is refused", () => {
    for (const body of [null, "x", {}, { data: "x" }]) {
      assert.throws(
        () => custom.modelNames(body, ENDPOINT),
        (thrown) => thrown instanceof Failure && thrown.code === "bad_response",
      );
    }
  });
});

describe("A response that is no success", () => {
  const failure = (status: number, body: unknown, headers = {}) =>
    custom.failure(status, headers, typeof body === "string" ? body : JSON.stringify(body), 0);

  it("becomes a failure that says what the service said and what to do", () => {
    const rows: [number, unknown, FailureCode, RegExp][] = [
      [401, { error: { message: "Bad key" } }, "authentication", /answered 401: Bad key — Check the API key/],
      [404, { detail: "Unknown model" }, "not_found", /Unknown model — Check the model's name/],
      [400, { error: { code: "context_length_exceeded" } }, "context_length", /Shorten the conversation/],
      [402, { error: "Insufficient balance" }, "insufficient_credits", /Check the balance/],
      [403, { error: { message: "No" } }, "permission", /rights/],
      [429, { error: { message: "Slow" } }, "rate_limit", /Ask less often/],
      [503, "", "overloaded", /answered 503 — Try again/],
      [500, "oops", "server_error", /answered 500: oops$/],
      [418, "[]", "invalid_request", /answered 418: \[\]$/],
    ];
    for (const [status, body, code, says] of rows) {
      const made = failure(status, body);
      assert.equal(made.code, code, String(status));
      assert.equal(made.status, status);
      assert.equal(made.phase, "headers");
      assert.match(made.message, says);
    }
  });

  it("that is a web page is quoted without its markup, and briefly", () => {
    const page = `<html><style>b{color:red}</style><script>alert(1)</script><h1>502 Bad\nGateway</h1>${"<p>x</p>".repeat(2000)}`;
    const { message } = failure(502, page);
    assert.match(message, /502 Bad Gateway/);
    assert.doesNotMatch(message, /[<>]|alert|color/);
    assert.ok(message.length < 400);
  });

  it("carries the service's own hints and its id of the request", () => {
    const made = failure(
      429,
      { error: "x" },
      { "retry-after": "2", "x-request-id": "req_1", "cf-ray": "ray" },
    );
    assert.equal(made.retryAfterMs, 2000);
    assert.equal(made.requestId, "req_1");
    assert.equal(failure(500, "", { "cf-ray": "ray" }).requestId, "ray");
    assert.equal(failure(500, "", { "x-request-id": "x".repeat(999) }).requestId!.length, 200);
    assert.equal(failure(500, "").retryAfterMs, undefined);
  });

  it("is retryable as its status says, but where the service rules otherwise", () => {
    assert.equal(failure(500, "").retryable, true);
    assert.equal(failure(500, "", { "x-should-retry": "false" }).retryable, false);
    assert.equal(failure(400, "", { "x-should-retry": "true" }).retryable, true);
    assert.equal(failure(429, { error: { code: "insufficient_quota" } }).retryable, false);
  });

  it("is not retryable on a quota for the day, though a delay is given", () => {
    const made = failure(429, [
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
    assert.deepEqual([made.code, made.retryable, made.retryAfterMs], ["insufficient_credits", false, 26_000]);
  });

  it("is a failure whatever its body is", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 300, max: 599 }),
        fc.oneof(
          fc.string({ unit: "binary" }),
          anyJson.map((value) => JSON.stringify(value)),
        ),
        (status, body) => {
          const made = failure(status, body);
          assert.ok(made instanceof Failure);
          assert.ok(made.message.length < 1500);
        },
      ),
      { numRuns: 500 },
    );
    assert.equal(failure(500, "[".repeat(60_000)).code, "server_error");
    assert.equal(failure(500, `${'{"error":'.repeat(6_000)}1${"}".repeat(6_000)}`).code, "server_error");
  });
});
