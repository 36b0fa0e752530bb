import assert from "node:assert/strict";
import fc from "fast-check";
import { readChunk } from "../../../src/core/chat/chunk-guard.js";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import { Failure } from "../../../src/core/failure.js";
import { ANTHROPIC } from "../../../src/dialects/anthropic/reader.js";
import { OpenAiDecoder } from "../../../src/dialects/openai/decoder.js";
import { anyJson, anyText } from "../../support/inputs/arbitraries.js";
import {
  buildUsageChunk,
  FIXTURE_USAGE,
  buildFinishChunk as finishChunk,
  buildTextChunk as textChunk,
} from "../../support/inputs/openai-chunks.js";
import { decode, RecordingSink, type SinkCall } from "../../support/inputs/replay.js";
import {
  createBlock,
  createBlockDelta,
  createBlockStart,
  createMessageDelta,
  createMessageStart,
  createTextBlock,
  createThinkingBlock,
  PING,
  STOP,
} from "../../support/services/anthropic-records.js";

/** The failure that ended the decoding, if one did. */
function findFailure(
  calls: readonly SinkCall[],
): { code: string; message: string; requestId?: string } | undefined {
  const call = calls.at(-1);
  return call && "failure" in call ? (call.failure as { code: string; message: string }) : undefined;
}

