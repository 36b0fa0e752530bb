import assert from "node:assert/strict";
import fc from "fast-check";
import type { ChatMessage } from "../../src/core/chat/chunk.js";
import { Failure } from "../../src/core/failure.js";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";
import { getProvider } from "../../src/providers/index.js";

const part = (type: string, inner: object) => [{ type, [type]: inner }];

const anything = fc.constantFrom<unknown>(
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
  part("image_url", {}),
  part("image_url", { url: "data:image/png;base64,AA" }),
  part("image_url", { url: "https://a/b" }),
  part("file", { file_data: "AA", filename: "a.exe" }),
  part("input_audio", { data: "AA", format: "wav" }),
);

/** Half of the time what belongs there. */
const mostly = <T>(...usual: T[]) => fc.oneof(fc.constantFrom<unknown>(...usual), anything);
const some = (model: Record<string, fc.Arbitrary<unknown>>, requiredKeys: string[] = []) =>
  fc.record(model, { requiredKeys });
const several = (entry: fc.Arbitrary<unknown>) => fc.oneof(fc.array(entry, { maxLength: 3 }), anything);

const anyCall = some({
  id: mostly("c1", "c.2"),
  function: fc.oneof(some({ name: mostly("f"), arguments: mostly("{}", '{"a":', "[1]") }), anything),
  extra_content: anything,
});

const anyDetail = some({
  type: mostly("reasoning.text", "reasoning.encrypted"),
  format: mostly("anthropic-claude-v1", "google-gemini-v1"),
  text: anything,
  signature: anything,
  data: anything,
});

const anyMessage = some(
  {
    role: fc.constantFrom("system", "developer", "user", "assistant", "assistant", "tool", "function", "odd"),
    content: mostly("hello"),
    name: anything,
    tool_call_id: mostly("c1", "c.2"),
    tool_calls: several(anyCall),
    reasoning_details: several(anyDetail),
    gemini_parts: fc.oneof(fc.dictionary(fc.constantFrom("0", "1"), anything), anything),
    anthropic_blocks: fc.oneof(fc.dictionary(fc.constantFrom("0", "1"), anything), anything),
    anthropic_order: several(fc.constantFrom<unknown>("thinking", "block", "tool_use", 2, 5)),
    reasoning_content: anything,
    refusal: anything,
    audio: anything,
    images: anything,
    cache_control: anything,
  },
  ["role"],
) as fc.Arbitrary<ChatMessage>;

const PARAMETERS =
  "max_tokens max_completion_tokens stop n seed reasoning_effort response_format tool_choice parallel_tool_calls " +
  "modalities metadata thinking output_config generationConfig options venice_parameters logprobs user constructor";

const anyParameters = fc.dictionary(fc.constantFrom(...PARAMETERS.split(" ")), anything, { maxKeys: 2 });

const anyTool = fc.oneof(
  some({ type: mostly("function"), function: some({ name: mostly("f"), parameters: anything }) }),
  anything,
);

describe("Whatever a conversation holds", function () {
  this.timeout(20_000);

  const SERVICES = [
    "custom",
    "venice",
    "anthropic",
    "gemini",
    "ollama",
    "azure-openai",
    "choreoai",
    "saas-llm",
  ];
  for (const id of SERVICES) {
    it(`${id} gets a request of it, or the author an invalid_request, and it stays as it was`, () => {
      const provider = getProvider(id);
      const settings = id === "saas-llm" ? { team: "t" } : {};
      const baseUrl = provider.baseUrl ?? "https://host.example";
      const endpoint = checkEndpoint(provider, { baseUrl, apiKey: "key-1", settings });
      let sent = 0;
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
              assert.equal(typeof JSON.parse(provider.chat(request, endpoint, {}).body!), "object");
              sent++;
            } catch (thrown) {
              if (!(thrown instanceof Failure)) throw thrown;
              assert.equal(thrown.code, "invalid_request", thrown.message);
            }
            assert.equal(JSON.stringify(request), before);
          },
        ),
        { numRuns: 1_000 },
      );
      assert.ok(sent > 0, `${sent} requests were made`);
    });
  }
});
