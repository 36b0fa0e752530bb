import assert from "node:assert/strict";
import type { ErrorClues } from "../../../src/core/errors/classify.js";
import { readErrorClues, toExcerpt } from "../../../src/core/errors/error-body.js";

describe("Error body", () => {
  const rows: readonly (readonly [string, unknown, ErrorClues])[] = [
    [
      "of OpenAI",
      { error: { message: "No", type: "invalid_request_error", param: null, code: "model_not_found" } },
      { word: "model_not_found invalid_request_error", message: "No" },
    ],
    [
      "of Anthropic",
      { type: "error", error: { type: "overloaded_error", message: "Overloaded" }, request_id: "r" },
      { word: "overloaded_error", message: "Overloaded" },
    ],
    [
      "of Google",
      { error: { code: 503, message: "busy", status: "UNAVAILABLE" } },
      { status: 503, word: "UNAVAILABLE", message: "busy" },
    ],
    ["of Google, as a list", [{ error: { code: 400, message: "bad" } }], { status: 400, message: "bad" }],
    [
      "of Google, with a daily quota",
      {
        error: {
          code: 429,
          status: "RESOURCE_EXHAUSTED",
          message: "quota",
          details: [{ violations: [{ quotaId: "GenerateRequestsPerDayPerProject" }] }],
        },
      },
      { status: 429, word: "quota_per_day RESOURCE_EXHAUSTED", message: "quota" },
    ],
    ["of Ollama", { error: "model 'x' not found" }, { message: "model 'x' not found" }],
    [
      "of Venice",
      { error: "Too large", code: "PAYLOAD_TOO_LARGE" },
      { word: "PAYLOAD_TOO_LARGE", message: "Too large" },
    ],
    [
      "of Venice, with details",
      { error: "Invalid", details: { model: { _errors: ["Required"] } } },
      { message: 'Invalid: {"model":{"_errors":["Required"]}}' },
    ],
    [
      "as a list of issues",
      { error: [{ code: "unrecognized_keys", keys: ["stream_options"] }] },
      { word: "unrecognized_keys", message: '{"code":"unrecognized_keys","keys":["stream_options"]}' },
    ],
    ["of FastAPI", { detail: "Job not found" }, { message: "Job not found" }],
    [
      "of FastAPI, as a list",
      { detail: [{ loc: ["body", "model"], msg: "field required" }] },
      { message: '[{"loc":["body","model"],"msg":"field required"}]' },
    ],
    [
      "of vLLM",
      { object: "error", message: "too long", type: "BadRequestError", code: 400 },
      { status: 400, word: "BadRequestError", message: "too long" },
    ],
    [
      "of MiniMax",
      { base_resp: { status_code: 1008, status_msg: "insufficient balance" } },
      { message: "insufficient balance" },
    ],
    [
      "of OpenRouter, with the provider's own as JSON in a text",
      {
        error: {
          message: "Provider returned error",
          code: 429,
          metadata: { raw: '{"error":{"message":"slow"}}' },
        },
      },
      { status: 429, message: "Provider returned error: slow" },
    ],
    [
      "of OpenRouter, with the provider's own as plain text",
      { error: { message: "Provider returned error", metadata: { raw: "upstream says no" } } },
      { message: "Provider returned error: upstream says no" },
    ],
    [
      "of Groq, with what was generated",
      { error: { message: "Failed to call a function", code: "tool_use_failed", failed_generation: "<f>" } },
      { word: "tool_use_failed", message: "Failed to call a function: <f>" },
    ],
    [
      "of a framework",
      { timestamp: "now", status: 404, error: "Not Found", path: "/v1" },
      { status: 404, message: "Not Found" },
    ],
    ["without a message", { error: { code: "x" } }, { word: "x", message: '{"code":"x"}' }],
    ["with a message that is not a text", { error: { message: { en: "no" } } }, { message: '{"en":"no"}' }],
    [
      "of OpenRouter, with the same message twice",
      { error: { message: "slow", metadata: { raw: '{"error":"slow"}' } } },
      { message: "slow" },
    ],
    [
      "with numbers that are not a status",
      { error: { message: "x", code: 1002, status: 42 } },
      { message: "x" },
    ],
    [
      "with a number outside 400 to 599",
      { error: { message: "x", code: 600, status: 399 } },
      { message: "x" },
    ],
    ["with the highest status", { error: { message: "x", code: "599" } }, { status: 599, message: "x" }],
    ["that is just true", { error: true }, { message: "true" }],
    ["under `result…`", { resultCode: "FAIL", resultMsg: "no quota" }, { word: "FAIL", message: "no quota" }],
    ["under `ret…`", { retcode: 1001, ret_msg: "model busy" }, { message: "model busy" }],
    [
      "of Apigee",
      { fault: { faultstring: "Spike arrest", detail: { errorcode: "x" } } },
      { message: "Spike arrest" },
    ],
    ["with an outcome", { outcome: "error", message: "odd" }, { message: "odd" }],
    ["with a short code", { Code: "E1", Msg: "odd" }, { word: "E1", message: "odd" }],
    ["called a failure", { failure: { message: "it failed" } }, { message: "it failed" }],
    ["with words that only an error has", { error_message: "odd" }, { message: "odd" }],
    [
      "in an envelope of ByteDance",
      { ResponseMetadata: { Error: { Code: "AccountOverdueError", Message: "overdue" } } },
      { word: "AccountOverdueError", message: "overdue" },
    ],
  ];
  for (const [title, body, clues] of rows) {
    it(`reads an error body ${title}`, () => assert.deepEqual(dropUndefined(readErrorClues(body)), clues));
  }

  it("finds no error in a body without one", () => {
    const bodies = [
      null,
      "error",
      1,
      [],
      {},
      { error: null },
      { error: "" },
      { error: false, choices: [] },
      { detail: "high", choices: [{}] },
      { base_resp: { status_code: 0 } },
      { base_resp: null },
      { object: "chat.completion" },
      { errmsg: "ok", errcode: 0 },
      { error_msg: "nothing to tell", error_code: 0 },
      { error_message: "", choices: [{}] },
      { failure: null, problem: {} },
      { ResponseMetadata: { RequestId: "r" }, choices: [{}] },
    ];
    for (const body of bodies) assert.equal(readErrorClues(body), undefined, JSON.stringify(body));
  });

  it("reads a body of any form if it is known to be an error", () => {
    assert.deepEqual(dropUndefined(readErrorClues({ why: "x" }, true)), { message: '{"why":"x"}' });
    assert.deepEqual(dropUndefined(readErrorClues({ message: "x", code: 500 }, true)), {
      status: 500,
      message: "x",
    });
    assert.deepEqual(dropUndefined(readErrorClues("words", true)), { message: "words" });
    assert.deepEqual(dropUndefined(readErrorClues(null, true)), { message: "" });
  });

  it("has no message if it says nothing", () => {
    for (const body of [
      {},
      [],
      "",
      null,
      { error: {} },
      { error: [] },
      { error: { message: "", code: null } },
    ])
      assert.equal(readErrorClues(body, true)?.message, "", JSON.stringify(body));
  });

  it("shortens a foreign text to one line", () => {
    assert.equal(toExcerpt("  a\n\n b\t c "), "a b c");
    assert.equal(toExcerpt("x".repeat(1000)).length, 301);
    assert.equal(toExcerpt("abc", 2), "ab…");
  });

  describe("costs of a record", () => {
    /** Counts how many fields are read, however deep. */
    const countReads = (record: object): number => {
      let reads = 0;
      const watch = (value: unknown): unknown =>
        typeof value !== "object" || value === null
          ? value
          : new Proxy(value, {
              get: (target, name, receiver) => {
                if (typeof name === "string" && Object.hasOwn(target, name)) reads++;
                return watch(Reflect.get(target, name, receiver));
              },
            });
      readErrorClues(watch(record));
      return reads;
    };
    const members = (count: number, value: unknown, name = "m") =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`${name}${at}`, value]));

    it("are a few reads for an ordinary record, and nothing of its choices", () => {
      const choices = [{ index: 0, delta: { content: "Hello", role: "assistant" }, finish_reason: null }];
      const record = {
        id: "c",
        object: "chat.completion.chunk",
        created: 1,
        model: "m",
        choices,
        usage: null,
      };
      assert.ok(countReads(record) <= 3, `${countReads(record)}`);
    });

    it("do not grow with the members of a record that is no error", () => {
      for (const value of [1, {}, "x", null, { data: {} }]) {
        const narrow = countReads({ ...members(200, value), choices: [] });
        assert.equal(countReads({ ...members(20_000, value), choices: [] }), narrow);
        assert.ok(narrow <= 600, `${narrow}`);
        assert.ok(countReads({ data: members(20_000, value) }) <= 600);
      }
    });

    it("grow no faster than the members of an error, whatever their names", () => {
      for (const create of [
        (count: number) => ({ error: members(count, null) }),
        (count: number) => ({ error: { message: "x", details: Array(count).fill({ reason: "r" }) } }),
        (count: number) => ({ errors: Array(count).fill({ code: 0 }) }),
        (count: number) => ({ error: members(count, { error: { message: "x" } }, "error_") }),
      ]) {
        const few = countReads(create(300));
        assert.ok(countReads(create(3_000)) <= 10 * few + 1_000);
      }
    });
  });

  it("reads an error body that nests deeply", () => {
    const deep = JSON.parse(`${'{"error":'.repeat(20_000)}1${"}".repeat(20_000)}`);
    assert.ok(readErrorClues(deep)!.message!.length < 400);
  });
});

function dropUndefined(clues: ErrorClues | undefined): ErrorClues | undefined {
  return clues && (JSON.parse(JSON.stringify(clues)) as ErrorClues);
}
