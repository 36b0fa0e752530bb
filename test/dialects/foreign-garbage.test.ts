import assert from "node:assert/strict";
import fc from "fast-check";
import { readChunk } from "../../src/core/chat/chunk-guard.js";
import { CompletionMachine } from "../../src/core/chat/completion.js";
import { anyJson } from "../support/inputs/arbitraries.js";
import { decode } from "../support/inputs/replay.js";

/** Mostly the usual value, sometimes any JSON. */
const mostly = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: anyJson });

const anyText = mostly(fc.constantFrom("", "a", "Hi"));
const anyIndex = mostly(fc.constantFrom(0, 0, 0, 1));
const anyPath = mostly(
  fc.constantFrom("$.a", "$.a", "$.a.b", "$.a[0]", "$.a[1]", "$", "$.toString", "$['__proto__'].x"),
);

const some = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { requiredKeys: [] });

const anyPart = mostly(
  some({
    text: anyText,
    thought: mostly(fc.boolean()),
    thoughtSignature: anyText,
    inlineData: mostly(some({ mimeType: mostly(fc.constantFrom("image/png", "audio/x")), data: anyText })),
    executableCode: anyJson,
    functionCall: mostly(
      some({
        id: anyText,
        name: anyText,
        args: anyJson,
        willContinue: mostly(fc.boolean()),
        partialArgs: mostly(
          fc.array(
            mostly(
              some({ jsonPath: anyPath, stringValue: anyText, numberValue: anyJson, nullValue: anyJson }),
            ),
            {
              maxLength: 3,
            },
          ),
        ),
      }),
    ),
  }),
);

const anyCandidate = mostly(
  some({
    index: anyIndex,
    content: mostly(some({ parts: mostly(fc.array(anyPart, { maxLength: 3 })) })),
    finishReason: mostly(fc.constantFrom("STOP", "SAFETY", "FINISH_REASON_UNSPECIFIED")),
    groundingMetadata: mostly(
      some({
        groundingChunks: mostly(
          fc.array(mostly(some({ web: mostly(some({ uri: anyText, title: anyText })) }))),
        ),
      }),
    ),
    citationMetadata: mostly(some({ citationSources: mostly(fc.array(anyJson)) })),
    logprobsResult: mostly(some({ chosenCandidates: mostly(fc.array(anyJson)), topCandidates: anyJson })),
  }),
);

const anyGemini = fc.record(
  {
    candidates: mostly(fc.array(anyCandidate, { maxLength: 3 })),
    promptFeedback: anyJson,
    usageMetadata: mostly(
      some({ promptTokenCount: anyJson, thoughtsTokenCount: anyJson, totalTokenCount: anyJson }),
    ),
    modelVersion: anyText,
    responseId: anyText,
    createTime: anyText,
  },
  { requiredKeys: ["candidates"] },
);

const anyOllama = fc.record(
  {
    message: mostly(
      some({
        content: anyText,
        thinking: anyText,
        images: mostly(fc.array(anyText)),
        tool_calls: mostly(
          fc.array(
            mostly(some({ id: anyText, function: mostly(some({ name: anyText, arguments: anyJson })) })),
          ),
        ),
      }),
    ),
    done: mostly(fc.constantFrom(false, false, false, true)),
    done_reason: anyText,
    model: anyText,
    created_at: anyText,
    eval_count: anyJson,
    total_duration: anyJson,
    logprobs: anyJson,
  },
  { requiredKeys: ["message", "done"] },
);

const anyContent = mostly(
  fc.array(
    mostly(
      some({
        type: mostly(fc.constantFrom("output_text", "refusal", "reasoning_text", "summary_text")),
        text: anyText,
        refusal: anyText,
        annotations: mostly(fc.array(mostly(some({ type: anyText, start_index: anyJson, url: anyJson })))),
        logprobs: mostly(fc.array(anyJson)),
      }),
    ),
    { maxLength: 2 },
  ),
);