describe("Anthropic reader", () => {
  it("recognises Anthropic's records by their form, and not those of others", () => {
    for (const record of [
      createMessageStart(),
      ...createTextBlock(0, "a"),
      createMessageDelta("end_turn"),
      STOP,
    ]) {
      assert.ok(ANTHROPIC.canRead(record), JSON.stringify(record));
    }
    const others = [
      {},
      PING,
      { type: "message" },
      { type: "response.output_text.delta", delta: "a" },
      { candidates: [] },
      { model: "m", message: { role: "assistant", content: "a" }, done: false },
      { usage: FIXTURE_USAGE },
    ];
    for (const record of others) assert.ok(!ANTHROPIC.canRead(record), JSON.stringify(record));
  });

  it("passes on plain text without a chunk, except if every chunk is wanted", () => {
    const records = [createMessageStart(), ...createTextBlock(0, "a", "b")];
    const plain = decode(records);
    assert.deepEqual(plain.slice(1), [{ text: "a" }, { text: "b" }]);
    const every = decode(records, { everyChunk: true });
    assert.deepEqual(
      every
        .slice(1)
        .map((call) => ("chunk" in call ? [call.kind, call.text, call.chunk.choices[0]?.delta] : call)),
      [
        ["text", "a", { content: "a" }],
        ["text", "b", { content: "b" }],
      ],
    );
  });

  it("creates chunks for records without content only if every chunk is wanted", () => {
    const records = [createMessageStart(), PING, { type: "yet_to_come" }];
    assert.deepEqual(decode(records).slice(1), [{ skipped: true }]);
    const every = decode(records, { everyChunk: true }).filter((call) => "chunk" in call);
    assert.deepEqual(
      every.map((call) => "kind" in call && [call.kind, call.chunk.id, call.chunk.choices.length]),
      [
        ["silent", "msg_1", 1],
        ["silent", "msg_1", 0],
        ["silent", "msg_1", 0],
      ],
    );
  });

  it("puts the message's id and model in each chunk", () => {
    const calls = decode([
      createMessageStart(),
      ...createThinkingBlock(0, ["Hm."]),
      createMessageDelta("end_turn"),
    ]);
    assert.equal(calls.length, 4);
    for (const call of calls) {
      assert.ok("chunk" in call);
      assert.deepEqual([call.chunk.id, call.chunk.model], ["msg_1", "claude-1"]);
    }
  });

  it("counts the tokens of thinking in the form of Chat Completions", () => {
    const usage = { output_tokens: 9, output_tokens_details: { thinking_tokens: 4 } };
    const calls = decode([
      createMessageStart(),
      ...createTextBlock(0, "a"),
      createMessageDelta("end_turn", usage),
      STOP,
    ]);
    const chunks = calls.flatMap((call) => ("chunk" in call ? [call.chunk] : []));
    assert.deepEqual(chunks.at(-1)!.usage!.completion_tokens_details, { reasoning_tokens: 4 });
  });

  it("does not mistake the ping of another service for Anthropic's dialect", () => {
    const calls = decode([PING, textChunk("a"), finishChunk(), buildUsageChunk(FIXTURE_USAGE), "[DONE]"]);
    const usage = calls.map((call) => ("chunk" in call ? call.chunk.usage : undefined)).find(Boolean);
    assert.deepEqual(usage, FIXTURE_USAGE);
  });

  it("puts the request id of an error record in the failure", () => {
    const failure = findFailure(
      decode([{ type: "error", error: { type: "api_error", message: "Internal" }, request_id: "req_1" }]),
    );
    assert.deepEqual([failure?.code, failure?.requestId], ["server_error", "req_1"]);
  });

  it("maps each error type of Anthropic to an error code", () => {
    const codes = {
      invalid_request_error: "invalid_request",
      authentication_error: "authentication",
      billing_error: "insufficient_credits",
      permission_error: "permission",
      not_found_error: "not_found",
      request_too_large: "invalid_request",
      rate_limit_error: "rate_limit",
      timeout_error: "timeout",
      api_error: "server_error",
      overloaded_error: "overloaded",
    };
    for (const [type, code] of Object.entries(codes)) {
      assert.equal(
        findFailure(decode([{ type: "error", error: { type, message: "No." } }]))?.code,
        code,
        type,
      );
    }
    const tooLong = {
      type: "invalid_request_error",
      message: "prompt is too long: 210000 tokens > 200000 maximum",
    };
    assert.equal(findFailure(decode([{ type: "error", error: tooLong }]))?.code, "context_length");
    const poor = {
      type: "invalid_request_error",
      message: "Your credit balance is too low to access the API.",
    };
    assert.equal(findFailure(decode([{ type: "error", error: poor }]))?.code, "insufficient_credits");
  });

  it("fails with limit if too many blocks are open at the same time", () => {
    const openBlocks = Array.from({ length: 5 }, (_, index) =>
      createBlockStart(index, { type: "text", text: "" }),
    );
    assert.equal(findFailure(decode([createMessageStart(), ...openBlocks], { indices: 4 }))?.code, "limit");
    const oneByOne = Array.from({ length: 9 }, (_, index) => createTextBlock(index, "a")).flat();
    assert.equal(findFailure(decode([createMessageStart(), ...oneByOne], { indices: 4 })), undefined);
  });

  it("fails with limit if a block that is held back grows too long", () => {
    const piece = { type: "input_json_delta", partial_json: "x".repeat(1_000_000) };
    const calls = decode([
      createMessageStart(),
      createBlockStart(0, { type: "server_tool_use", id: "s", name: "web_search", input: {} }),
      ...Array.from({ length: 17 }, () => createBlockDelta(0, piece)),
    ]);
    assert.equal(findFailure(calls)?.code, "limit");
  });

  it("takes the latest state of a summary of the conversation, not the sum", () => {
    const delta = { type: "compaction_delta", content: "So far.", encrypted_content: "ZW5j" };
    const calls = decode([
      createMessageStart(),
      ...createBlock(0, { type: "compaction", content: null, encrypted_content: "ZW5j" }, delta, delta),
      createMessageDelta("compaction"),
      STOP,
    ]);
    const blocks = calls.flatMap((call) =>
      "chunk" in call ? (call.chunk.choices[0]?.delta["anthropic_blocks"] ?? []) : [],
    );
    assert.deepEqual(blocks, [{ "0": { ...delta, type: "compaction" } }]);
  });

  it("keeps a server tool's input unchanged if it is not JSON", () => {
    const calls = decode([
      createMessageStart(),
      ...createBlock(
        3,
        { type: "mcp_tool_use", id: "m", name: "n", input: {} },
        { type: "input_json_delta", partial_json: '{"a":' },
      ),
    ]);
    const last = calls.at(-1)!;
    assert.ok("chunk" in last);
    assert.equal(last.kind, "rich");
    assert.deepEqual(last.chunk.choices[0]?.delta, {
      anthropic_blocks: { "0": { type: "mcp_tool_use", id: "m", name: "n", input: '{"a":' } },
    });
  });

  it("keeps blocks apart to which a gateway gives the same index", () => {
    const kinds = ["server_tool_use", "web_search_tool_result"];
    const calls = decode([
      createMessageStart(),
      ...kinds.flatMap((type) => createBlock(0, { type })),
      createMessageDelta("end_turn"),
    ]);
    const echoes = calls.flatMap((call) =>
      "chunk" in call ? [call.chunk.choices[0]?.delta["anthropic_blocks"]] : [],
    );
    assert.deepEqual(
      echoes.filter((blocks) => blocks !== undefined),
      kinds.map((type, place) => ({ [place]: { type } })),
    );
  });

  it("turns random records with Anthropic's types into failures and valid chunks only", () => {
    const types = fc.constantFrom(
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
      "message",
      "ping",
      "other",
    );
    const blockTypes = fc.constantFrom(
      "text",
      "thinking",
      "redacted_thinking",
      "tool_use",
      "server_tool_use",
      "other",
    );
    const deltaTypes = fc.constantFrom(
      "text_delta",
      "thinking_delta",
      "signature_delta",
      "input_json_delta",
      "citations_delta",
      "other",
    );
    const anyContent = (type: fc.Arbitrary<string>) =>
      fc.oneof(
        anyJson,
        fc.record(
          {
            type,
            text: fc.oneof(anyText, anyJson),
            thinking: fc.oneof(anyText, anyJson),
            signature: anyJson,
            partial_json: fc.oneof(anyText, anyJson),
            input: anyJson,
            citation: anyJson,
            citations: anyJson,
            stop_reason: fc.oneof(fc.constantFrom("end_turn", "error", "x"), anyJson),
            id: anyJson,
            name: anyJson,
            usage: anyJson,
            content: fc.oneof(fc.array(anyJson, { maxLength: 2 }), anyJson),
          },
          { requiredKeys: ["type"] },
        ),
      );
    const record = fc.record(
      {
        type: types,
        index: fc.oneof(fc.nat(2), anyJson),
        message: anyContent(types),
        content_block: anyContent(blockTypes),
        content: fc.array(anyContent(blockTypes), { maxLength: 2 }),
        delta: anyContent(deltaTypes),
        usage: anyJson,
        extra: anyJson,
      },
      { requiredKeys: ["type"] },
    );
    fc.assert(
      fc.property(fc.array(record, { maxLength: 6 }), (records) => {
        const sink = new RecordingSink();
        const failures: unknown[] = [];
        const listeningSink = Object.assign(Object.create(sink) as RecordingSink, {
          onFailure: (failure: object) => {
            failures.push(failure);
            sink.onFailure(failure);
          },
        });
        const decoder = new OpenAiDecoder(listeningSink, { depth: 64, indices: 16 });
        for (const one of records) if (!sink.hasEnded) decoder.decode(JSON.stringify(one));
        for (const failure of failures) assert.ok(failure instanceof Failure);
        const machine = new CompletionMachine();
        let text = "";
        for (const call of sink.calls) {
          if ("chunk" in call) {
            assert.ok(readChunk(call.chunk), JSON.stringify(call.chunk));
            machine.addChunk(call.chunk);
          }
          if ("text" in call && !("chunk" in call)) machine.addText(call.text);
          if ("text" in call) text += call.text;
        }
        assert.equal(machine.buildCompletion("s").choices[0]?.message.content ?? "", text);
        structuredClone(machine.buildClosingChunk());
        assert.deepEqual(Object.keys(Object.prototype), []);
      }),
      { numRuns: 400 },
    );
  });
});
