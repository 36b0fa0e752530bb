import assert from "node:assert/strict";
import type { Dispatcher } from "undici";
import { buildSetup, type ChatOptions } from "../../src/chat-options.js";
import { chatStream } from "../../src/chat-stream.js";
import type { ChatResult } from "../../src/client/chat-types.js";
import { startRun } from "../../src/client/start-run.js";
import type { Chunk } from "../../src/core/chat/chunk.js";
import { CompletionMachine } from "../../src/core/chat/completion.js";
import { createAgent } from "../../src/transport/agent.js";
import {
  createBlock,
  createMessageDelta,
  createMessageStart,
  createTextBlock,
  createThinkingBlock,
  createToolUseBlock,
  createWholeMessage,
  STOP,
} from "../support/services/anthropic-records.js";
import { ANTHROPIC_KEY, SIGNATURE, useAnthropic } from "../support/services/anthropic-service.js";
import { pause } from "../support/waiting.js";

const used = (n: number) => ({
  type: "server_tool_use",
  id: `srvtoolu_${n}`,
  name: "web_search",
  input: { query: "a" },
});
const found = (n: number) => ({ type: "web_search_tool_result", tool_use_id: `srvtoolu_${n}`, content: [] });
const CITED = {
  type: "web_search_result_location",
  url: "https://example.org",
  title: "A",
  encrypted_index: "ZW5j",
  cited_text: "a",
};

/** Creates the records of one response. */
const part = (
  n: number,
  blocks: readonly (readonly { type: string }[])[],
  reason: string,
  delta: object = {},
) => [
  createMessageStart({ input_tokens: 10 * n, output_tokens: 1 }, { id: `msg_${n}` }),
  ...blocks.flat(),
  createMessageDelta(reason, { output_tokens: n }, delta),
  STOP,
];

const PARTS = [
  part(
    1,
    [
      createThinkingBlock(0, ["Hm."], SIGNATURE),
      createTextBlock(1, "I ", "look 👋🏽. "),
      createBlock(2, used(1)),
    ],
    "pause_turn",
    { container: { id: "container_1", expires_at: "2026-12-01T00:00:00Z" } },
  ),
  part(
    2,
    [
      createBlock(0, found(1)),
      createTextBlock(1, "It is "),
      createBlock(
        2,
        { type: "text", text: "" },
        { type: "text_delta", text: "so" },
        { type: "citations_delta", citation: CITED },
      ),
      createTextBlock(3, ". "),
      createBlock(4, used(2)),
    ],
    "pause_turn",
  ),
  part(3, [createBlock(0, found(2)), createTextBlock(1, "Really.")], "end_turn"),
];
const TEXT = "I look 👋🏽. It is so. Really.";

