import assert from "node:assert/strict";
import fc from "fast-check";
import type { ChatMessage } from "../../src/core/chat/chunk.js";
import { Failure } from "../../src/core/failure.js";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";
import { getProvider } from "../../src/providers/index.js";

const createContent = (type: string, inner: object) => [{ type, [type]: inner }];

const anyValue = fc.constantFrom<unknown>(
  null,
  "",
  "  ",
  "text",
  5,
  true,
  [],
  {},
  [null],
  [{}],
  [{ text: "t" }, "u"],
  { type: "text" },
  { constructor: 1 },
  createContent("image_url", {}),
  createContent("image_url", { url: "data:image/png;base64,AA" }),
  createContent("image_url", { url: "https://a/b" }),
  createContent("file", { file_data: "AA", filename: "a.exe" }),
  createContent("input_audio", { data: "AA", format: "wav" }),
);

/** A usual value half of the time, and any value otherwise. */
const anyMostlyOf = <T>(...usual: T[]) => fc.oneof(fc.constantFrom<unknown>(...usual), anyValue);
const anyRecord = (model: Record<string, fc.Arbitrary<unknown>>, requiredKeys: string[] = []) =>
  fc.record(model, { requiredKeys });
const anyListOf = (entry: fc.Arbitrary<unknown>) => fc.oneof(fc.array(entry, { maxLength: 3 }), anyValue);

const anyCall = anyRecord({
  id: anyMostlyOf("c1", "c.2"),
  function: fc.oneof(
    anyRecord({ name: anyMostlyOf("f"), arguments: anyMostlyOf("{}", '{"a":', "[1]") }),
    anyValue,
  ),
  extra_content: anyValue,
});

const anyDetail = anyRecord({
  type: anyMostlyOf("reasoning.text", "reasoning.encrypted"),
  format: anyMostlyOf("anthropic-claude-v1", "google-gemini-v1", "openai-responses-v1"),
  text: anyValue,
  signature: anyValue,
  data: anyValue,
});

const anyMessage = anyRecord(
  {
    role: fc.constantFrom("system", "developer", "user", "assistant", "assistant", "tool", "function", "odd"),
    content: anyMostlyOf("hello"),
    name: anyValue,
    tool_call_id: anyMostlyOf("c1", "c.2"),
    tool_calls: anyListOf(anyCall),
    reasoning_details: anyListOf(anyDetail),
    gemini_parts: fc.oneof(fc.dictionary(fc.constantFrom("0", "1"), anyValue), anyValue),
    anthropic_blocks: fc.oneof(fc.dictionary(fc.constantFrom("0", "1"), anyValue), anyValue),
    anthropic_order: anyListOf(fc.constantFrom<unknown>("thinking", "block", "tool_use", 2, 5)),
    responses_items: fc.oneof(fc.dictionary(fc.constantFrom("0", "1"), anyValue), anyValue),
    responses_order: anyListOf(
      fc.constantFrom<unknown>(
        "reasoning",
        "call",
        { text: 5 },
        { text: 2, phase: "p" },
        { item: 0 },
        { item: "x" },
      ),
    ),
    reasoning_content: anyValue,
    refusal: anyValue,
    audio: anyValue,
    images: anyValue,
    cache_control: anyValue,
  },
  ["role"],
) as fc.Arbitrary<ChatMessage>;

const PARAMETERS =
  "max_tokens max_completion_tokens stop n seed reasoning_effort response_format tool_choice parallel_tool_calls " +
  "modalities metadata thinking output_config generationConfig options venice_parameters logprobs user constructor";

const anyParameters = fc.dictionary(fc.constantFrom(...PARAMETERS.split(" ")), anyValue, { maxKeys: 2 });

const anyTool = fc.oneof(
  anyRecord({
    type: anyMostlyOf("function"),
    function: anyRecord({ name: anyMostlyOf("f"), parameters: anyValue }),
  }),
  anyValue,
);

describe("Requests for arbitrary conversations", () => {
  const SERVICES = [
    "custom",
    "openai",
    "deepseek in responses",
    "xai in responses",
    "venice",
    "anthropic",
    "gemini",
    "ollama",
    "azure-openai",
    "choreoai",
    "saas-llm",
  ];
  for (const name of SERVICES) {
    it(`builds a ${name} request from any conversation or fails with invalid_request, and never changes the input`, () => {
      const [id = "", , api = ""] = name.split(" ");
      const provider = getProvider(id);
      const settings = id === "saas-llm" ? { team: "t" } : {};
      const baseUrl = provider.baseUrl ?? "https://host.example";
      const endpoint = checkEndpoint(provider, { baseUrl, apiKey: "key-1", settings, api: api as "" });
      let built = 0;
      fc.assert(
        fc.property(
          fc.array(anyMessage, { minLength: 1, maxLength: 3 }),
          anyParameters,
          fc.array(anyTool, { maxLength: 2 }),
          fc.constantFrom("m", "claude-sonnet-4-6", "claude-3-7-sonnet", "gemini-2.5-pro", "gemini-3-pro"),
          (messages, parameters, tools, model) => {
            const request = { model, messages, parameters, tools, job: "j" };
            const before = JSON.stringify(request);
            try {
              assert.equal(
                typeof JSON.parse(provider.buildChatRequest(request, endpoint, {}).body!),
                "object",
              );
              built++;
            } catch (thrown) {
              if (!(thrown instanceof Failure)) throw thrown;
              assert.equal(thrown.code, "invalid_request", thrown.message);
            }
            assert.equal(JSON.stringify(request), before);
          },
        ),
        { numRuns: 1_000 },
      );
      assert.ok(built > 0, `${built} requests were built`);
    });
  }
});
