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

describe("Decoder, on malformed records of foreign dialects", function () {
  this.timeout(20_000);

  const DIALECTS: Readonly<Record<string, fc.Arbitrary<unknown>>> = { Gemini: anyGemini, Ollama: anyOllama };
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