describe("Answer that its service pauses", () => {
  const service = useAnthropic();
  let agent: Dispatcher;
  before(() => {
    agent = createAgent({ connectTimeout: 5_000 });
  });
  after(() => agent.destroy());

  const buildOptions = (more: Partial<ChatOptions> = {}): ChatOptions => ({
    provider: "anthropic",
    baseUrl: service().url,
    apiKey: ANTHROPIC_KEY,
    model: "claude-1",
    messages: [{ role: "user", content: "hi" }],
    dispatcher: agent,
    ...more,
  });

  /** Reads an answer. @param onText called with each piece of the text */
  async function read(
    more: Partial<ChatOptions> = {},
    onText: (text: string, cancel: () => void) => void = () => {},
  ) {
    const machine = new CompletionMachine();
    const chunks: Chunk[] = [];
    let text = "";
    const add = (piece: string) => {
      text += piece;
      if (piece !== "") onText(piece, () => run.cancel());
    };
    let run: { cancel(): void };
    const result = await new Promise<ChatResult>((resolve) => {
      run = startRun(buildSetup(buildOptions(more), false), {
        onText: (piece) => {
          machine.addText(piece);
          add(piece);
        },
        onChunk: (chunk, piece) => {
          chunks.push(chunk);
          machine.addChunk(chunk, piece);
          add(piece);
        },
        onEnd: resolve,
      });
    });
    machine.addChunk(result.closing);
    return { result, text, chunks, message: machine.buildCompletion("x").choices[0]?.message };
  }

  const play = (parts: readonly (readonly { type: string }[])[]) => {
    service().turns = parts.map((records) => (reply) => void reply.send(...records).end());
  };
  const readSent = (nth: number) =>
    service().requests[nth]!.body as { messages: { role: string; content: unknown }[] } & Record<
      string,
      unknown
    >;

  it("goes on with the answer sent back as it came, and reads as one", async () => {
    play(PARTS);
    const { result, text, message } = await read();
    assert.equal(result.outcome, "complete", result.failure?.message);
    assert.equal(text, TEXT);
    assert.equal(result.finishReason, "stop");
    assert.equal(result.stats.attempts, 3);
    const first = [
      { type: "thinking", thinking: "Hm.", signature: SIGNATURE },
      { type: "text", text: "I look 👋🏽. " },
      used(1),
    ];
    const second = [
      found(1),
      { type: "text", text: "It is " },
      { type: "text", text: "so", citations: [CITED] },
      { type: "text", text: ". " },
      used(2),
    ];
    assert.deepEqual(readSent(1).messages, [
      { role: "user", content: "hi" },
      { role: "assistant", content: first },
    ]);
    assert.deepEqual(readSent(2).messages[1], { role: "assistant", content: [...first, ...second] });
    assert.equal(service().requests.length, 3);
    assert.deepEqual(message, result.completion.choices[0]!.message);
    assert.deepEqual(Object.values(message!["anthropic_blocks"] as object), [
      used(1),
      found(1),
      used(2),
      found(2),
    ]);
    assert.equal(result.completion.id, "msg_1");
  });

  it("keeps the rest of the request, and the container in which the answer's code runs", async () => {
    play(PARTS);
    const tools = [{ type: "web_search_20250305", name: "web_search" }];
    await read({ tools, parameters: { max_tokens: 99, container: { skills: [{ skill_id: "pdf" }] } } });
    const { container, messages: _messages, ...rest } = readSent(0);
    const { container: kept, messages: _sent, ...sent } = readSent(1);
    assert.deepEqual(sent, rest);
    assert.deepEqual(container, { skills: [{ skill_id: "pdf" }] });
    assert.deepEqual(kept, { skills: [{ skill_id: "pdf" }], id: "container_1" });
    play(PARTS);
    await read({ tools });
    assert.equal(readSent(4)["container"], "container_1");
  });

  it("tells the usage of the last part, those of the earlier ones unsummed beside it, and the cost of all", async () => {
    play(PARTS);
    const { result } = await read({
      prices: { "claude-1": { input: 1_000_000, output: 10_000_000 } } as never,
    });
    const usage = result.closing.usage!;
    assert.equal(usage["prompt_tokens"], 30);
    const earlier = usage["earlier_parts"] as Record<string, unknown>[];
    assert.deepEqual(
      earlier.map(({ prompt_tokens, completion_tokens }) => [prompt_tokens, completion_tokens]),
      [
        [10, 1],
        [20, 2],
      ],
    );
    assert.deepEqual(result.completion.usage, usage);
    assert.deepEqual(result.cost, { usd: 60 + 60, source: "own" });
  });

  it("hides the pauses from a reader of every chunk", async () => {
    play(PARTS);
    const reasons: unknown[] = [];
    const ids = new Set<unknown>();
    for await (const chunk of chatStream(buildOptions())) {
      ids.add(chunk.id);
      for (const choice of chunk.choices)
        if (choice.finish_reason) reasons.push(choice.finish_reason, choice["native_finish_reason"]);
    }
    assert.deepEqual(reasons, ["stop", "end_turn"]);
    assert.deepEqual([...ids], ["msg_1"]);
  });

  it("fails as interrupted if a part breaks off, at every record, with the text so far", async () => {
    for (const nth of [1, 2]) {
      for (let cut = 0; cut < PARTS[nth]!.length - 2; cut++) {
        service().reset();
        const whole = PARTS.slice(0, nth);
        service().turns = [
          ...whole.map(
            (records) => (reply: { send(...r: { type: string }[]): { end(): void } }) =>
              void reply.send(...records).end(),
          ),
          (reply) => void reply.send({ type: "ping" }, ...PARTS[nth]!.slice(0, cut)).end(),
        ];
        const { result, text } = await read();
        assert.equal(result.failure?.code, "interrupted", `part ${nth}, cut ${cut}: ${result.outcome}`);
        assert.equal(result.failure.phase, "streaming");
        assert.equal(result.failure.retryable, true);
        assert.equal(result.failure.partial, text);
        assert.ok(TEXT.startsWith(text) && text.startsWith("I look"));
        assert.equal(result.finishReason, "error");
      }
    }
  });

  it("fails with the text so far if the next part is refused, which is not for free", async () => {
    service().turns = [
      (reply) => void reply.send(...PARTS[0]!).end(),
      (reply) => reply.refuse(529, "overloaded_error", "Overloaded"),
    ];
    const { result } = await read();
    const { code, phase, partial, retryable } = result.failure!;
    assert.deepEqual(
      { code, phase, partial, retryable },
      {
        code: "overloaded",
        phase: "streaming",
        partial: "I look 👋🏽. ",
        retryable: true,
      },
    );
  });

  it("ends as paused after eight continuations", async () => {
    play([part(1, [createTextBlock(0, "a")], "pause_turn")]);
    const { result, text } = await read();
    assert.equal(result.outcome, "complete");
    assert.equal(result.finishReason, "pause_turn");
    assert.equal(service().requests.length, 9);
    assert.equal(text, "a".repeat(9));
  });

  it("sends nothing more if it is cancelled, in a part or at the pause itself", async () => {
    play(PARTS);
    const { result } = await read({}, (piece, cancel) => {
      if (piece === "so") cancel();
    });
    assert.equal(result.outcome, "cancelled");
    assert.equal(service().requests.length, 2);
    service().reset();
    play([part(1, [createTextBlock(0, "a"), createBlock(1, used(1))], "pause_turn"), PARTS[2]!]);
    const outcome = await new Promise((resolve) => {
      const run = startRun(buildSetup(buildOptions(), true), {
        onText: () => {},
        onChunk: () => {},
        // The pause is the end of a read.
        onReadEnd: () => run.cancel(),
        onEnd: (end) => resolve(end.outcome),
      });
    });
    assert.equal(outcome, "cancelled");
    await pause();
    assert.equal(service().requests.length, 1);
  });

  it("ignores what a gateway sends behind a pause in the same response", async () => {
    const repeated = createWholeMessage([{ type: "text", text: "I look again." }], "end_turn");
    play([[...PARTS[0]!, repeated], [...PARTS[2]!]]);
    const { result, text } = await read();
    assert.equal(result.outcome, "complete");
    assert.equal(text, "I look 👋🏽. Really.");
  });

  it("continues answers that are not streamed", async () => {
    service().turns = [
      (reply) =>
        reply.sendJson(createWholeMessage([{ type: "text", text: "I look." }, used(1)], "pause_turn")),
      (reply) => reply.sendJson(createWholeMessage([found(1), { type: "text", text: " Yes." }], "end_turn")),
    ];
    const { result, text } = await read();
    assert.equal(result.outcome, "complete", result.failure?.message);
    assert.equal(text, "I look. Yes.");
  });

  it("continues after a summary of the conversation, which goes back unchanged", async () => {
    const summary = { type: "compaction", content: "So far.", encrypted_content: "ZW5j" };
    play([
      part(
        1,
        [createBlock(0, { type: "compaction", content: null }, { ...summary, type: "compaction_delta" })],
        "compaction",
      ),
      part(2, [createTextBlock(0, "Yes.")], "end_turn"),
    ]);
    const { result, text } = await read();
    assert.equal(text, "Yes.");
    assert.equal(result.finishReason, "stop");
    assert.deepEqual(readSent(1).messages[1], { role: "assistant", content: [summary] });
  });

  it("ends with a summary that the request has asked for", async () => {
    const summary = { type: "compaction", content: "So far.", signature: "c2ln" };
    play([part(1, [createBlock(0, summary)], "compaction")]);
    const { result, message } = await read({ parameters: { compaction: { type: "summarize" } } });
    assert.equal(result.finishReason, "compaction");
    assert.equal(service().requests.length, 1);
    assert.deepEqual(message!["anthropic_blocks"], { "0": summary });
  });

  it("does not continue an answer that calls the author's tools", async () => {
    play([part(1, [createTextBlock(0, "a"), createToolUseBlock(1, "t", "f")], "pause_turn")]);
    const { result } = await read({ tools: [{ type: "function", function: { name: "f" } }] });
    assert.equal(result.finishReason, "tool_calls");
    assert.equal(service().requests.length, 1);
  });
});