const anyItem = mostly(
  some({
    type: mostly(
      fc.constantFrom("message", "reasoning", "function_call", "custom_tool_call", "image_generation_call"),
    ),
    id: anyText,
    call_id: anyText,
    name: mostly(fc.constantFrom("f", "g")),
    arguments: mostly(fc.constantFrom("", "{", '{"a":1}', '{"a":2}')),
    input: anyText,
    content: anyContent,
    summary: anyContent,
    encrypted_content: anyText,
    phase: anyText,
    status: anyText,
    result: anyText,
  }),
);

const RESPONSES_EVENTS =
  "created in_progress completed incomplete failed output_item.added output_item.done content_part.added content_part.done " +
  "output_text.delta output_text.done refusal.delta refusal.done output_text.annotation.added reasoning_text.delta " +
  "reasoning_text.done reasoning_summary_part.added reasoning_summary_text.delta reasoning_summary_text.done " +
  "function_call_arguments.delta function_call_arguments.done custom_tool_call_input.delta custom_tool_call_input.done " +
  "web_search_call.searching image_generation_call.partial_image mcp_list_tools.failed code_interpreter_call_code.delta";

const anyResponses = fc.record(
  {
    type: fc.constantFrom(...RESPONSES_EVENTS.split(" ").map((name) => `response.${name}`)),
    output_index: anyIndex,
    content_index: anyIndex,
    summary_index: anyIndex,
    item_id: mostly(fc.constantFrom("i1", "i2")),
    sequence_number: anyJson,
    delta: anyText,
    text: anyText,
    refusal: anyText,
    arguments: mostly(fc.constantFrom("", "{", '{"a":1}')),
    name: anyText,
    item: anyItem,
    part: mostly(anyContent.map((content) => (Array.isArray(content) ? content[0] : content))),
    annotation: anyJson,
    logprobs: anyJson,
    response: mostly(
      some({
        id: anyText,
        model: anyText,
        created_at: anyJson,
        status: mostly(fc.constantFrom("completed", "incomplete", "failed")),
        output: mostly(fc.array(anyItem, { maxLength: 3 })),
        usage: mostly(some({ input_tokens: anyJson, output_tokens: anyJson })),
        error: anyJson,
        incomplete_details: anyJson,
      }),
    ),
  },
  { requiredKeys: ["type"] },
);

describe("Decoder, on malformed records of foreign dialects", () => {
  const DIALECTS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
    Gemini: anyGemini,
    Ollama: anyOllama,
    Responses: anyResponses,
  };
  // A field of Chat Completions that Gemini names otherwise. Random records have it about once in a thousand runs.
  const rareRecords = [
    { candidates: [{ logprobs: 1 }, { index: 0, logprobsResult: { chosenCandidates: [{}] } }] },
  ];
  for (const [dialect, anyRecord] of Object.entries(DIALECTS)) {
    for (const everyChunk of [false, true]) {
      it(`turns malformed ${dialect} records into failures and valid chunks only${everyChunk ? ", with a chunk for every record" : ""}`, () => {
        let chunkCount = 0;
        fc.assert(
          fc.property(fc.array(anyRecord, { maxLength: 5 }), (records) => {
            const calls = decode(records, { everyChunk });
            const machine = new CompletionMachine();
            for (const call of calls) {
              if ("chunk" in call) {
                assert.ok(readChunk(call.chunk), JSON.stringify(call.chunk));
                machine.addChunk(call.chunk);
                chunkCount++;
              } else if ("text" in call) machine.addText(call.text);
            }
            const text = calls.map((call) => ("text" in call ? call.text : "")).join("");
            assert.equal(machine.text, text);
            for (const { message } of machine.buildCompletion("s").choices)
              for (const call of message.tool_calls ?? []) assert.notEqual(call.id, "");
            assert.deepEqual(Object.keys(Object.prototype), []);
          }),
          { numRuns: 500, examples: [[rareRecords]] },
        );
        assert.ok(chunkCount > 300, `only ${chunkCount} chunks`);
      });
    }
  }
});
