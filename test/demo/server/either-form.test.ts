import assert from "node:assert/strict";
import fc from "fast-check";
import type { ChatOptions } from "../../../src/chat-options.js";
import { chatStream } from "../../../src/chat-stream.js";
import { Failure } from "../../../src/core/failure.js";
import { Demo } from "../client.js";

const QUESTIONS = [
  "Tell me a story about a fox",
  "count to 30",
  "What is the weather in Paris and London?",
  "Ada is 36 years old and lives in Rome. Give me JSON.",
  "repeat: 👩‍🚀 naïve 你好 🇫🇷",
  "",
];
const TOOLS = ["get_weather", "get_time"].map((name) => ({
  type: "function",
  function: {
    name,
    description: `${name.replace("_", " ")} in a city`,
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
}));
const SCHEMA = {
  type: "json_schema",
  json_schema: {
    name: "person",
    schema: { type: "object", properties: { name: { type: "string" }, age: { type: "integer" } } },
  },
};
/** Faults that break the answer at the same chunk in both forms. */
const anyFault = fc
  .tuple(fc.constantFrom("drop", "error", "malformed", "length"), fc.nat(40))
  .map(([kind, after]) => `:fault=${kind}&after=${after}`);

const anyQuestion = fc.record({
  question: fc.constantFrom(...QUESTIONS),
  system: fc.constantFrom("", "Talk like a pirate.", "Answer in one sentence."),
  base: fc.constantFrom("demo", "demo-reasoning"),
  fault: fc.oneof(fc.constant(""), anyFault),
  tools: fc.constantFrom([], TOOLS),
  parallel: fc.boolean(),
  format: fc.constantFrom(undefined, SCHEMA),
  effort: fc.constantFrom(undefined, "none", "low", "high"),
  maxTokens: fc.option(fc.integer({ min: 16, max: 60 }), { nil: undefined }),
});

const PLAIN_QUESTION = {
  system: "",
  base: "demo-reasoning",
  fault: "",
  parallel: false,
  format: undefined,
  effort: undefined,
} as const;

describe("One question to the demo in either form", () => {
  let demo: Demo;
  before(async () => {
    demo = await Demo.start();
  });
  after(() => demo.close());

  /** What a reader gets, whatever the form. */
  async function ask(api: ChatOptions["api"], question: object): Promise<object> {
    const { baseUrl, apiKey } = demo.server;
    const stream = chatStream({ provider: "demo", baseUrl, apiKey, api, ...question } as ChatOptions);
    try {
      const { choices, usage } = await stream.collect();
      const { message, finish_reason } = choices[0]!;
      const { prompt_tokens, completion_tokens, total_tokens, completion_tokens_details } = usage!;
      return {
        content: message.content,
        reasoning: message.reasoning_content,
        calls: message.tool_calls?.map(({ function: called }) => called),
        finish_reason,
        usage: { prompt_tokens, completion_tokens, total_tokens, completion_tokens_details },
      };
    } catch (error) {
      assert.ok(error instanceof Failure, String(error));
      return { code: error.code, partial: error.partial, phase: error.phase };
    }
  }

  it("gets the same answer, the same usage and the same failure", async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(anyQuestion, async ({ question, system, base, fault, parallel, ...given }) => {
        const { tools, format, effort, maxTokens } = given;
        const request = {
          model: base + fault,
          messages: [
            ...(system === "" ? [] : [{ role: "system", content: system }]),
            { role: "user", content: question },
          ],
          tools,
          parameters: {
            ...(tools.length > 0 ? { parallel_tool_calls: parallel } : {}),
            ...(format ? { response_format: format } : {}),
            ...(effort === undefined ? {} : { reasoning_effort: effort }),
            ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
          },
        };
        const [chat, responses] = [await ask("chat", request), await ask("responses", request)];
        assert.deepEqual(responses, chat);
        seen.add(
          "code" in chat ? String(chat.code) : String((chat as { finish_reason: string }).finish_reason),
        );
      }),
      {
        numRuns: 200,
        // An answer that has just as many tokens as it may have.
        examples: [[{ ...PLAIN_QUESTION, tools: [], question: "repeat: 👩‍🚀 naïve 你好 🇫🇷", maxTokens: 35 }]],
      },
    );
    assert.deepEqual(
      [...seen].sort(),
      ["bad_response", "interrupted", "length", "server_error", "stop", "tool_calls"],
      "the questions lead to every kind of end",
    );
  });
});
